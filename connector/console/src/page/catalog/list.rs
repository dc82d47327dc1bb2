//! List of the datasets that other participants offer.

use crate::frame::PageFrame;
use crate::message::message;
use crate::page::catalog::render_access;
use crate::page::contract_list::ROWS_PER_PAGE;
use crate::part::address::{QueryAddress, page_below};
use crate::part::dataset_words::{CoveredPeriod, render_period};
use crate::part::layout::{PageContent, render_layout};
use crate::part::table::{DataTable, render_table};
use crate::part::text::reveal_controls;
use crate::part::time::render_instant_text;
use hansa_policy::term::language::Language;
use maud::{Markup, html};
use serde::Deserialize;

const PATH: &str = "/catalog";

/// Rows of one page of the list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CatalogListView {
    /// Rows in the order of the list.
    pub rows: Vec<CatalogRow>,
    /// Conditions under which the rows were selected.
    pub filter: CatalogFilter,
    /// Name behind which the next page begins; none on the last page.
    pub after: Option<String>,
}

/// Conditions of the list, as its form sends them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CatalogFilter {
    /// Words of the name, the title or the columns; empty for all.
    pub text: String,
    /// Part of the alias or the domain of a participant; empty for all.
    pub with: String,
}

impl CatalogFilter {
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Object of `hansa catalog list --as-known --json`. Unknown members are ignored.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum CatalogRow {
    /// Dataset of a participant.
    Dataset(Box<CatalogSummary>),
    /// Participant whose datasets are not all kept here.
    Omitted(OmittedDatasets),
    /// Participant whose catalogue was not read yet.
    Unread(UnreadCatalog),
}

/// Dataset of a participant in a list.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct CatalogSummary {
    /// Alias of the participant and name of the dataset.
    pub name: String,
    /// Domain of the participant.
    pub participant: String,
    /// Title in the words of the participant.
    #[serde(default)]
    pub title: String,
    /// Licence.
    #[serde(default)]
    pub licence: String,
    /// Number of rows; 0 where it is not disclosed.
    #[serde(default)]
    pub rows: u64,
    /// Instant of the publication.
    #[serde(default)]
    pub published_at: String,
    /// Period that the rows cover.
    #[serde(default)]
    pub covers: Option<CoveredPeriod>,
    /// Ways in which this participant may have the dataset.
    #[serde(default)]
    pub had_by: Vec<String>,
    /// Instant at which the catalogue was read.
    #[serde(default)]
    pub read_at: Option<String>,
}

/// Number of datasets of a participant that are not kept here.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct OmittedDatasets {
    /// Domain of the participant.
    pub participant: String,
    /// Number of datasets.
    pub left_out: u64,
}

/// Participant whose catalogue was not read yet.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct UnreadCatalog {
    /// Domain of the participant.
    pub participant: String,
    /// Alias of the participant.
    pub alias: String,
}

/// Page with the list, its filter and the link to the next rows.
#[must_use]
pub fn render_catalog(frame: &PageFrame<'_>, view: &CatalogListView) -> String {
    let language = frame.language;
    let datasets: Vec<&CatalogSummary> = view
        .rows
        .iter()
        .filter_map(|row| match row {
            CatalogRow::Dataset(summary) => Some(&**summary),
            CatalogRow::Omitted(_) | CatalogRow::Unread(_) => None,
        })
        .collect();
    let body = html! {
        (render_filter(language, &view.filter))
        @if datasets.is_empty() {
            @if view.filter.is_empty() {
                p { (message!(language, "catalog-none")) }
            } @else {
                p { (message!(language, "catalog-none-such")) }
            }
        } @else {
            (render_rows(frame, &datasets))
        }
        @if let Some(after) = &view.after {
            @let number = ROWS_PER_PAGE;
            nav.pager aria-label=(message!(language, "nav-pages")) {
                a href=(next_address(&view.filter, after)) rel="next" {
                    (message!(language, "next-rows", number))
                }
            }
        }
        (render_gaps(language, &view.rows))
    };
    let title = message!(language, "catalog-title");
    render_layout(frame, &PageContent::new(title, body))
}

fn next_address(filter: &CatalogFilter, after: &str) -> QueryAddress {
    QueryAddress::new(PATH)
        .with_filled("text", &filter.text)
        .with_filled("with", &filter.with)
        .with_value("after", after)
}

fn render_filter(language: Language, filter: &CatalogFilter) -> Markup {
    html! {
        form.filter method="get" action=(PATH) role="search" aria-label=(message!(language, "catalog-filter")) {
            div {
                label for="filter-text" { (message!(language, "catalog-filter-text")) }
                input id="filter-text" name="text" type="search" value=(reveal_controls(&filter.text));
            }
            div {
                label for="filter-with" { (message!(language, "catalog-filter-with")) }
                input id="filter-with" name="with" type="text" spellcheck="false"
                    value=(reveal_controls(&filter.with));
            }
            div.buttons {
                button type="submit" { (message!(language, "filter-button")) }
                @if !filter.is_empty() {
                    " " a href=(PATH) { (message!(language, "filter-reset")) }
                }
            }
        }
    }
}

fn render_rows(frame: &PageFrame<'_>, datasets: &[&CatalogSummary]) -> Markup {
    let language = frame.language;
    let rows = datasets.iter().map(|dataset| {
        vec![
            html! {
                (link_dataset(&dataset.name))
                div.hint { bdi { (reveal_controls(&dataset.participant)) } }
            },
            html! { bdi lang="" { (reveal_controls(&dataset.title)) } },
            render_access(language, &dataset.had_by),
            html! {
                @if dataset.rows > 0 { (language.format_number(dataset.rows)) }
            },
            html! {
                @if let Some(covers) = &dataset.covers { (render_period(frame, covers)) }
            },
            html! { bdi { (reveal_controls(&dataset.licence)) } },
            html! {
                (render_instant_text(frame, &dataset.published_at))
                @if let Some(read_at) = &dataset.read_at {
                    div.hint {
                        (message!(language, "catalog-read")) " " (render_instant_text(frame, read_at))
                    }
                }
            },
        ]
    });
    render_table(&DataTable {
        id: "catalog-caption",
        caption: message!(language, "catalog-caption"),
        columns: vec![
            message!(language, "column-dataset"),
            message!(language, "catalog-column-title"),
            message!(language, "column-access"),
            message!(language, "fact-rows"),
            message!(language, "fact-period"),
            message!(language, "fact-licence"),
            message!(language, "column-published"),
        ],
        rows: rows.collect(),
    })
}

/// Link to a dataset from its name `participant.dataset`.
fn link_dataset(name: &str) -> Markup {
    let shown = reveal_controls(name);
    let parts = name.split_once('.');
    let address = parts.and_then(|(alias, dataset)| page_below(PATH, &[alias, dataset]));
    html! {
        @match address {
            Some(address) => { a href=(address) { code { (shown) } } }
            None => { code { (shown) } }
        }
    }
}

/// Participants of whom the list lacks datasets.
fn render_gaps(language: Language, rows: &[CatalogRow]) -> Markup {
    let gaps = rows
        .iter()
        .filter(|row| !matches!(row, CatalogRow::Dataset(_)));
    let items: Vec<Markup> = gaps.map(|row| render_gap(language, row)).collect();
    html! {
        @if !items.is_empty() {
            section aria-labelledby="gaps" {
                h2 id="gaps" { (message!(language, "catalog-gaps")) }
                ul {
                    @for item in items { li { (item) } }
                }
            }
        }
    }
}

fn render_gap(language: Language, row: &CatalogRow) -> Markup {
    match row {
        CatalogRow::Dataset(_) => html! {},
        CatalogRow::Omitted(omitted) => {
            let number = language.format_number(omitted.left_out);
            let participant = reveal_controls(&omitted.participant);
            html! { bdi { (message!(language, "catalog-omitted", participant, number)) } }
        }
        CatalogRow::Unread(unread) => {
            let participant = reveal_controls(&unread.participant);
            html! {
                bdi { (message!(language, "catalog-unread", participant)) } " "
                code { "hansa catalog list " (reveal_controls(&unread.alias)) }
            }
        }
    }
}
