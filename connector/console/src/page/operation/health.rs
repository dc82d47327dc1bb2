//! Health of the connector at a glance.

use crate::frame::PageFrame;
use crate::message::message;
use crate::page::operation::render_links;
use crate::page::overview::DocumentEnd;
use crate::part::error_code::render_error_code;
use crate::part::layout::{PageContent, render_layout};
use crate::part::magnitude::describe_bytes;
use crate::part::table::{DataTable, Fact, render_facts, render_table};
use crate::part::text::reveal_controls;
use crate::part::time::render_instant_text;
use hansa_policy::term::language::Language;
use maud::{Markup, html};
use serde::Deserialize;

/// Part of `hansa status --json` about the connector itself.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct HealthView {
    /// Conditions without which no question is answered.
    pub health: Vec<HealthCheck>,
    /// Free space on the disk of the log, bytes.
    #[serde(default)]
    pub free_bytes: Option<u64>,
    /// Memory that questions hold, bytes.
    #[serde(default)]
    pub memory: u64,
    /// Ends of certificates, contracts and other documents.
    pub ends: Vec<DocumentEnd>,
    /// Number of answers that run.
    pub running: u64,
    /// Number of known peers.
    pub peers: u64,
    /// Number of peers whose last call by this connector failed.
    #[serde(default)]
    pub peers_not_reached: u64,
    /// Number of records in the log.
    pub records: u64,
}

/// Condition without which no question is answered.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct HealthCheck {
    /// Name of the condition, such as `log`.
    pub check: String,
    /// `true` if the condition is met.
    pub ok: bool,
    /// Code of the reason why it is not met.
    #[serde(default)]
    pub code: Option<String>,
    /// Sentence of this reason.
    #[serde(default)]
    pub fault: Option<String>,
    /// Remedies, the most useful first.
    #[serde(default)]
    pub help: Vec<String>,
}

/// Page of the health of the connector.
#[must_use]
pub fn render_operations(frame: &PageFrame<'_>, view: &HealthView) -> String {
    let language = frame.language;
    let body = html! {
        (render_links(frame))
        section aria-labelledby="health" {
            h2 id="health" { (message!(language, "operations-health-own")) }
            (render_checks(language, &view.health))
        }
        section aria-labelledby="now" {
            h2 id="now" { (message!(language, "operations-now")) }
            (render_facts(&list_facts(frame, view)))
        }
    };
    let title = message!(language, "operations-title");
    render_layout(frame, &PageContent::new(title, body))
}

fn render_checks(language: Language, checks: &[HealthCheck]) -> Markup {
    let rows = checks.iter().map(|check| {
        vec![
            html! { (check_word(language, &check.check)) },
            render_finding(language, check.ok),
            render_reason(language, check),
        ]
    });
    render_table(&DataTable {
        id: "health-caption",
        caption: message!(language, "health-caption"),
        columns: vec![
            message!(language, "health-check"),
            message!(language, "health-finding"),
            message!(language, "health-reason"),
        ],
        rows: rows.collect(),
    })
}

/// Mark of a check, in a word.
pub(super) fn render_finding(language: Language, is_good: bool) -> Markup {
    html! {
        @if is_good {
            span class="state good" { (message!(language, "check-good")) }
        } @else {
            strong class="mark bad" { (message!(language, "check-bad")) }
        }
    }
}

fn render_reason(language: Language, check: &HealthCheck) -> Markup {
    html! {
        @if check.fault.is_none() && check.code.is_none() {
            (message!(language, "health-no-fault"))
        }
        @if let Some(code) = &check.code {
            (render_error_code(code)) " "
        }
        @if let Some(fault) = &check.fault {
            span lang="en" { (reveal_controls(fault)) }
        }
        @for line in &check.help {
            p lang="en" { (reveal_controls(line)) }
        }
    }
}

fn check_word(language: Language, check: &str) -> String {
    match check {
        "log" => message!(language, "check-log"),
        "state" => message!(language, "check-state"),
        "clock" => message!(language, "check-clock"),
        "trust bundle" => message!(language, "check-bundle"),
        "certificate" => message!(language, "check-certificate"),
        other => reveal_controls(other).into_owned(),
    }
}

fn list_facts(frame: &PageFrame<'_>, view: &HealthView) -> Vec<Fact> {
    let language = frame.language;
    let number = |number: u64| language.format_number(number);
    let linked = |path: &str, text: String| html! { a href=(path) { (text) } };
    let mut facts = vec![
        Fact::new(
            message!(language, "operations-answers"),
            linked("/operations/running", number(view.running)),
        ),
        Fact::new(
            message!(language, "operations-known-peers"),
            html! {
                (linked("/operations/peers", number(view.peers)))
                @if view.peers_not_reached > 0 {
                    @let lost = number(view.peers_not_reached);
                    " " strong class="mark bad" { (message!(language, "operations-lost-peers", lost)) }
                }
            },
        ),
        Fact::new(
            message!(language, "operations-records"),
            html! { (number(view.records)) },
        ),
    ];
    facts.extend(view.free_bytes.map(|free| {
        let value = html! { (describe_bytes(language, free)) };
        Fact::new(message!(language, "operations-disk"), value)
    }));
    let memory = html! { (describe_bytes(language, view.memory)) };
    facts.push(Fact::new(message!(language, "operations-memory"), memory));
    let end_of = |kind: &str| view.ends.iter().find(|end| end.what == kind);
    facts.extend(end_of("trust_bundle").map(|end| {
        let value = render_instant_text(frame, &end.at);
        Fact::new(message!(language, "operations-bundle-end"), value)
    }));
    facts.extend(end_of("tls_certificate").map(|end| {
        let value = render_instant_text(frame, &end.at);
        Fact::new(message!(language, "operations-certificate-end"), value)
    }));
    facts
}
