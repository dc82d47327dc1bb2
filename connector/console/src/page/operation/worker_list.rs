//! List of the workers, as they are known from the last question.

use crate::frame::PageFrame;
use crate::message::message;
use crate::page::operation::render_links;
use crate::part::layout::{PageContent, render_layout};
use crate::part::table::{DataTable, render_table};
use crate::part::text::reveal_controls;
use hansa_policy::term::language::Language;
use maud::{Markup, html};
use serde::Deserialize;

/// Object of `hansa worker list --json`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct WorkerRow {
    /// Name of the worker.
    pub worker: String,
    /// Host and port of the worker.
    pub address: String,
    /// State from the last question: `connected`, `unreachable` or `not asked`.
    pub state: String,
}

/// Page with the workers.
#[must_use]
pub fn render_workers(frame: &PageFrame<'_>, rows: &[WorkerRow]) -> String {
    let language = frame.language;
    let body = html! {
        (render_links(frame))
        p { (message!(language, "workers-what")) }
        @if rows.is_empty() {
            p { (message!(language, "workers-none")) }
        } @else {
            (render_rows(language, rows))
        }
    };
    let title = message!(language, "workers-title");
    render_layout(frame, &PageContent::new(title, body))
}

fn render_rows(language: Language, rows: &[WorkerRow]) -> Markup {
    let cells = rows.iter().map(|row| {
        vec![
            html! { (reveal_controls(&row.worker)) },
            html! { (reveal_controls(&row.address)) },
            html! {
                @match row.state.as_str() {
                    "connected" => { span class="state good" { (message!(language, "worker-connected")) } }
                    "unreachable" => { strong class="mark bad" { (message!(language, "worker-unreachable")) } }
                    "not asked" => { (message!(language, "worker-not-asked")) }
                    other => { (reveal_controls(other)) }
                }
            },
        ]
    });
    render_table(&DataTable {
        id: "workers-caption",
        caption: message!(language, "workers-caption"),
        columns: vec![
            message!(language, "worker-name"),
            message!(language, "worker-address"),
            message!(language, "worker-state"),
        ],
        rows: cells.collect(),
    })
}
