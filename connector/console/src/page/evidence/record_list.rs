//! List of the records of the log, the newest first.

use crate::frame::PageFrame;
use crate::message::message;
use crate::page::evidence::record::{
    LogRecord, link_record, render_contract_links, render_counterparty, render_dataset_names,
    render_row_count,
};
use crate::page::evidence::record_words::{
    OUTCOMES, outcome_word, record_kind_word, render_outcome,
};
use crate::part::address::QueryAddress;
use crate::part::layout::{PageContent, render_layout};
use crate::part::table::{DataTable, render_table};
use crate::part::text::reveal_controls;
use crate::part::time::render_instant_text;
use hansa_audit_log::record::body::RecordBody;
use hansa_policy::term::language::Language;
use maud::{Markup, html};

/// Path of the list.
pub(crate) const PATH: &str = "/evidence/records";

/// Rows of one page of the list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RecordListView {
    /// Records, the newest first.
    pub records: Vec<LogRecord>,
    /// Conditions under which the records were selected.
    pub filter: RecordListFilter,
    /// Place before which all records of the page stand; none on the first page.
    pub before: Option<u64>,
    /// Place before which older records have not been read; none where the log begins.
    pub continues_before: Option<u64>,
}

/// Conditions of the list, as its form sends them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RecordListFilter {
    /// Other participant.
    pub participant: String,
    /// Dataset.
    pub dataset: String,
    /// Contract, by its identity or its first digits.
    pub contract: String,
    /// Kind, outcome or code.
    pub outcome: String,
    /// First day or instant.
    pub from: String,
    /// First day or instant after the range.
    pub to: String,
    /// `true` for records that tell of signed heads, too.
    pub checkpoints: bool,
}

impl RecordListFilter {
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Page with the list, its filter and the links to other records.
#[must_use]
pub fn render_records(frame: &PageFrame<'_>, view: &RecordListView) -> String {
    let language = frame.language;
    let body = html! {
        p { (message!(language, "records-lead")) }
        (render_number_form(language))
        (render_filter(language, &view.filter))
        @if view.records.is_empty() {
            p {
                @if view.continues_before.is_some() {
                    (message!(language, "records-none-yet"))
                } @else {
                    (message!(language, "records-none"))
                }
            }
        } @else {
            (render_rows(frame, &view.records))
        }
        (render_pager(language, view))
    };
    let title = message!(language, "records-title");
    render_layout(frame, &PageContent::new(title, body))
}

/// Address of the list with its conditions.
fn list_address(filter: &RecordListFilter) -> QueryAddress {
    let checkpoints = if filter.checkpoints { "yes" } else { "" };
    QueryAddress::new(PATH)
        .with_filled("participant", &filter.participant)
        .with_filled("dataset", &filter.dataset)
        .with_filled("contract", &filter.contract)
        .with_filled("outcome", &filter.outcome)
        .with_filled("from", &filter.from)
        .with_filled("to", &filter.to)
        .with_filled("checkpoints", checkpoints)
}

fn render_pager(language: Language, view: &RecordListView) -> Markup {
    html! {
        @if view.before.is_some() || view.continues_before.is_some() {
            nav.pager aria-label=(message!(language, "nav-pages")) {
                ul {
                    @if view.before.is_some() {
                        li { a href=(list_address(&view.filter)) { (message!(language, "records-newest")) } }
                    }
                    @if let Some(place) = view.continues_before {
                        @let address = list_address(&view.filter).with_value("before", &place.to_string());
                        li {
                            a href=(address) rel="next" {
                                @if view.records.is_empty() {
                                    (message!(language, "records-search-on"))
                                } @else {
                                    (message!(language, "records-older"))
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// Form that leads to one record by its number.
fn render_number_form(language: Language) -> Markup {
    html! {
        form.filter method="get" action="/evidence/records" aria-label=(message!(language, "record-by-number")) {
            div {
                label for="record-number" { (message!(language, "record-number")) }
                input id="record-number" name="number" type="text" inputmode="numeric" pattern="[0-9]+" required
                    autocomplete="off";
            }
            div.buttons {
                button type="submit" { (message!(language, "record-open")) }
            }
        }
    }
}

fn render_filter(language: Language, filter: &RecordListFilter) -> Markup {
    html! {
        form.filter method="get" action=(PATH) role="search" aria-label=(message!(language, "records-filter")) {
            (render_text_field("participant", message!(language, "filter-with"), &filter.participant))
            (render_text_field("dataset", message!(language, "column-dataset"), &filter.dataset))
            (render_text_field("contract", message!(language, "column-contract"), &filter.contract))
            (render_outcome_field(language, &filter.outcome))
            (render_day_field("from", message!(language, "filter-from"), &filter.from))
            (render_day_field("to", message!(language, "filter-before"), &filter.to))
            div.choice {
                input id="filter-checkpoints" name="checkpoints" type="checkbox" value="yes" checked[filter.checkpoints];
                label for="filter-checkpoints" { (message!(language, "filter-checkpoints")) }
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

/// Field for a name.
pub(super) fn render_text_field(name: &str, label: String, value: &str) -> Markup {
    let id = format!("filter-{name}");
    html! {
        div {
            label for=(id) { (label) }
            input id=(id) name=(name) type="text" spellcheck="false" value=(reveal_controls(value));
        }
    }
}

/// Field for a day. An instant, which comes from a link alone, is shown as text.
pub(super) fn render_day_field(name: &str, label: String, value: &str) -> Markup {
    let is_day = value.is_empty() || value.len() == "2026-12-01".len();
    let kind = if is_day { "date" } else { "text" };
    let id = format!("filter-{name}");
    html! {
        div {
            label for=(id) { (label) }
            input id=(id) name=(name) type=(kind) value=(reveal_controls(value));
        }
    }
}

fn render_outcome_field(language: Language, chosen: &str) -> Markup {
    let is_known =
        chosen.is_empty() || OUTCOMES.contains(&chosen) || RecordBody::KINDS.contains(&chosen);
    html! {
        div {
            label for="filter-outcome" { (message!(language, "filter-kind")) }
            select id="filter-outcome" name="outcome" {
                option value="" selected[chosen.is_empty()] { (message!(language, "filter-any")) }
                @if !is_known {
                    // A code comes from an address alone.
                    option value=(reveal_controls(chosen)) selected { (reveal_controls(chosen)) }
                }
                @for outcome in OUTCOMES {
                    @let word = outcome_word(language, outcome).unwrap_or_default();
                    option value=(outcome) selected[chosen == outcome] { (message!(language, "filter-ended", word)) }
                }
                @for kind in RecordBody::KINDS {
                    option value=(kind) selected[chosen == *kind] { (record_kind_word(language, kind)) }
                }
            }
        }
    }
}

fn render_rows(frame: &PageFrame<'_>, records: &[LogRecord]) -> Markup {
    let language = frame.language;
    let rows = records.iter().map(|record| {
        vec![
            link_record(record.seq),
            render_instant_text(frame, &record.at),
            html! { (record_kind_word(language, &record.kind)) },
            render_counterparty(record),
            render_dataset_names(record),
            render_contract_links(record),
            render_row_count(language, record),
            html! {
                @if let Some(outcome) = record.outcome() { (render_outcome(language, outcome)) }
            },
        ]
    });
    render_table(&DataTable {
        id: "records-caption",
        caption: message!(language, "records-caption"),
        columns: vec![
            message!(language, "column-number"),
            message!(language, "column-time"),
            message!(language, "column-kind"),
            message!(language, "column-with"),
            message!(language, "column-dataset"),
            message!(language, "column-contract"),
            message!(language, "column-rows"),
            message!(language, "column-outcome"),
        ],
        rows: rows.collect(),
    })
}
