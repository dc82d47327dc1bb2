//! List of the answers that run now.

use crate::frame::PageFrame;
use crate::message::message;
use crate::page::operation::render_links;
use crate::part::address::page_below;
use crate::part::contract_words::link_contract;
use crate::part::layout::{PageContent, render_layout};
use crate::part::magnitude::describe_duration;
use crate::part::table::{DataTable, render_table};
use crate::part::text::reveal_controls;
use hansa_policy::term::language::Language;
use maud::{Markup, html};
use serde::Deserialize;

/// Most rows of the page. A connector answers fewer questions at once, so that a longer list is seen on the command line.
const MOST_ROWS: usize = 50;

/// Object of `hansa running list --json`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct RunningRow {
    /// Identity of the question.
    pub question: String,
    /// Domain of the participant that asks.
    pub participant: String,
    /// Origin of the question: `peer`, `house` or `web`.
    pub by: String,
    /// Names of the datasets; empty until the question is permitted.
    pub datasets: Vec<String>,
    /// Contracts of the answer.
    pub contracts: Vec<String>,
    /// Declared purpose.
    #[serde(default)]
    pub purpose: Option<String>,
    /// Number of rows that left so far.
    pub rows: u64,
    /// Age of the answer, in milliseconds.
    pub age_ms: u64,
}

/// Page with the running answers, the oldest first.
#[must_use]
pub fn render_running(frame: &PageFrame<'_>, rows: &[RunningRow]) -> String {
    let language = frame.language;
    let body = html! {
        (render_links(frame))
        @if rows.is_empty() {
            p { (message!(language, "running-none")) }
        } @else {
            (render_rows(language, rows))
        }
        @if rows.len() > MOST_ROWS {
            @let number = language.format_number(u64::try_from(rows.len()).unwrap_or(u64::MAX));
            p.hint { (message!(language, "running-more", number)) }
        }
    };
    let title = message!(language, "running-title");
    render_layout(frame, &PageContent::new(title, body))
}

fn render_rows(language: Language, rows: &[RunningRow]) -> Markup {
    let cells = rows.iter().take(MOST_ROWS).map(|row| {
        vec![
            html! { code { (reveal_controls(&row.question)) } },
            html! {
                @match row.by.as_str() {
                    "house" => { (message!(language, "running-house")) }
                    "web" => { (message!(language, "running-web")) }
                    _ => { bdi { (reveal_controls(&row.participant)) } }
                }
            },
            html! {
                @if row.datasets.is_empty() { (message!(language, "running-undecided")) }
                @for (index, dataset) in row.datasets.iter().enumerate() {
                    @if index > 0 { ", " }
                    bdi { (reveal_controls(dataset)) }
                }
            },
            html! {
                @match &row.purpose {
                    Some(purpose) => { (reveal_controls(purpose)) }
                    None => { (message!(language, "running-no-purpose")) }
                }
            },
            html! {
                @if row.contracts.is_empty() { (message!(language, "running-no-contract")) }
                @for (index, contract) in row.contracts.iter().enumerate() {
                    @if index > 0 { " " }
                    (link_contract(contract))
                }
            },
            html! { (language.format_number(row.rows)) },
            html! { (describe_duration(language, row.age_ms)) },
            render_cut_link(language, row),
        ]
    });
    render_table(&DataTable {
        id: "running-caption",
        caption: message!(language, "running-caption"),
        columns: vec![
            message!(language, "running-question"),
            message!(language, "running-who"),
            message!(language, "running-datasets"),
            message!(language, "running-purpose"),
            message!(language, "running-contracts"),
            message!(language, "running-rows"),
            message!(language, "running-age"),
            message!(language, "running-act"),
        ],
        rows: cells.collect(),
    })
}

/// Link to the page before the end of an answer.
fn render_cut_link(language: Language, row: &RunningRow) -> Markup {
    let question = reveal_controls(&row.question);
    let address = page_below("/operations/running", &[&row.question, "cancel"]);
    html! {
        @if let Some(address) = address {
            a href=(address) {
                (message!(language, "cut")) "…" span.unseen { " " (question) }
            }
        }
    }
}
