//! List of the own datasets.

use crate::frame::{PageFrame, PersonRole};
use crate::message::message;
use crate::page::contract_list::ROWS_PER_PAGE;
use crate::page::dataset::staging::ADDITION_ADDRESS;
use crate::part::act_note::render_act_link;
use crate::part::address::{QueryAddress, page_below};
use crate::part::dataset_words::{CoveredPeriod, StatedFault, render_period, render_stated_fault};
use crate::part::layout::{PageContent, render_layout};
use crate::part::table::{DataTable, render_table};
use crate::part::text::reveal_controls;
use crate::part::time::render_instant_text;
use hansa_policy::term::language::Language;
use maud::{Markup, html};
use serde::Deserialize;

const PATH: &str = "/datasets";

/// Rows of one page of the list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DatasetListView {
    /// Rows in the order of the list.
    pub rows: Vec<DatasetRow>,
    /// Text that the rows have; empty for all.
    pub text: String,
    /// Name behind which the next page begins; none on the last page.
    pub after: Option<String>,
}

/// Object of `hansa dataset list --json`. Unknown members are ignored.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct DatasetRow {
    /// Name of the dataset.
    pub dataset: String,
    /// Title for people.
    pub title: String,
    /// Label of the published snapshot; none before the first publication.
    pub version: Option<String>,
    /// Instant of the publication.
    pub published_at: Option<String>,
    /// Number of rows.
    pub rows: Option<u64>,
    /// Period that the rows cover.
    pub covers: Option<CoveredPeriod>,
    /// Licence.
    pub licence: Option<String>,
    /// Number of offers.
    pub offers: u64,
    /// Number of contracts in force.
    pub contracts: u64,
    /// Reason why the snapshot can't be read.
    pub fault: Option<StatedFault>,
}

/// Page with the list and the link to the next rows.
#[must_use]
pub fn render_datasets(frame: &PageFrame<'_>, view: &DatasetListView) -> String {
    let language = frame.language;
    let body = html! {
        @if frame.has_role(PersonRole::Officer) {
            (render_act_link(ADDITION_ADDRESS, &message!(language, "add-link")))
        }
        p { a href="/policies" { (message!(language, "policies-link")) } }
        (render_filter(language, &view.text))
        @if view.rows.is_empty() {
            (render_empty_list(language, &view.text))
        } @else {
            (render_rows(frame, &view.rows))
        }
        @if let Some(after) = &view.after {
            @let number = ROWS_PER_PAGE;
            @let next = QueryAddress::new(PATH).with_filled("text", &view.text).with_value("after", after);
            nav.pager aria-label=(message!(language, "nav-pages")) {
                a href=(next) rel="next" { (message!(language, "next-rows", number)) }
            }
        }
    };
    let title = message!(language, "datasets-title");
    render_layout(frame, &PageContent::new(title, body))
}

fn render_filter(language: Language, text: &str) -> Markup {
    html! {
        form.filter method="get" action=(PATH) role="search" aria-label=(message!(language, "dataset-filter")) {
            div {
                label for="filter-text" { (message!(language, "dataset-filter-text")) }
                input id="filter-text" name="text" type="search" value=(reveal_controls(text));
            }
            div.buttons {
                button type="submit" { (message!(language, "filter-button")) }
                @if !text.is_empty() {
                    " " a href=(PATH) { (message!(language, "filter-reset")) }
                }
            }
        }
    }
}

fn render_empty_list(language: Language, text: &str) -> Markup {
    html! {
        @if text.is_empty() {
            p { (message!(language, "datasets-none")) }
            pre { code { "hansa dataset add" } }
        } @else {
            p { (message!(language, "datasets-none-such")) }
        }
    }
}

fn render_rows(frame: &PageFrame<'_>, rows: &[DatasetRow]) -> Markup {
    let language = frame.language;
    let cells = rows.iter().map(|row| {
        vec![
            render_name(row),
            html! { (reveal_controls(&row.title)) },
            render_version(frame, row),
            html! {
                @if let Some(rows) = row.rows { (language.format_number(rows)) }
            },
            html! {
                @if let Some(covers) = &row.covers { (render_period(frame, covers)) }
            },
            html! { (reveal_controls(row.licence.as_deref().unwrap_or_default())) },
            html! { (language.format_number(row.offers)) },
            html! { (language.format_number(row.contracts)) },
        ]
    });
    render_table(&DataTable {
        id: "datasets-caption",
        caption: message!(language, "datasets-caption"),
        columns: vec![
            message!(language, "column-dataset"),
            message!(language, "column-title"),
            message!(language, "column-version"),
            message!(language, "fact-rows"),
            message!(language, "fact-period"),
            message!(language, "fact-licence"),
            message!(language, "offers"),
            message!(language, "column-contracts"),
        ],
        rows: cells.collect(),
    })
}

/// Name of a dataset, with a link where it has a page.
fn render_name(row: &DatasetRow) -> Markup {
    let name = reveal_controls(&row.dataset);
    // Before the first publication nothing is known of its columns.
    let address = row
        .version
        .as_ref()
        .and_then(|_| page_below(PATH, &[&row.dataset]));
    html! {
        @match address {
            Some(address) => { a href=(address) { code { (name) } } }
            None => { code { (name) } }
        }
    }
}

fn render_version(frame: &PageFrame<'_>, row: &DatasetRow) -> Markup {
    let language = frame.language;
    html! {
        @match &row.version {
            Some(version) => { (reveal_controls(version)) }
            None => {
                span.state.open { (message!(language, "not-published")) }
                @if let Some(address) = page_below(PATH, &[&row.dataset]) {
                    br;
                    a href={ (address) "/publish" } { (message!(language, "publish")) "…" }
                }
            }
        }
        @if let Some(at) = &row.published_at {
            div.hint { (render_instant_text(frame, at)) }
        }
        @if let Some(fault) = &row.fault {
            div { (render_stated_fault(fault)) }
        }
    }
}
