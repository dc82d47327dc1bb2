//! Start of the evidence: figures of the log, warnings, and the pages below.

pub mod export;
pub mod heads;
pub mod kept_content;
pub mod received;
pub mod record;
pub mod record_list;
mod record_members;
pub mod record_proof;
mod record_words;
pub mod verification;

use crate::frame::{PageFrame, PersonRole};
use crate::message::message;
use crate::page::contract_list::ContractSummary;
use crate::page::evidence::verification::VERIFICATION_ADDRESS;
use crate::page::overview::{TimeStamp, render_time_stamp};
use crate::part::address::{QueryAddress, contract_address};
use crate::part::layout::{PageContent, render_layout};
use crate::part::log_verification::{LogVerification, render_last_result};
use crate::part::table::{Fact, render_facts};
use crate::part::text::reveal_controls;
use crate::part::time::render_instant_text;
use hansa_policy::term::language::Language;
use maud::{Markup, html};
use serde::Deserialize;

/// Figures of the log, as `hansa audit summary --json` reports them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct EvidenceView {
    /// Origin of the log, as its heads have it.
    pub log: String,
    /// Number of records.
    pub records: u64,
    /// Number of records under the newest signed head.
    pub covered: u64,
    /// Instant of the oldest record that is kept.
    #[serde(default)]
    pub from: Option<String>,
    /// Instant of the newest record.
    #[serde(default)]
    pub to: Option<String>,
    /// Place before which records are archived; 0 where none is.
    #[serde(default)]
    pub archived_before: u64,
    /// Place before which some records are past their retention; 0 where none is.
    #[serde(default)]
    pub expired_before: u64,
    /// Newest head that each witness has cosigned.
    #[serde(default)]
    pub witnesses: Vec<HeadWitness>,
    /// Newest time stamp; none without an authority.
    #[serde(default)]
    pub time_stamp: Option<TimeStamp>,
    /// Logs with two histories.
    #[serde(default)]
    pub forks: Vec<ForkedLog>,
    /// Number of incidents that owners of logs have stated.
    #[serde(default)]
    pub incidents: u64,
    /// Reason why nothing can be recorded.
    #[serde(default)]
    pub fault: Option<String>,
    /// Verification that runs, and the last result.
    #[serde(default)]
    pub verification: LogVerification,
}

/// Participant that has cosigned a head of the own log.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct HeadWitness {
    /// Participant.
    pub by: String,
    /// Number of records under the cosigned head.
    pub size: u64,
}

/// Log with two histories.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct ForkedLog {
    /// Owner of the log.
    pub log: String,
    /// `true` for the own log.
    #[serde(default)]
    pub own: bool,
    /// Place of the record with both heads.
    pub record: u64,
}

/// Page with the figures of the log.
#[must_use]
pub fn render_evidence(frame: &PageFrame<'_>, view: &EvidenceView) -> String {
    let language = frame.language;
    let body = html! {
        (render_warnings(language, view))
        section aria-labelledby="log-figures" {
            h2 id="log-figures" { (message!(language, "log-figures")) }
            (render_facts(&list_log_facts(frame, view)))
        }
        section aria-labelledby="evidence-pages" {
            h2 id="evidence-pages" { (message!(language, "evidence-pages")) }
            ul.contents {
                (render_page_link("/evidence/received", &message!(language, "received-title"), &message!(language, "received-lead")))
                (render_page_link("/evidence/records", &message!(language, "records-title"), &message!(language, "records-lead")))
                (render_page_link("/evidence/heads", &message!(language, "heads-title"), &message!(language, "heads-lead")))
                (render_page_link("/evidence/verify", &message!(language, "verify-title"), &message!(language, "verify-lead")))
                @if frame.has_role(PersonRole::Auditor) {
                    (render_page_link("/evidence/export", &message!(language, "export-title"), &message!(language, "export-lead")))
                }
            }
        }
    };
    let title = message!(language, "evidence-title");
    render_layout(frame, &PageContent::new(title, body))
}

fn render_page_link(address: &str, name: &str, lead: &str) -> Markup {
    html! {
        li {
            a.act href=(address) { (name) }
            p.hint { (lead) }
        }
    }
}

fn render_warnings(language: Language, view: &EvidenceView) -> Markup {
    html! {
        @if view.fault.is_some() || !view.forks.is_empty() {
            div.summary role="alert" aria-labelledby="evidence-warnings" {
                h2 id="evidence-warnings" { (message!(language, "evidence-warnings")) }
                ul {
                    @if let Some(fault) = &view.fault {
                        li {
                            (message!(language, "log-unwritable")) " "
                            span lang="en" { (reveal_controls(fault)) }
                        }
                    }
                    @for fork in &view.forks {
                        li { (render_fork_link(language, fork)) }
                    }
                }
            }
        }
    }
}

fn render_fork_link(language: Language, fork: &ForkedLog) -> Markup {
    let log = bare_identity(&fork.log);
    html! {
        strong.fault { (message!(language, "fork-mark")) } " "
        @if fork.own {
            (message!(language, "fork-own"))
        } @else {
            (message!(language, "fork-other", log))
        }
        " " a href="/evidence/heads" { (message!(language, "fork-steps")) }
    }
}

fn list_log_facts(frame: &PageFrame<'_>, view: &EvidenceView) -> Vec<Fact> {
    let language = frame.language;
    let number = |number: u64| html! { (language.format_number(number)) };
    let mut facts = vec![
        Fact::new(message!(language, "log-records"), number(view.records)),
        Fact::new(message!(language, "log-covered"), number(view.covered)),
    ];
    facts.extend(view.from.as_ref().map(|from| {
        let value = html! { span.plain { (render_instant_text(frame, from)) } };
        Fact::new(message!(language, "log-from"), value)
    }));
    facts.extend(view.to.as_ref().map(|to| {
        let value = html! { span.plain { (render_instant_text(frame, to)) } };
        Fact::new(message!(language, "log-to"), value)
    }));
    facts.push(Fact::new(
        message!(language, "log-witnesses"),
        render_witnesses(language, &view.witnesses),
    ));
    facts.push(Fact::new(
        message!(language, "last-verification"),
        html! { a href=(VERIFICATION_ADDRESS) { (render_last_result(frame, &view.verification)) } },
    ));
    facts.extend(view.time_stamp.as_ref().map(|stamp| {
        let value = render_time_stamp(frame, stamp);
        Fact::new(message!(language, "time-stamp"), value)
    }));
    if view.archived_before > 0 {
        let place = language.format_number(view.archived_before);
        let value = html! { span.plain { (message!(language, "log-before", place)) } };
        facts.push(Fact::new(message!(language, "log-archived"), value));
    }
    if view.expired_before > 0 {
        let place = language.format_number(view.expired_before);
        let value = html! { span.plain { (message!(language, "log-some-before", place)) } };
        facts.push(Fact::new(message!(language, "log-expired"), value));
    }
    facts.push(Fact::new(
        message!(language, "log-forks"),
        number(u64::try_from(view.forks.len()).unwrap_or(u64::MAX)),
    ));
    facts.push(Fact::new(
        message!(language, "log-incidents"),
        number(view.incidents),
    ));
    let origin = html! { code { (reveal_controls(&view.log)) } };
    facts.push(Fact::new(message!(language, "log-origin"), origin));
    facts
}

/// Links from a contract to its evidence, for persons who may read it.
pub(crate) fn render_contract_evidence(
    frame: &PageFrame<'_>,
    contract: &ContractSummary,
) -> Markup {
    let language = frame.language;
    let is_reader = |role: &PersonRole| matches!(role, PersonRole::Officer | PersonRole::Auditor);
    let is_open = frame
        .person
        .is_some_and(|person| person.roles.iter().any(is_reader));
    if !is_open || contract_address(&contract.contract).is_none() {
        return html! {};
    }
    let link = |path: &str| QueryAddress::new(path).with_value("contract", &contract.contract);
    html! {
        section aria-labelledby="contract-evidence" {
            h2 id="contract-evidence" { (message!(language, "evidence-title")) }
            ul.contents {
                @if contract.role == "provider" {
                    // Nothing was sent under the contract before it was in force.
                    li { a.act href=(link("/evidence/received").with_value("from", &contract.not_before)) { (message!(language, "received-title")) } }
                }
                li { a.act href=(link("/evidence/records")) { (message!(language, "records-title")) } }
            }
        }
    }
}

/// Witnesses with the number of records that each has cosigned.
pub(crate) fn render_witnesses(language: Language, witnesses: &[HeadWitness]) -> Markup {
    html! {
        span.plain {
            @if witnesses.is_empty() { (message!(language, "witnesses-none")) }
            @for (index, witness) in witnesses.iter().enumerate() {
                @let size = language.format_number(witness.size);
                @if index > 0 { br; }
                bdi { (bare_identity(&witness.by)) }
                " " (message!(language, "witness-size", size))
            }
        }
    }
}

/// Name of a dataset in its identity; the identity itself where it has another form.
pub(crate) fn dataset_name(identity: &str) -> String {
    let name = identity
        .rsplit_once("/d/")
        .map_or(identity, |(_, name)| name);
    reveal_controls(name).into_owned()
}

/// Identity of a participant without its scheme.
pub(crate) fn bare_identity(identity: &str) -> String {
    let bare = identity.strip_prefix("hansa://").unwrap_or(identity);
    reveal_controls(bare).into_owned()
}
