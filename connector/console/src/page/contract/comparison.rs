//! Two versions of terms side by side, with the words that differ.

use crate::frame::PageFrame;
use crate::message::message;
use crate::page::contract_list::ContractRow;
use crate::part::address::{QueryAddress, contract_address};
use crate::part::contract_words::render_state;
use crate::part::layout::{PageContent, render_layout};
use crate::part::table::{DataTable, render_table};
use crate::part::text::{reveal_controls, shorten_identity};
use crate::part::word_difference::{WordRun, compare_words};
use hansa_policy::term::language::Language;
use maud::{Markup, html};
use serde::Deserialize;

/// Object of `hansa contract diff --json`. Unknown members are ignored.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct TermComparison {
    /// Contract or negotiation with the old terms.
    pub old: String,
    /// Contract or negotiation with the new terms.
    pub new: String,
    /// Name of the dataset.
    pub dataset: String,
    /// Effect of the change: `same`, `tighter`, `looser` or `not comparable`.
    pub verdict: String,
    /// Changes of clauses.
    pub changes: Vec<ClauseChange>,
    /// All changes in English, also of parts that are no clauses.
    pub lines: Vec<String>,
}

/// Change of a clause, with its old and new words.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct ClauseChange {
    /// Identity of the clause.
    pub clause: String,
    /// Effect of the change, as for the whole.
    pub verdict: String,
    /// Old words; absent for a new clause.
    pub old: Option<String>,
    /// New words; absent for a clause that is gone.
    pub new: Option<String>,
}

/// Page of two versions of terms.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TermComparisonView {
    /// Contract or negotiation from which the person came.
    pub subject: String,
    /// Other version; absent: the proposal before the last one of the negotiation.
    pub other: Option<String>,
    /// Changes; absent where no other version is chosen.
    pub comparison: Option<TermComparison>,
    /// Contracts and negotiations on the same dataset.
    pub candidates: Vec<ContractRow>,
    /// `true` if there are others that the list leaves out.
    pub has_more: bool,
}

/// Page that compares two versions of terms, and offers others to compare with.
#[must_use]
pub fn render_term_comparison(frame: &PageFrame<'_>, view: &TermComparisonView) -> String {
    let language = frame.language;
    let subject = shorten_identity(&view.subject);
    let body = html! {
        @match (&view.comparison, &view.other) {
            (Some(comparison), Some(_)) => {
                @let old = shorten_identity(&comparison.old);
                @let new = shorten_identity(&comparison.new);
                p { (message!(language, "compare-from-to", old, new)) }
                (render_changes(language, comparison))
            }
            (Some(comparison), None) => {
                p { (message!(language, "compare-last-message")) }
                (render_changes(language, comparison))
            }
            (None, _) => p { (message!(language, "compare-nothing")) },
        }
        (render_candidates(language, view))
        @if let Some(address) = contract_address(&view.subject) {
            p { a.back href=(address) { (message!(language, "compare-back")) } }
        }
    };
    let title = message!(language, "compare-title", subject);
    render_layout(frame, &PageContent::new(title, body))
}

/// Changes of clauses side by side, and all changes in English.
pub(crate) fn render_changes(language: Language, comparison: &TermComparison) -> Markup {
    let rows = comparison.changes.iter().map(|change| {
        let old = change.old.as_deref().unwrap_or_default();
        let new = change.new.as_deref().unwrap_or_default();
        let (old_runs, new_runs) = compare_words(old, new);
        vec![
            html! { (reveal_controls(&change.clause)) },
            html! {
                @match change.old {
                    Some(_) => { (render_old_words(&old_runs)) }
                    None => { (message!(language, "compare-no-clause")) }
                }
            },
            html! {
                @match change.new {
                    Some(_) => { (render_new_words(&new_runs)) }
                    None => { (message!(language, "compare-no-clause")) }
                }
            },
            html! { (effect_word(language, &change.verdict)) },
        ]
    });
    let table = DataTable {
        id: "compare-caption",
        caption: message!(language, "compare-caption"),
        columns: vec![
            message!(language, "column-clause"),
            message!(language, "compare-before"),
            message!(language, "compare-after"),
            message!(language, "compare-effect"),
        ],
        rows: rows.collect(),
    };
    let verdict = effect_word(language, &comparison.verdict);
    html! {
        p { strong { (message!(language, "compare-verdict", verdict)) } }
        @if comparison.changes.is_empty() {
            p { (message!(language, "compare-same-clauses")) }
        } @else {
            (render_table(&table))
        }
        @if !comparison.lines.is_empty() {
            details {
                summary { (message!(language, "compare-lines")) }
                ul lang="en" {
                    @for line in &comparison.lines { li { (reveal_controls(line)) } }
                }
            }
        }
    }
}

fn render_old_words(runs: &[WordRun<'_>]) -> Markup {
    html! {
        @for run in runs {
            @if run.is_common { (reveal_controls(run.text)) } @else { del { (reveal_controls(run.text)) } }
        }
    }
}

fn render_new_words(runs: &[WordRun<'_>]) -> Markup {
    html! {
        @for run in runs {
            @if run.is_common { (reveal_controls(run.text)) } @else { ins { (reveal_controls(run.text)) } }
        }
    }
}

/// Effect of a change on the disclosed data. One that this crate does not know is shown as it is.
fn effect_word(language: Language, verdict: &str) -> String {
    match verdict {
        "same" => message!(language, "effect-same"),
        "tighter" => message!(language, "effect-tighter"),
        "looser" => message!(language, "effect-looser"),
        "not comparable" => message!(language, "effect-open"),
        other => reveal_controls(other).into_owned(),
    }
}

/// Contracts and negotiations on the same dataset, each with a link to its comparison.
fn render_candidates(language: Language, view: &TermComparisonView) -> Markup {
    let Some(own) = contract_address(&view.subject) else {
        return html! {};
    };
    let path = format!("{own}/compare");
    let rows = view.candidates.iter().map(|row| {
        let (identity, state, other) = match row {
            ContractRow::Contract(summary) => {
                let other = summary.other_party();
                (&summary.contract, &summary.state, other.unwrap_or_default())
            }
            ContractRow::Negotiation(summary) => (
                &summary.negotiation,
                &summary.state,
                summary.participant.as_str(),
            ),
        };
        let address = QueryAddress::new(&path).with_value("with", identity);
        vec![
            html! { a href=(address) { code { (shorten_identity(identity)) } } },
            html! {
                @if other.is_empty() { (message!(language, "party-everyone")) }
                bdi { (reveal_controls(other)) }
            },
            html! { (render_state(language, state)) },
        ]
    });
    let table = DataTable {
        id: "candidates-caption",
        caption: message!(language, "compare-candidates"),
        columns: vec![
            message!(language, "column-contract"),
            message!(language, "column-with"),
            message!(language, "column-state"),
        ],
        rows: rows.collect(),
    };
    html! {
        @if view.candidates.is_empty() {
            p { (message!(language, "compare-none")) }
        } @else {
            (render_table(&table))
        }
        @if view.has_more {
            p.hint { (message!(language, "compare-more")) }
        }
    }
}
