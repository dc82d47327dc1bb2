//! Error or refusal as a page.

use crate::frame::PageFrame;
use crate::message::message;
use crate::part::act_note::render_act_record;
use crate::part::act_value::{ActValue, render_act_values};
use crate::part::address::own_path;
use crate::part::code_words::translate_code;
use crate::part::contract_words::link_contract;
use crate::part::error_code::render_error_code;
use crate::part::layout::{PageContent, render_layout};
use crate::part::table::{Fact, render_facts};
use crate::part::text::reveal_controls;
use hansa_policy::refusal::Refusal;
use hansa_policy::term::language::Language;
use maud::{Markup, html};
use serde::Deserialize;

/// Error or refusal. Its sentences are English.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct FaultView {
    /// Stable code.
    pub code: String,
    /// Sentence about the fault.
    pub sentence: String,
    /// Contract that demands the refusal.
    #[serde(default)]
    pub contract: Option<String>,
    /// Clause of the contract.
    #[serde(default)]
    pub clause: Option<String>,
    /// Content of the clause.
    #[serde(default)]
    pub allowed: Option<String>,
    /// Remedies, the most useful first.
    #[serde(default)]
    pub help: Vec<String>,
    /// Number under which the trace of this machine holds the cause.
    #[serde(default)]
    pub trace: Option<String>,
    /// Page from which the person can go on, as a path of this console.
    #[serde(skip)]
    pub back: Option<String>,
    /// Number of the record of an act whose command was refused.
    #[serde(skip)]
    pub record: Option<u64>,
    /// Values that the person has entered for the act, which would be lost with it.
    #[serde(skip)]
    pub entered: Vec<ActValue>,
}

impl From<&Refusal> for FaultView {
    fn from(refusal: &Refusal) -> Self {
        Self {
            code: refusal.code.to_string(),
            sentence: refusal.sentence.clone(),
            contract: refusal.contract.map(|contract| contract.to_string()),
            clause: refusal.clause.map(|clause| clause.to_string()),
            allowed: refusal.allowed.clone(),
            help: refusal.help.clone(),
            trace: None,
            back: None,
            record: None,
            entered: Vec::new(),
        }
    }
}

/// Page with the code, the sentence, the clause and the remedies of a fault.
#[must_use]
pub fn render_fault(frame: &PageFrame<'_>, view: &FaultView) -> String {
    let language = frame.language;
    let code = reveal_controls(&view.code);
    let body = html! {
        (render_fault_facts(language, view))
        @if let Some(record) = view.record {
            p { (message!(language, "fault-after-record")) }
            (render_act_record(frame, record))
        }
        @if !view.entered.is_empty() {
            h2 { (message!(language, "unsent-entered")) }
            (render_act_values(&view.entered))
        }
        @if let Some(back) = &view.back {
            p { a.back href=(own_path(back)) { (message!(language, "fault-back")) } }
        }
    };
    let title = message!(language, "fault-title", code);
    render_layout(
        frame,
        &PageContent {
            heading: html! { (title) },
            title,
            body,
            is_error: true,
        },
    )
}

/// Sentence, facts and remedies of a fault, below a heading of the page.
pub(crate) fn render_fault_facts(language: Language, view: &FaultView) -> Markup {
    let words = translate_code(language, &view.code);
    html! {
        div.summary {
            @if let Some(words) = &words { p { (words.cause) } }
            p lang="en" { (reveal_controls(&view.sentence)) }
        }
        (render_facts(&list_facts(language, view)))
        @if words.is_some() || !view.help.is_empty() {
            h2 { (message!(language, "fault-help")) }
            ul {
                @if let Some(words) = &words { li { (words.remedy) } }
                @for line in &view.help {
                    li lang="en" { (reveal_controls(line)) }
                }
            }
        }
    }
}

fn list_facts(language: Language, view: &FaultView) -> Vec<Fact> {
    let code = render_error_code(&view.code);
    let mut facts = vec![Fact::new(message!(language, "fault-code"), code)];
    facts.extend(view.contract.as_deref().map(|contract| {
        Fact::new(
            message!(language, "fault-contract"),
            link_contract(contract),
        )
    }));
    facts.extend(view.clause.as_deref().map(|clause| {
        let value = html! { (reveal_controls(clause)) };
        Fact::new(message!(language, "fault-clause"), value)
    }));
    facts.extend(view.allowed.as_deref().map(|allowed| {
        let value = html! { span lang="en" { (reveal_controls(allowed)) } };
        Fact::new(message!(language, "fault-allowed"), value)
    }));
    facts.extend(view.trace.as_deref().map(|trace| {
        let value = html! { code { (reveal_controls(trace)) } };
        Fact::new(message!(language, "fault-trace"), value)
    }));
    facts
}
