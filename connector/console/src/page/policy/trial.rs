//! Try of a policy: what a participant would see, and what of a question would be answered or refused.

use crate::frame::PageFrame;
use crate::message::message;
use crate::page::fault::{FaultView, render_fault_facts};
use crate::part::act_note::render_act_record;
use crate::part::address::page_below;
use crate::part::code_words::render_cause;
use crate::part::layout::{PageContent, render_layout};
use crate::part::table::{DataTable, Fact, render_facts, render_table};
use crate::part::text::reveal_controls;
use hansa_policy::term::language::Language;
use maud::{Markup, html};
use serde::Deserialize;

/// Form for a try, with its result.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PolicyTrialView {
    /// Name of the policy.
    pub name: String,
    /// Dataset of the offer; empty: that of the first one.
    pub dataset: String,
    /// Key of the form.
    pub key: String,
    /// Participant who would ask.
    pub participant: String,
    /// Purpose of the question.
    pub purpose: String,
    /// Day on which it would be asked; empty: now.
    pub day: String,
    /// Text of the question; empty: what the terms give.
    pub sql: String,
    /// Reason why there is no result.
    pub fault: Option<FaultView>,
    /// Result.
    pub result: Option<TrialResult>,
}

/// Result of a try.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TrialResult {
    /// Number of the record of the try.
    pub record: u64,
    /// Datasets that the participant would see.
    pub datasets: Vec<TrialDataset>,
    /// Outcome of the question; none without a question.
    pub outcome: Option<TrialOutcome>,
    /// Comparison with contracts, in English.
    pub comparison: Vec<String>,
}

/// Outcome of a question.
#[derive(Debug, Clone, PartialEq)]
pub enum TrialOutcome {
    /// It would be answered.
    Answer(TrialAnswer),
    /// It would be refused.
    Refused(FaultView),
}

/// Answer of a try, with its first rows. A part of an object of `hansa simulate --json`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct TrialAnswer {
    /// Names of the columns.
    pub columns: Vec<String>,
    /// First rows.
    pub rows: Vec<Vec<String>>,
    /// Number of all rows.
    pub total_rows: u64,
}

/// Dataset as a participant would see it. A part of an object of `hansa simulate --json`.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct TrialDataset {
    /// Dataset.
    pub dataset: String,
    /// `true` if answers are of groups alone.
    pub aggregates_only: bool,
    /// Columns that it has for the participant.
    pub columns: Vec<TrialColumn>,
    /// Columns that don't exist for the participant.
    pub hidden_columns: Vec<String>,
    /// Rows of the dataset.
    pub rows: u64,
    /// Rows that are visible; absent where no question would be let in.
    pub visible_rows: Option<u64>,
    /// Clauses with the refusals that they would cause.
    pub clauses: Vec<TrialClause>,
}

/// Column with its treatment.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct TrialColumn {
    /// Name of the column.
    pub column: String,
    /// Treatment, in English.
    pub shown: String,
}

/// Clause with the refusal that it would cause.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct TrialClause {
    /// Number of the clause.
    pub clause: String,
    /// Sentence of the clause, in English.
    pub says: String,
    /// Refusal of each question by the clause.
    pub refuses: Option<FaultView>,
}

/// Page with the form of a try and its result.
#[must_use]
pub fn render_policy_trial(frame: &PageFrame<'_>, view: &PolicyTrialView) -> String {
    let language = frame.language;
    let above = page_below("/policies", &[&view.name]).unwrap_or_else(|| "/policies".to_owned());
    let body = html! {
        @if let Some(fault) = &view.fault {
            (render_fault_facts(language, fault))
        }
        p { (message!(language, "trial-intro")) }
        (render_form(language, view, &format!("{above}/try")))
        @if let Some(result) = &view.result {
            (render_result(frame, result))
        }
        p { a.back href=(above) { (message!(language, "trial-back")) } }
    };
    let name = reveal_controls(&view.name);
    let title = message!(language, "trial-title", name);
    let mut content = PageContent::new(title, body);
    content.is_error = view.fault.is_some();
    render_layout(frame, &content)
}

fn render_form(language: Language, view: &PolicyTrialView, address: &str) -> Markup {
    html! {
        form.act-form method="post" action=(address) {
            input type="hidden" name="key" value=(reveal_controls(&view.key));
            input type="hidden" name="dataset" value=(reveal_controls(&view.dataset));
            div {
                label for="participant" { (message!(language, "trial-participant")) }
                p.hint id="participant-hint" { (message!(language, "trial-participant-hint")) }
                input id="participant" name="participant" type="text" maxlength="253" required autocomplete="off"
                    value=(reveal_controls(&view.participant)) aria-describedby="participant-hint";
            }
            div {
                label for="purpose" { (message!(language, "trial-purpose")) }
                input id="purpose" name="purpose" type="text" maxlength="200" autocomplete="off" value=(reveal_controls(&view.purpose));
            }
            div {
                label for="day" { (message!(language, "trial-day")) }
                p.hint id="day-hint" { (message!(language, "trial-day-hint")) }
                input id="day" name="day" type="date" value=(reveal_controls(&view.day)) aria-describedby="day-hint";
            }
            div {
                label for="sql" { (message!(language, "trial-sql")) }
                p.hint id="sql-hint" { (message!(language, "trial-sql-hint")) }
                textarea id="sql" name="sql" rows="6" spellcheck="false" autocapitalize="off" autocomplete="off" aria-describedby="sql-hint" {
                    "\n" (reveal_controls(&view.sql))
                }
            }
            button.main type="submit" { (message!(language, "trial-button")) }
        }
    }
}

fn render_result(frame: &PageFrame<'_>, result: &TrialResult) -> Markup {
    let language = frame.language;
    html! {
        section aria-labelledby="result" {
            h2 id="result" { (message!(language, "trial-result")) }
            @match &result.outcome {
                Some(TrialOutcome::Answer(answer)) => { (render_answer(language, answer)) }
                Some(TrialOutcome::Refused(refusal)) => {
                    p { strong.fault { (message!(language, "trial-refused")) } }
                    (render_fault_facts(language, refusal))
                }
                None => {}
            }
            @if result.datasets.is_empty() {
                p { strong { (message!(language, "trial-nothing")) } }
            }
            @for (at, dataset) in result.datasets.iter().enumerate() {
                (render_dataset(language, dataset, at))
            }
            @if !result.comparison.is_empty() {
                h3 { (message!(language, "trial-comparison")) }
                pre lang="en" { code { (reveal_controls(&result.comparison.join("\n"))) } }
            }
            (render_act_record(frame, result.record))
        }
    }
}

fn render_answer(language: Language, answer: &TrialAnswer) -> Markup {
    let rows = language.format_number(answer.total_rows);
    let cells = answer.rows.iter().map(|row| {
        let cells = row.iter();
        cells
            .map(|cell| html! { bdi { (reveal_controls(cell)) } })
            .collect()
    });
    let columns = answer.columns.iter();
    html! {
        p { strong { (message!(language, "trial-answered", rows)) } }
        (render_table(&DataTable {
            id: "trial-rows",
            caption: message!(language, "trial-rows-caption"),
            columns: columns.map(|name| reveal_controls(name).into_owned()).collect(),
            rows: cells.collect(),
        }))
    }
}

fn render_dataset(language: Language, dataset: &TrialDataset, at: usize) -> Markup {
    let columns = dataset.columns.iter().map(|column| {
        let treatment = match column.shown.as_str() {
            "as stored" => String::new(),
            shown => format!(" ({shown})"),
        };
        format!("{}{treatment}", column.column)
    });
    let columns: Vec<String> = columns.collect();
    let (rows, visible) = (
        language.format_number(dataset.rows),
        language.format_number(dataset.visible_rows.unwrap_or_default()),
    );
    let mut facts = vec![Fact::new(
        message!(language, "trial-shows"),
        html! { span lang="en" { (reveal_controls(&columns.join(", "))) } },
    )];
    if !dataset.hidden_columns.is_empty() {
        facts.push(Fact::new(
            message!(language, "trial-hides"),
            html! { (reveal_controls(&dataset.hidden_columns.join(", "))) },
        ));
    }
    facts.push(Fact::new(
        message!(language, "fact-rows"),
        html! {
            @match (dataset.visible_rows, dataset.aggregates_only) {
                (None, _) => { (message!(language, "trial-no-question")) }
                (Some(_), true) => { (message!(language, "trial-groups", visible, rows)) }
                (Some(_), false) => { (message!(language, "trial-visible", visible, rows)) }
            }
        },
    ));
    let clauses = dataset.clauses.iter().map(|clause| {
        vec![
            html! { (reveal_controls(&clause.clause)) },
            html! { span lang="en" { (reveal_controls(&clause.says)) } },
            html! {
                @match &clause.refuses {
                    Some(refusal) => {
                        strong.fault { code { (reveal_controls(&refusal.code)) } } " "
                        (render_cause(language, &refusal.code))
                        span lang="en" { (reveal_controls(&refusal.sentence)) }
                    }
                    None => { (message!(language, "trial-refuses-none")) }
                }
            },
        ]
    });
    html! {
        h3 { code { (reveal_controls(&dataset.dataset)) } }
        (render_facts(&facts))
        (render_table(&DataTable {
            id: &format!("trial-clauses-{at}"),
            caption: message!(language, "trial-clauses-caption"),
            columns: vec![
                message!(language, "column-clause"),
                message!(language, "term-text"),
                message!(language, "trial-effect"),
            ],
            rows: clauses.collect(),
        }))
    }
}
