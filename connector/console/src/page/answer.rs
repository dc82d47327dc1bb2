//! Kept answer: its rows page by page, what it lacks, what is owed for it, and its files.

pub mod answer_files;
pub mod answer_map;
mod answer_numbers;

use crate::frame::PageFrame;
use crate::message::message;
use crate::page::answer::answer_map::MapColumns;
use crate::page::answer::answer_numbers::CellForm;
use crate::page::ask::explanation::{MissingView, render_missing};
use crate::page::fault::{FaultView, render_fault_facts};
use crate::part::address::answer_address;
use crate::part::chart::{ChartKind, ChartPoint, render_chart};
use crate::part::contract_words::{link_contract, render_state};
use crate::part::layout::{PageContent, render_layout};
use crate::part::table::{DataTable, Fact, render_aligned_table, render_facts, render_table};
use crate::part::text::reveal_controls;
use crate::part::time::render_instant_text;
use hansa_policy::term::language::Language;
use maud::{Markup, html};
use serde::Deserialize;

/// Most columns of a page. The files have all of them.
pub const MOST_COLUMNS: usize = 40;

/// Most letters of a cell of a page. The files have all of them.
const LONGEST_CELL: usize = 300;

/// State of an answer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AnswerState {
    /// More rows may come.
    #[default]
    Running,
    /// All rows are here, of all participants.
    Complete,
    /// The answer has ended, and lacks the rows of a participant.
    Incomplete,
    /// The person has stopped the question.
    Stopped,
    /// The question was refused, or its answer broke off.
    Failed,
}

impl AnswerState {
    /// State with a mark that differs in its form, not only in its colour.
    pub(crate) fn render(self, language: Language) -> Markup {
        html! {
            @match self {
                Self::Running => { span.state.open { (message!(language, "answer-running")) } }
                Self::Complete => { span.state.good { (message!(language, "answer-complete")) } }
                Self::Incomplete => { span.mark.bad { (message!(language, "answer-incomplete")) } }
                Self::Stopped => { span.state.over { (message!(language, "answer-stopped")) } }
                Self::Failed => { span.mark.bad { (message!(language, "answer-failed")) } }
            }
        }
    }
}

/// Content of a column.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ColumnKind {
    /// Numbers.
    Number,
    /// Instants or days.
    Time,
    /// Anything else.
    #[default]
    Text,
}

/// Page of an answer.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct AnswerView {
    /// Identity of the answer.
    pub id: String,
    /// Text of the question.
    pub sql: String,
    /// Declared purpose; empty for that of the configuration.
    #[serde(default)]
    pub purpose: String,
    /// `true` if the answer may lack a participant.
    #[serde(default)]
    pub is_partial: bool,
    /// Instant of the question.
    pub at: String,
    /// State of the answer.
    pub state: AnswerState,
    /// Number of rows that have come.
    pub rows: u64,
    /// Number of the page, from 1.
    pub page: u64,
    /// Number of pages, at least 1.
    pub pages: u64,
    /// Number of the first row of the page, from 1.
    pub first_row: u64,
    /// Names of the columns, at most [`MOST_COLUMNS`]; none while no row has come.
    #[serde(default)]
    pub columns: Option<Vec<String>>,
    /// `true` if the columns have a longitude and a latitude.
    #[serde(default)]
    pub has_coordinates: bool,
    /// Content of each of these columns.
    #[serde(default, rename = "kind")]
    pub column_kinds: Vec<ColumnKind>,
    /// Number of columns that the page leaves out.
    #[serde(default)]
    pub more_columns: u64,
    /// Cells of the rows of the page.
    #[serde(default)]
    pub cells: Vec<Vec<String>>,
    /// Report below the answer.
    #[serde(default)]
    pub report: Option<AnswerReport>,
    /// English lines that came beside the answer.
    #[serde(default)]
    pub notices: Vec<String>,
    /// Duties of the contracts under which the answer came.
    #[serde(default)]
    pub owed: Vec<OwedDuties>,
    /// Reason why there is no answer.
    #[serde(default)]
    pub fault: Option<FaultView>,
    /// Minutes for which the answer is kept after the last look.
    pub minutes_kept: u32,
    /// `true` if its files are given only after a proof that the person is present.
    #[serde(default)]
    pub files_need_presence: bool,
}

/// Object `hansa` below the rows of `hansa sql --json`. Unknown members are ignored.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct AnswerReport {
    /// `false` if a participant is missing.
    #[serde(default)]
    pub complete: bool,
    /// Participants that were asked.
    #[serde(default)]
    pub participants: Vec<ParticipantPart>,
    /// Participants that are missing.
    #[serde(default)]
    pub missing: Vec<MissingView>,
    /// English warnings about the answer.
    #[serde(default)]
    pub notices: Vec<String>,
}

/// Part of an answer that one participant sent.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct ParticipantPart {
    /// Domain of the participant.
    pub participant: String,
    /// Number of its rows.
    #[serde(default)]
    pub rows: u64,
    /// State in the word of `hansa sql`.
    #[serde(default)]
    pub status: String,
    /// Datasets that were read.
    #[serde(default)]
    pub reads: Vec<ReadPart>,
}

/// Dataset of which an answer has a part.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct ReadPart {
    /// Name of the dataset.
    pub dataset: String,
    /// Identity of the contract; none for own data.
    #[serde(default)]
    pub contract: Option<String>,
    /// Label of the snapshot.
    #[serde(default)]
    pub snapshot: String,
    /// Licence of the dataset.
    #[serde(default)]
    pub licence: String,
    /// Texts that name the source.
    #[serde(default)]
    pub attribution: Vec<String>,
}

/// Duties of a contract under which an answer came.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct OwedDuties {
    /// Identity of the contract.
    pub contract: String,
    /// Domain of the provider.
    pub participant: String,
    /// Name of the dataset.
    pub dataset: String,
    /// State of the contract now, in the word of `hansa contract list`.
    pub state: String,
    /// Clauses with a duty, in the language of the page.
    #[serde(default)]
    pub duties: Vec<OwedDuty>,
}

/// Clause with a duty.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct OwedDuty {
    /// Number of the clause.
    pub clause: String,
    /// Sentence of the clause.
    pub text: String,
}

/// Page with the rows of an answer, or with what stands in their place.
#[must_use]
pub fn render_answer(frame: &PageFrame<'_>, view: &AnswerView) -> String {
    let language = frame.language;
    let body = html! {
        @if let Some(fault) = &view.fault {
            (render_fault_facts(language, fault))
        }
        (render_warnings(language, view))
        (render_answer_facts(frame, view))
        (render_acts(language, view))
        @if view.fault.is_none() {
            (render_rows(language, view))
            (render_files(language, view))
        }
        @if let Some(report) = &view.report {
            (render_sources(language, report))
        }
        (render_owed(language, &view.owed))
        h2 { (message!(language, "answer-question")) }
        pre { code { (reveal_controls(&view.sql)) } }
        (render_again(language, view))
    };
    let title = message!(language, "answer-title");
    render_layout(
        frame,
        &PageContent {
            heading: html! { (title) },
            title,
            body,
            is_error: view.fault.is_some(),
        },
    )
}

/// Participants that are missing stand before the rows.
fn render_warnings(language: Language, view: &AnswerView) -> Markup {
    let missing = view.report.as_ref().map(|report| report.missing.as_slice());
    let missing = missing.unwrap_or_default();
    let is_incomplete = view.state == AnswerState::Incomplete
        || view.report.as_ref().is_some_and(|report| !report.complete);
    let notices = list_notices(view);
    html! {
        @if is_incomplete || !missing.is_empty() {
            div.summary {
                h2 { (message!(language, "answer-lacks")) }
                (render_missing(language, missing))
            }
        }
        @if view.state == AnswerState::Stopped {
            div.summary { p { strong { (message!(language, "answer-not-whole")) } } }
        }
        @if !notices.is_empty() {
            h2 { (message!(language, "answer-notices")) }
            ul lang="en" {
                @for notice in notices {
                    li { (reveal_controls(notice)) }
                }
            }
        }
    }
}

/// Warnings about the answer, which hold for each of its figures.
fn list_notices(view: &AnswerView) -> Vec<&str> {
    let own = view.report.iter().flat_map(|report| &report.notices);
    own.chain(&view.notices).map(String::as_str).collect()
}

fn render_answer_facts(frame: &PageFrame<'_>, view: &AnswerView) -> Markup {
    let language = frame.language;
    let purpose = html! {
        @if view.purpose.is_empty() {
            (message!(language, "ask-purpose-own"))
        } @else {
            code { (reveal_controls(&view.purpose)) }
        }
    };
    let missing = view.report.iter().flat_map(|report| &report.missing);
    let missing: Vec<&str> = missing.map(|part| part.participant.as_str()).collect();
    let state = html! {
        (view.state.render(language))
        @if !missing.is_empty() {
            br; (message!(language, "answer-missing")) " "
            @for (at, participant) in missing.iter().enumerate() {
                @if at > 0 { ", " }
                bdi { (reveal_controls(participant)) }
            }
        }
    };
    render_facts(&[
        Fact::new(message!(language, "column-state"), state),
        Fact::new(
            message!(language, "ask-column-rows"),
            html! { (language.format_number(view.rows)) },
        ),
        Fact::new(
            message!(language, "answer-asked"),
            render_instant_text(frame, &view.at),
        ),
        Fact::new(message!(language, "ask-purpose"), purpose),
    ])
}

fn render_acts(language: Language, view: &AnswerView) -> Markup {
    let minutes = view.minutes_kept;
    html! {
        @if view.state == AnswerState::Running {
            p { (message!(language, "answer-runs-on")) }
            @if let Some(address) = answer_address(&view.id) {
                form.buttons method="post" action={ (address) "/stop" } {
                    button type="submit" { (message!(language, "answer-stop")) }
                }
            }
        } @else if view.fault.is_none() {
            p.hint { (message!(language, "answer-kept", minutes)) }
        }
    }
}

fn render_rows(language: Language, view: &AnswerView) -> Markup {
    let Some(columns) = &view.columns else {
        return html! {
            @if view.state != AnswerState::Running { p { (message!(language, "answer-no-rows")) } }
        };
    };
    if view.cells.is_empty() {
        return html! {
            p {
                @if view.state == AnswerState::Running {
                    (message!(language, "answer-no-rows-yet"))
                } @else {
                    (message!(language, "answer-no-rows"))
                }
            }
            p { (message!(language, "table-columns")) " " (render_column_names(columns)) }
        };
    }
    let first = language.format_number(view.first_row);
    let count = u64::try_from(view.cells.len()).unwrap_or(u64::MAX);
    let last = language.format_number(view.first_row.saturating_add(count).saturating_sub(1));
    let rows = language.format_number(view.rows);
    let number = view.more_columns;
    let forms = CellForm::of_columns(columns, &view.column_kinds, &view.cells);
    let is_number: Vec<bool> = forms.iter().map(|form| form.is_number()).collect();
    let render_row = |cells: &Vec<String>| {
        let cells = cells.iter().zip(&forms);
        let cells = cells.map(|(cell, form)| render_cell(&form.write_cell(language, cell)));
        cells.collect()
    };
    let table = DataTable {
        id: "rows-caption",
        caption: mark_part(
            language,
            view,
            message!(language, "answer-rows", first, last, rows),
        ),
        columns: columns
            .iter()
            .map(|name| reveal_controls(name).into_owned())
            .collect(),
        rows: view.cells.iter().map(render_row).collect(),
    };
    html! {
        (render_aligned_table(&table, &is_number))
        (render_rows_chart(language, view, columns, &forms))
        @if let (Some(_), Some(address)) = (MapColumns::of(columns), answer_address(&view.id)) {
            p { a href={ (address) "/map" } { (message!(language, "answer-map-open")) } }
        }
        @if view.more_columns > 0 {
            p.hint { (message!(language, "answer-more-columns", number)) }
        }
        (render_pager(language, view))
    }
}

/// Title of a table or chart. One with a part of an answer says so.
fn mark_part(language: Language, view: &AnswerView, title: String) -> String {
    match view.state {
        AnswerState::Complete => title,
        AnswerState::Running
        | AnswerState::Incomplete
        | AnswerState::Stopped
        | AnswerState::Failed => message!(language, "answer-part-of", title),
    }
}

/// Chart of the rows of the page: the first column of numbers by the first other column. Every value is in the table, too.
fn render_rows_chart(
    language: Language,
    view: &AnswerView,
    columns: &[String],
    forms: &[CellForm],
) -> Markup {
    let position = |is_wanted: fn(ColumnKind) -> bool| {
        let mut kinds = view.column_kinds.iter();
        kinds.position(|kind| is_wanted(*kind))
    };
    let label = position(|kind| kind != ColumnKind::Number);
    let number = position(|kind| kind == ColumnKind::Number);
    let (Some(label), Some(number)) = (label, number) else {
        return html! {};
    };
    let write_number = |cells: &Vec<String>| match (forms.get(number), cells.get(number)) {
        (Some(form), Some(cell)) => form.write_cell(language, cell),
        (_, _) => String::new(),
    };
    let texts: Vec<String> = view.cells.iter().map(write_number).collect();
    let points = view.cells.iter().zip(&texts).filter_map(|(cells, text)| {
        let value: f64 = cells.get(number)?.parse().ok()?;
        value.is_finite().then(|| ChartPoint {
            label: cells.get(label).map_or("", String::as_str),
            value,
            text,
        })
    });
    let points: Vec<ChartPoint<'_>> = points.collect();
    let (Some(by), Some(of)) = (columns.get(label), columns.get(number)) else {
        return html! {};
    };
    if points.len() < 2 {
        return html! {};
    }
    let is_time = view.column_kinds.get(label) == Some(&ColumnKind::Time);
    // A line between times that are not in their order says nothing.
    let kind = match is_time && points.is_sorted_by_key(|point| point.label) {
        true => ChartKind::Line,
        false => ChartKind::Bars,
    };
    let (of, by) = (reveal_controls(of), reveal_controls(by));
    let title = message!(language, "answer-chart", of, by);
    let title = mark_part(language, view, title);
    let number = u64::try_from(view.cells.len().saturating_sub(points.len())).unwrap_or(u64::MAX);
    html! {
        details {
            summary { (message!(language, "answer-chart-open")) }
            (render_chart(kind, &title, &points))
            @if !list_notices(view).is_empty() {
                p { strong { (message!(language, "answer-notices-hold")) } }
            }
            @if number > 0 {
                p.hint { (message!(language, "answer-chart-left-out", number)) }
            }
        }
    }
}

fn render_column_names(columns: &[String]) -> Markup {
    html! {
        @for (at, name) in columns.iter().enumerate() {
            @if at > 0 { ", " }
            code { (reveal_controls(name)) }
        }
    }
}

fn render_cell(cell: &str) -> Markup {
    let kept: String = cell.chars().take(LONGEST_CELL).collect();
    let is_cut = kept.len() < cell.len();
    html! { bdi { (reveal_controls(&kept)) @if is_cut { "…" } } }
}

fn render_pager(language: Language, view: &AnswerView) -> Markup {
    let Some(address) = answer_address(&view.id) else {
        return html! {};
    };
    let page = language.format_number(view.page);
    let pages = language.format_number(view.pages);
    let to_page = |number: u64| format!("{address}?page={number}");
    html! {
        @if view.pages > 1 {
            nav.pager aria-label=(message!(language, "nav-answer-pages")) {
                ul {
                    @if view.page > 1 {
                        li { a href=(to_page(view.page - 1)) rel="prev" { (message!(language, "answer-previous-page")) } }
                    }
                    li { (message!(language, "answer-page-of", page, pages)) }
                    @if view.page < view.pages {
                        li { a href=(to_page(view.page.saturating_add(1))) rel="next" { (message!(language, "answer-next-page")) } }
                    }
                }
            }
            form.filter method="get" action=(address) {
                div {
                    label for="page" { (message!(language, "answer-go-to-page")) }
                    input id="page" name="page" type="number" min="1" max=(view.pages) value=(view.page);
                }
                div.buttons { button type="submit" { (message!(language, "answer-go-to-page-button")) } }
            }
        }
    }
}

fn render_files(language: Language, view: &AnswerView) -> Markup {
    let has_ended = matches!(view.state, AnswerState::Complete | AnswerState::Incomplete);
    let file = |format: &str, name: &str, use_of_file: String| {
        let address = answer_address(&view.id);
        html! {
            @if let Some(address) = address {
                // The response says that it is a file. A reason why there is none is shown as a page.
                li { a href={ (address) "/" (format) } { (name) } " – " (use_of_file) }
            }
        }
    };
    html! {
        @if has_ended && view.columns.is_some() {
            h2 { (message!(language, "answer-files")) }
            @if view.state == AnswerState::Incomplete {
                p { (message!(language, "answer-files-incomplete")) }
            }
            ul {
                (file("csv", "CSV", message!(language, "file-csv")))
                (file("xlsx", "Excel", message!(language, "file-xlsx")))
                (file("parquet", "Parquet", message!(language, "file-exact")))
                (file("arrow", "Arrow", message!(language, "file-exact")))
                @if view.has_coordinates {
                    (file("geojson", "GeoJSON", message!(language, "file-geojson")))
                }
            }
            @if view.files_need_presence { p { (message!(language, "files-ask-presence")) } }
            p.hint { (message!(language, "answer-files-own")) }
        }
    }
}

fn render_sources(language: Language, report: &AnswerReport) -> Markup {
    let cells = report.participants.iter().flat_map(|part| {
        part.reads.iter().map(|read| {
            vec![
                html! { bdi { (reveal_controls(&part.participant)) } },
                html! { code { (reveal_controls(&read.dataset)) } br; (reveal_controls(&read.snapshot)) },
                match &read.contract {
                    Some(contract) => link_contract(contract),
                    None => html! { (message!(language, "takes-own-data")) },
                },
                html! {
                    @if part.status == "not_asked" {
                        (message!(language, "source-not-asked"))
                    } @else {
                        (language.format_number(part.rows))
                    }
                },
                html! {
                    (reveal_controls(&read.licence))
                    @for text in &read.attribution { br; q lang="" dir="auto" { (reveal_controls(text)) } }
                },
            ]
        })
    });
    let rows: Vec<Vec<Markup>> = cells.collect();
    html! {
        @if !rows.is_empty() {
            h2 { (message!(language, "answer-sources")) }
            (render_table(&DataTable {
                id: "sources-caption",
                caption: message!(language, "sources-caption"),
                columns: vec![
                    message!(language, "ask-column-participant"),
                    message!(language, "column-dataset"),
                    message!(language, "column-contract"),
                    message!(language, "ask-column-rows"),
                    message!(language, "ask-column-licence"),
                ],
                rows,
            }))
        }
    }
}

fn render_owed(language: Language, owed: &[OwedDuties]) -> Markup {
    html! {
        @if !owed.is_empty() {
            h2 { (message!(language, "answer-owed")) }
            @for contract in owed {
                @let participant = reveal_controls(&contract.participant);
                @let dataset = reveal_controls(&contract.dataset);
                h3 { bdi { (message!(language, "owed-to", participant, dataset)) } }
                p {
                    (link_contract(&contract.contract)) " " (render_state(language, &contract.state))
                }
                @if contract.state != "in force" {
                    p { (message!(language, "owed-after-end")) }
                }
                @if contract.duties.is_empty() {
                    p { (message!(language, "owed-nothing")) }
                } @else {
                    ul {
                        @for duty in &contract.duties {
                            li { (reveal_controls(&duty.clause)) " " (reveal_controls(&duty.text)) }
                        }
                    }
                }
            }
        }
    }
}

/// Form that takes the question back to the page for questions. It asks nothing.
fn render_again(language: Language, view: &AnswerView) -> Markup {
    html! {
        form.buttons method="post" action="/ask" {
            input type="hidden" name="step" value="edit";
            input type="hidden" name="sql" value=(reveal_controls(&view.sql));
            input type="hidden" name="purpose" value=(reveal_controls(&view.purpose));
            @if view.is_partial { input type="hidden" name="partial" value="yes"; }
            button type="submit" { (message!(language, "answer-edit")) }
        }
        p.hint { (message!(language, "ask-counts")) }
    }
}
