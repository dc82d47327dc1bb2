//! Explanation of a question: its parts at each participant, the budgets, and the own part.

use crate::frame::PageFrame;
use crate::message::message;
use crate::part::code_words::render_cause;
use crate::part::contract_words::link_contract;
use crate::part::table::{DataTable, Fact, render_facts, render_table};
use crate::part::text::reveal_controls;
use crate::part::time::render_instant_text;
use hansa_policy::term::language::Language;
use maud::{Markup, html};
use serde::Deserialize;

/// Object of `hansa explain --json`. Unknown members are ignored.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct ExplanationView {
    /// Parts of the question, each for one participant.
    pub remote_queries: Vec<RemoteQueryView>,
    /// Steps that are done here.
    #[serde(default)]
    pub here: Vec<StepView>,
    /// Participants that can't be asked.
    #[serde(default)]
    pub missing: Vec<MissingView>,
    /// Budgets of the contracts.
    #[serde(default)]
    pub budgets: Vec<BudgetView>,
}

/// Part of a question for one participant.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct RemoteQueryView {
    /// Domain of the participant.
    pub participant: String,
    /// Datasets that the part reads.
    pub reads: Vec<DatasetReadView>,
    /// SQL that the participant gets.
    pub sql: String,
    /// Most rows, or 0 where the catalogue does not say it.
    pub most_rows: u64,
    /// Bytes of these rows.
    pub most_bytes: u64,
    /// `true` if the number of rows is an estimate.
    pub guessed: bool,
}

/// Dataset that a part of a question reads.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct DatasetReadView {
    /// Name of the dataset.
    pub dataset: String,
    /// Identity of the contract; none for own data.
    #[serde(default)]
    pub contract: Option<String>,
    /// Clauses of the contract with their English sentences.
    #[serde(default)]
    pub clauses: Vec<ClauseEffectView>,
}

/// Clause with its effect.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct ClauseEffectView {
    /// Number of the clause.
    pub clause: String,
    /// English sentence.
    pub effect: String,
}

/// Step that is done here.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct StepView {
    /// Depth in the plan.
    pub depth: u64,
    /// Step, in the words of the planner.
    pub step: String,
}

/// Participant that an answer lacks.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct MissingView {
    /// Domain of the participant.
    pub participant: String,
    /// Code of the reason.
    pub code: String,
    /// English sentence.
    pub sentence: String,
}

/// Budget of a contract.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct BudgetView {
    /// Identity of the contract.
    pub contract: String,
    /// Clause of the budget.
    pub clause: String,
    /// Unit, in the word of `hansa explain`.
    pub kind: String,
    /// Used part.
    pub used: u64,
    /// Part that is left.
    pub left: u64,
    /// Most that the question takes; none where the catalogue does not say it.
    #[serde(default)]
    pub this_at_most: Option<u64>,
    /// End of the period.
    #[serde(default)]
    pub until: Option<String>,
    /// `true` if the question fails by this budget in any case.
    #[serde(default)]
    pub would_fail: bool,
}

/// Sections with what the question would take. Nothing was asked for them.
pub(super) fn render_explanation(
    frame: &PageFrame<'_>,
    view: &ExplanationView,
    is_partial: bool,
) -> Markup {
    let language = frame.language;
    let is_used_up = view.budgets.iter().any(|budget| budget.would_fail);
    let is_lacking = !view.missing.is_empty();
    html! {
        h2 { (message!(language, "takes-title")) }
        p { (message!(language, "takes-nothing-asked")) }
        @if is_used_up || is_lacking {
            div.summary {
                @if is_used_up { p { strong { (message!(language, "takes-used-up")) } } }
                @if is_lacking && !is_partial { p { strong { (message!(language, "takes-lacking")) } } }
                @if is_lacking && is_partial { p { strong { (message!(language, "takes-partial")) } } }
                (render_missing(language, &view.missing))
            }
        }
        @for part in &view.remote_queries {
            (render_part(language, part))
        }
        @if !view.budgets.is_empty() {
            (render_budgets(frame, &view.budgets))
        }
        @if !view.here.is_empty() {
            details {
                summary { (message!(language, "takes-here")) }
                pre lang="en" { @for step in &view.here { (indent(step)) "\n" } }
            }
        }
    }
}

/// Participants that can't be asked, with the reasons.
pub(crate) fn render_missing(language: Language, missing: &[MissingView]) -> Markup {
    html! {
        @if !missing.is_empty() {
            ul {
                @for lacking in missing {
                    @let participant = reveal_controls(&lacking.participant);
                    li {
                        strong { bdi { (message!(language, "lacks-participant", participant)) } } " "
                        (render_cause(language, &lacking.code))
                        span lang="en" { (reveal_controls(&lacking.sentence)) } " "
                        code { (reveal_controls(&lacking.code)) }
                    }
                }
            }
        }
    }
}

fn indent(step: &StepView) -> String {
    const DEEPEST: u64 = 20;
    let depth = usize::try_from(step.depth.min(DEEPEST)).unwrap_or_default();
    format!("{}{}", "  ".repeat(depth), reveal_controls(&step.step))
}

fn render_part(language: Language, part: &RemoteQueryView) -> Markup {
    let facts: Vec<Fact> = [Fact::new(
        message!(language, "takes-sends"),
        describe_size(language, part),
    )]
    .into_iter()
    .chain(part.reads.iter().map(|read| {
        let dataset = reveal_controls(&read.dataset);
        let contract = match &read.contract {
            Some(contract) => link_contract(contract),
            None => html! { (message!(language, "takes-own-data")) },
        };
        Fact::new(message!(language, "takes-contract", dataset), contract)
    }))
    .collect();
    html! {
        h3 { bdi { (reveal_controls(&part.participant)) } }
        (render_facts(&facts))
        p { (message!(language, "takes-sql")) }
        pre { code { (reveal_controls(&part.sql)) } }
        @for read in part.reads.iter().filter(|read| !read.clauses.is_empty()) {
            @let dataset = reveal_controls(&read.dataset);
            details {
                summary { (message!(language, "takes-clauses", dataset)) }
                ul lang="en" {
                    @for clause in &read.clauses {
                        li { (reveal_controls(&clause.clause)) " " (reveal_controls(&clause.effect)) }
                    }
                }
            }
        }
    }
}

fn describe_size(language: Language, part: &RemoteQueryView) -> Markup {
    let rows = language.format_number(part.most_rows);
    let bytes = language.format_number(part.most_bytes);
    html! {
        @if part.most_rows == 0 {
            (message!(language, "takes-size-unknown"))
        } @else if part.guessed {
            (message!(language, "takes-size-guessed", rows, bytes))
        } @else {
            (message!(language, "takes-size-most", rows, bytes))
        }
    }
}

fn render_budgets(frame: &PageFrame<'_>, budgets: &[BudgetView]) -> Markup {
    let language = frame.language;
    render_table(&DataTable {
        id: "budgets-caption",
        caption: message!(language, "ask-budgets-caption"),
        columns: vec![
            message!(language, "column-contract"),
            message!(language, "column-clause"),
            message!(language, "ask-column-left"),
            message!(language, "ask-column-this"),
            message!(language, "ask-column-until"),
        ],
        rows: budgets
            .iter()
            .map(|budget| budget_cells(frame, budget))
            .collect(),
    })
}

fn budget_cells(frame: &PageFrame<'_>, budget: &BudgetView) -> Vec<Markup> {
    let language = frame.language;
    let left = language.format_number(budget.left);
    let used = language.format_number(budget.used);
    let unit = unit_word(language, &budget.kind);
    let may_fail = budget.this_at_most.is_some_and(|most| most > budget.left);
    vec![
        link_contract(&budget.contract),
        html! { (reveal_controls(&budget.clause)) },
        html! { (message!(language, "budget-left", left, unit, used)) },
        html! {
            @match budget.this_at_most {
                Some(most) => {
                    @let most = language.format_number(most);
                    (message!(language, "budget-most", most))
                }
                None => { (message!(language, "budget-unknown")) }
            }
            @if budget.would_fail {
                " " strong.mark.bad { (message!(language, "budget-fails")) }
            } @else if may_fail {
                " " strong.mark.late { (message!(language, "budget-may-fail")) }
            }
        },
        html! {
            @match &budget.until {
                Some(until) => { (render_instant_text(frame, until)) }
                None => { (message!(language, "budget-each")) }
            }
        },
    ]
}

/// Unit of a budget. A unit that this crate does not know is shown as it is.
fn unit_word(language: Language, kind: &str) -> String {
    match kind {
        "questions" => message!(language, "unit-questions"),
        "rows" => message!(language, "unit-rows"),
        "bytes" => message!(language, "unit-bytes"),
        "rows of an answer" => message!(language, "unit-rows-of-answer"),
        other => reveal_controls(other).into_owned(),
    }
}
