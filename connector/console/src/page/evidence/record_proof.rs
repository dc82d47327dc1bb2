//! One record, its answer, and the proof that it is in the log.

use crate::frame::PageFrame;
use crate::message::message;
use crate::page::evidence::kept_content::{RecordLooks, render_kept_content};
use crate::page::evidence::record::{
    LogRecord, link_record, render_contract_links, render_dataset_names,
};
use crate::page::evidence::record_members::render_members;
use crate::page::evidence::record_words::{record_kind_word, render_outcome};
use crate::page::evidence::{HeadWitness, bare_identity, render_witnesses};
use crate::part::layout::{PageContent, render_layout};
use crate::part::table::{Fact, render_facts};
use crate::part::text::reveal_controls;
use crate::part::time::render_instant_text;
use hansa_policy::term::language::Language;
use maud::{Markup, html};
use serde::Deserialize;

/// Record with its proof, as `hansa audit show --proof --json` reports it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct RecordProofView {
    /// Place of the record.
    pub place: u64,
    /// The record; none where its retention has ended.
    #[serde(default)]
    pub record: Option<LogRecord>,
    /// Leaf hash of the record.
    #[serde(default)]
    pub hash: Option<String>,
    /// Newest signed head; none where it does not cover the record yet.
    #[serde(default)]
    pub head: Option<ProofHead>,
    /// Hashes of the inclusion proof.
    #[serde(default)]
    pub proof: Vec<String>,
    /// Record that admitted the question of the record, where that is another one.
    #[serde(default)]
    pub permit: Option<LogRecord>,
    /// Record that ended the answer of the record, where that is another one.
    #[serde(default)]
    pub close: Option<LogRecord>,
}

/// Signed head above a record.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct ProofHead {
    /// Number of records under the head.
    pub size: u64,
    /// Head with its signature.
    pub note: String,
    /// Participants that have cosigned a head above the record.
    #[serde(default)]
    pub witnesses: Vec<HeadWitness>,
}

/// Page of one record.
#[must_use]
pub fn render_record(frame: &PageFrame<'_>, view: &RecordProofView, looks: &RecordLooks) -> String {
    let language = frame.language;
    let place = view.place;
    let kind = match &view.record {
        Some(record) => record_kind_word(language, &record.kind),
        None => message!(language, "record-expired"),
    };
    let title = message!(language, "record-title", place, kind);
    let body = html! {
        @match &view.record {
            Some(record) => {
                (render_facts(&list_record_facts(frame, record)))
            }
            None => {
                p { (message!(language, "record-expired-text")) }
                p { a href="/evidence/records?outcome=expire" { (message!(language, "record-expire")) } }
            }
        }
        @if let Some(record) = &view.record {
            (render_kept_content(language, record, looks))
        }
        @if view.permit.is_some() || view.close.is_some() {
            section aria-labelledby="record-answer" {
                h2 id="record-answer" { (message!(language, "record-answer")) }
                @if let Some(permit) = &view.permit {
                    (render_related(frame, message!(language, "record-admitted-by"), permit))
                }
                @if let Some(close) = &view.close {
                    (render_related(frame, message!(language, "record-closed-by"), close))
                }
            }
        }
        section aria-labelledby="record-proof" {
            h2 id="record-proof" { (message!(language, "record-proof-heading")) }
            (render_proof(language, view))
        }
        @if let Some(record) = &view.record {
            section aria-labelledby="record-members" {
                h2 id="record-members" { (message!(language, "record-members")) }
                (render_members(language, &record.body))
            }
        }
        (render_neighbours(language, place))
    };
    render_layout(frame, &PageContent::new(title, body))
}

fn list_record_facts(frame: &PageFrame<'_>, record: &LogRecord) -> Vec<Fact> {
    let language = frame.language;
    let plain = |value: Markup| html! { span.plain { (value) } };
    let mut facts = vec![
        Fact::new(
            message!(language, "column-kind"),
            html! { (record_kind_word(language, &record.kind)) " " code lang="en" { (reveal_controls(&record.kind)) } },
        ),
        Fact::new(
            message!(language, "column-time"),
            plain(render_instant_text(frame, &record.at)),
        ),
        Fact::new(
            message!(language, "record-instant"),
            html! { code { (reveal_controls(&record.at)) } },
        ),
    ];
    facts.extend(record.counterparty().map(|other| {
        let value = html! { bdi { (bare_identity(other)) } };
        Fact::new(message!(language, "column-with"), value)
    }));
    if !record.datasets().is_empty() {
        let value = render_dataset_names(record);
        facts.push(Fact::new(message!(language, "column-dataset"), value));
    }
    if !record.contracts().is_empty() {
        let value = render_contract_links(record);
        facts.push(Fact::new(message!(language, "column-contract"), value));
    }
    let clauses = record.applied_clauses();
    if !clauses.is_empty() {
        let value = html! {
            @for (index, clauses) in clauses.iter().enumerate() {
                @if index > 0 { br; }
                code { (clauses) }
            }
        };
        facts.push(Fact::new(
            message!(language, "record-clauses"),
            plain(value),
        ));
    }
    facts.extend(record.text("purpose").map(|purpose| {
        let value = html! { code { (reveal_controls(purpose)) } };
        Fact::new(message!(language, "column-purpose"), value)
    }));
    for (name, label) in [
        ("rows", message!(language, "column-rows")),
        ("bytes", message!(language, "column-bytes")),
    ] {
        facts.extend(record.number(name).map(|number| {
            let value = html! { (language.format_number(number)) };
            Fact::new(label, value)
        }));
    }
    facts.extend(record.outcome().map(|outcome| {
        let value = render_outcome(language, outcome);
        Fact::new(message!(language, "column-outcome"), value)
    }));
    facts.extend(record.number("follows").map(|place| {
        let value = link_record(place);
        Fact::new(message!(language, "record-follows"), value)
    }));
    facts
}

fn render_related(frame: &PageFrame<'_>, lead: String, record: &LogRecord) -> Markup {
    let language = frame.language;
    html! {
        p {
            (lead) " " (link_record(record.seq)) " · " (render_instant_text(frame, &record.at))
            @if let Some(rows) = record.number("rows") {
                @let number = language.format_number(rows);
                " · " (message!(language, "record-rows", number))
            }
            @if let Some(outcome) = record.outcome() { " · " (render_outcome(language, outcome)) }
        }
    }
}

fn render_proof(language: Language, view: &RecordProofView) -> Markup {
    html! {
        @match &view.head {
            None => { p { (message!(language, "proof-no-head")) } }
            Some(head) => {
                @let size = language.format_number(head.size);
                p { (message!(language, "proof-head", size)) }
                p { (message!(language, "proof-witnesses")) " " (render_witnesses(language, &head.witnesses)) }
            }
        }
        @if let Some(hash) = &view.hash {
            p { (message!(language, "proof-hash")) " " code { (reveal_controls(hash)) } }
        }
        @if let Some(head) = &view.head {
            details {
                summary { (message!(language, "proof-details")) }
                p.hint { (message!(language, "proof-hint")) }
                @if view.proof.is_empty() {
                    p { (message!(language, "proof-alone")) }
                } @else {
                    ol { @for hash in &view.proof { li { code { (reveal_controls(hash)) } } } }
                }
                pre { code { (reveal_controls(&head.note)) } }
            }
        }
    }
}

/// Links to the records before and after. The one after may not exist yet.
fn render_neighbours(language: Language, place: u64) -> Markup {
    html! {
        nav.pager aria-label=(message!(language, "nav-pages")) {
            ul {
                @if let Some(before) = place.checked_sub(1) {
                    li {
                        a href=(format!("/evidence/records/{before}")) rel="prev" {
                            (message!(language, "record-before"))
                        }
                    }
                }
                li { a href="/evidence/records" { (message!(language, "records-title")) } }
            }
        }
    }
}
