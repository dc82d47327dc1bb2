//! Clauses in sentences, each with its enforcement.

use crate::message::message;
use crate::part::table::{DataTable, render_table};
use crate::part::text::reveal_controls;
use hansa_policy::term::language::Language;
use maud::{Markup, html};
use serde::Deserialize;

/// Clause in the language of the page.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct ClauseText {
    /// Number of the clause.
    pub clause: String,
    /// Sentence of the clause.
    pub text: String,
    /// `true` if the connector enforces the clause.
    #[serde(default)]
    pub enforced: bool,
}

/// Table of clauses, whose caption has an ID.
pub(crate) fn render_clauses(language: Language, id: &str, clauses: &[ClauseText]) -> Markup {
    if clauses.is_empty() {
        return html! { p { (message!(language, "clauses-none")) } };
    }
    let rows = clauses.iter().map(|clause| {
        vec![
            html! { (reveal_controls(&clause.clause)) },
            html! { (reveal_controls(&clause.text)) },
            html! {
                @if clause.enforced {
                    strong { (message!(language, "term-enforced")) }
                } @else {
                    (message!(language, "term-agreed"))
                }
            },
        ]
    });
    render_table(&DataTable {
        id,
        caption: message!(language, "terms-caption"),
        columns: vec![
            message!(language, "column-clause"),
            message!(language, "term-text"),
            message!(language, "term-force"),
        ],
        rows: rows.collect(),
    })
}
