//! Form for a question, with the tables that it may name and what it would take.

pub mod explanation;

use crate::frame::PageFrame;
use crate::message::message;
use crate::page::answer::AnswerState;
use crate::page::ask::explanation::{ExplanationView, render_explanation};
use crate::page::fault::{FaultView, render_fault_facts};
use crate::page::unsent_form::{UnsentForm, render_unsent_form};
use crate::part::address::answer_address;
use crate::part::contract_words::{kind_word, link_contract};
use crate::part::layout::{PageContent, render_layout};
use crate::part::table::{DataTable, render_table};
use crate::part::text::{reveal_controls, shorten_quotation};
use crate::part::time::render_instant_text;
use hansa_policy::term::language::Language;
use maud::{Markup, html};
use serde::Deserialize;

const PATH: &str = "/ask";

/// Form for a question, and what is beside it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct AskView {
    /// Key of the form.
    pub key: String,
    /// Text of the question, as it was typed.
    #[serde(default)]
    pub sql: String,
    /// Chosen purpose; empty for that of the configuration.
    #[serde(default)]
    pub purpose: String,
    /// `true` if the answer may lack a participant.
    #[serde(default)]
    pub is_partial: bool,
    /// Purposes that the contracts permit.
    #[serde(default)]
    pub purposes: Vec<String>,
    /// Tables that a question may name.
    #[serde(default)]
    pub tables: Vec<AskableTable>,
    /// `true` if there are more tables than these.
    #[serde(default)]
    pub has_more_tables: bool,
    /// Reason why the question was refused.
    #[serde(default)]
    pub fault: Option<FaultView>,
    /// Reason why the form was sent and asked nothing.
    #[serde(skip)]
    pub unsent: Option<UnsentForm>,
    /// Explanation of the question before it is asked.
    #[serde(default)]
    pub explanation: Option<ExplanationView>,
    /// Answers that are kept for the person, the newest first.
    #[serde(default)]
    pub answers: Vec<KeptAnswerSummary>,
}

/// Object of `hansa contract tables --json`. Unknown members are ignored.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct AskableTable {
    /// Name in a question; none while the provider has no alias.
    #[serde(default)]
    pub table: Option<String>,
    /// Domain of the provider.
    pub participant: String,
    /// Name of the dataset.
    pub dataset: String,
    /// Identity of the contract.
    pub contract: String,
    /// Content: `aggregates` or `rows`.
    pub kind: String,
    /// Purposes that the contract permits; none where it names none.
    #[serde(default)]
    pub purposes: Option<Vec<String>>,
    /// Columns that the contract shows; none for all columns.
    #[serde(default)]
    pub columns: Option<Vec<String>>,
    /// Columns by which a question may group.
    #[serde(default)]
    pub group_by: Vec<String>,
    /// Columns that a question may aggregate.
    #[serde(default)]
    pub measures: Vec<String>,
    /// Permitted functions.
    #[serde(default)]
    pub functions: Vec<String>,
    /// End of the contract.
    #[serde(default)]
    pub until: String,
}

/// Answer that is kept for the person.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct KeptAnswerSummary {
    /// Identity of the answer.
    pub id: String,
    /// Text of the question.
    pub sql: String,
    /// Instant of the question.
    pub at: String,
    /// State of the answer.
    pub state: AnswerState,
    /// Number of rows that have come.
    pub rows: u64,
}

/// Page with the form, what the question would take, the tables and the kept answers.
#[must_use]
pub fn render_ask(frame: &PageFrame<'_>, view: &AskView) -> String {
    let language = frame.language;
    let body = html! {
        @if let Some(fault) = &view.fault {
            (render_fault_facts(language, fault))
        }
        @if let Some(unsent) = &view.unsent {
            (render_unsent_form(language, unsent))
        }
        (render_form(language, view))
        @if let Some(explanation) = &view.explanation {
            (render_explanation(frame, explanation, view.is_partial))
        }
        (render_tables(frame, view))
        (render_kept_answers(frame, &view.answers))
    };
    let title = message!(language, "ask-title");
    render_layout(
        frame,
        &PageContent {
            heading: html! { (title) },
            title,
            body,
            is_error: view.fault.is_some() || view.unsent.is_some(),
        },
    )
}

fn render_form(language: Language, view: &AskView) -> Markup {
    html! {
        form.act-form method="post" action=(PATH) {
            input type="hidden" name="key" value=(reveal_controls(&view.key));
            div {
                label for="purpose" { (message!(language, "ask-purpose")) }
                p.hint id="purpose-hint" { (message!(language, "ask-purpose-hint")) }
                select id="purpose" name="purpose" aria-describedby="purpose-hint" {
                    option value="" selected[view.purpose.is_empty()] { (message!(language, "ask-purpose-own")) }
                    @if !view.purpose.is_empty() && !view.purposes.contains(&view.purpose) {
                        (render_purpose(&view.purpose, true))
                    }
                    @for purpose in &view.purposes {
                        (render_purpose(purpose, view.purpose == *purpose))
                    }
                }
            }
            div {
                label for="sql" { (message!(language, "ask-sql")) }
                p.hint id="sql-hint" { (message!(language, "ask-sql-hint")) }
                textarea id="sql" name="sql" rows="8" required spellcheck="false" autocapitalize="off" autocomplete="off"
                    aria-describedby="sql-hint" aria-invalid=[view.fault.as_ref().map(|_| "true")] {
                    (reveal_controls(&view.sql))
                }
            }
            div.choice {
                input id="partial" name="partial" type="checkbox" value="yes" checked[view.is_partial];
                label for="partial" { (message!(language, "ask-partial")) }
            }
            div.buttons {
                button type="submit" name="step" value="see" { (message!(language, "ask-see")) } " "
                button.main type="submit" name="step" value="ask" { (message!(language, "ask-button")) }
            }
            p.hint { (message!(language, "ask-counts")) }
        }
    }
}

fn render_purpose(purpose: &str, is_chosen: bool) -> Markup {
    let purpose = reveal_controls(purpose);
    html! { option value=(purpose) selected[is_chosen] { (purpose) } }
}

fn render_tables(frame: &PageFrame<'_>, view: &AskView) -> Markup {
    let language = frame.language;
    html! {
        h2 { (message!(language, "ask-tables")) }
        @if view.tables.is_empty() {
            p { (message!(language, "ask-tables-none")) }
            p { a href="/catalog" { (message!(language, "ask-tables-catalog")) } }
        } @else {
            (render_table(&DataTable {
                id: "tables-caption",
                caption: message!(language, "ask-tables-caption"),
                columns: vec![
                    message!(language, "ask-column-table"),
                    message!(language, "column-contract"),
                    message!(language, "ask-column-gives"),
                    message!(language, "ask-column-purposes"),
                    message!(language, "column-end"),
                ],
                rows: view.tables.iter().map(|table| table_cells(frame, table)).collect(),
            }))
            @if view.has_more_tables {
                p { (message!(language, "ask-tables-more")) }
                pre { code { "hansa contract tables" } }
            }
        }
    }
}

fn table_cells(frame: &PageFrame<'_>, table: &AskableTable) -> Vec<Markup> {
    let language = frame.language;
    vec![
        html! {
            @match &table.table {
                Some(name) => { code { (reveal_controls(name)) } }
                None => {
                    bdi { (reveal_controls(&table.participant)) } ": " code { (reveal_controls(&table.dataset)) } br;
                    (message!(language, "table-unnamed"))
                }
            }
        },
        link_contract(&table.contract),
        html! {
            (kind_word(language, &table.kind)) br;
            @if table.kind == "aggregates" {
                (message!(language, "table-functions")) " " (render_names(language, &table.functions)) br;
                (message!(language, "table-measures")) " " (render_names(language, &table.measures)) br;
                (message!(language, "table-groups")) " " (render_names(language, &table.group_by))
            } @else {
                (message!(language, "table-columns")) " "
                @match &table.columns {
                    Some(columns) => { (render_names(language, columns)) }
                    None => { (message!(language, "table-columns-all")) }
                }
            }
        },
        html! {
            @match &table.purposes {
                Some(purposes) => { (render_names(language, purposes)) }
                None => { (message!(language, "table-purposes-any")) }
            }
        },
        render_instant_text(frame, &table.until),
    ]
}

fn render_names(language: Language, names: &[String]) -> Markup {
    html! {
        @if names.is_empty() { (message!(language, "table-names-none")) }
        @for (at, name) in names.iter().enumerate() {
            @if at > 0 { ", " }
            code { (reveal_controls(name)) }
        }
    }
}

fn render_kept_answers(frame: &PageFrame<'_>, answers: &[KeptAnswerSummary]) -> Markup {
    let language = frame.language;
    html! {
        @if !answers.is_empty() {
            h2 { (message!(language, "answers-kept")) }
            (render_table(&DataTable {
                id: "answers-caption",
                caption: message!(language, "answers-caption"),
                columns: vec![
                    message!(language, "ask-column-answer"),
                    message!(language, "column-state"),
                    message!(language, "ask-column-rows"),
                    message!(language, "ask-column-question"),
                ],
                rows: answers.iter().map(|answer| answer_cells(frame, answer)).collect(),
            }))
        }
    }
}

fn answer_cells(frame: &PageFrame<'_>, answer: &KeptAnswerSummary) -> Vec<Markup> {
    let language = frame.language;
    let at = render_instant_text(frame, &answer.at);
    vec![
        html! {
            @match answer_address(&answer.id) {
                Some(address) => { a href=(address) { (at) } }
                None => { (at) }
            }
        },
        answer.state.render(language),
        html! { (language.format_number(answer.rows)) },
        html! { code { (shorten_quotation(&answer.sql).text) } },
    ]
}
