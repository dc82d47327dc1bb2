//! Second step of a new dataset: what was seen in the file, and the statements that no file shows.

use crate::frame::PageFrame;
use crate::message::message;
use crate::page::act_form::ActForm;
use crate::page::act_form::field::{ActField, FieldInput, FieldOption};
use crate::page::dataset::staging::{StagedRow, name_kind};
use crate::part::dataset_words::describe_size;
use crate::part::table::{DataTable, Fact, render_facts, render_table};
use crate::part::text::reveal_controls;
use hansa_policy::term::language::Language;
use maud::{Markup, html};
use serde::Deserialize;

/// Most columns with fields of their own.
pub const DESCRIBED_COLUMNS: usize = 60;

/// Largest number of letters of a statement about a column.
const STATEMENT: usize = 300;

/// Largest number of letters of a name.
const NAME: usize = 60;

/// Most lines that can be left out below the rows.
const MOST_LINES: u64 = 1_000;

/// Object of `hansa dataset add --dry-run --json`. Unknown members are ignored.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct AdditionReport {
    /// Name of the dataset.
    pub dataset: String,
    /// Proposed columns.
    pub columns: Vec<AdditionColumn>,
    /// Number of rows that were looked at.
    pub rows_seen: u64,
    /// Number of these that can't be read.
    pub rows_unread: u64,
    /// First of them.
    pub first_unread: Option<UnreadLine>,
    /// Assumptions, in English.
    pub assumed: Vec<String>,
    /// Questions to a person, in English.
    pub questions: Vec<String>,
}

/// Proposed column.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct AdditionColumn {
    /// Proposed name.
    pub name: String,
    /// Columns of the file of which it is made.
    pub from: Vec<String>,
    /// Type.
    #[serde(rename = "type")]
    pub kind: String,
}

impl AdditionColumn {
    fn is_number(&self) -> bool {
        matches!(self.kind.as_str(), "int" | "float") || self.kind.starts_with("decimal")
    }
}

/// Line that can't be read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct UnreadLine {
    /// Number of the line.
    pub line: u64,
    /// Reason, in English.
    pub why: String,
}

/// Content of a staged file, as far as a look at it shows.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct AdditionView {
    /// The file.
    pub file: StagedRow,
    /// Columns and unreadable lines that were found.
    pub report: AdditionReport,
}

/// Name of the field of a statement about a column, by its place among the proposed ones.
#[must_use]
pub fn column_field(statement: &str, place: usize) -> String {
    format!("{statement}-of-{place}")
}

/// Page that shows what was seen in a file, with the form that adds a dataset of it.
#[must_use]
pub fn describe_addition(frame: &PageFrame<'_>, view: &AdditionView) -> ActForm {
    let language = frame.language;
    let mut form = ActForm::new(
        message!(language, "add-title"),
        message!(language, "add-button"),
        message!(language, "add-done"),
    );
    form.consequences = vec![
        message!(language, "add-effect"),
        message!(language, "add-unpublished"),
    ];
    form.warnings = list_warnings(language, &view.report);
    form.body = render_seen(frame, view);
    form.fields = list_fields(language, &view.report);
    form
}

/// Page before a file is removed.
#[must_use]
pub fn describe_removal(frame: &PageFrame<'_>, file: &StagedRow) -> ActForm {
    let language = frame.language;
    let mut form = ActForm::new(
        message!(language, "unstage-title"),
        message!(language, "staged-remove"),
        message!(language, "unstage-done"),
    );
    form.consequences = vec![message!(language, "unstage-effect")];
    form.body = render_facts(&list_file_facts(language, file));
    form
}

fn list_warnings(language: Language, report: &AdditionReport) -> Vec<String> {
    if report.rows_unread == 0 {
        return Vec::new();
    }
    let number = language.format_number(report.rows_unread);
    let all = language.format_number(report.rows_seen);
    vec![message!(language, "seen-unread", number, all)]
}

fn list_file_facts(language: Language, file: &StagedRow) -> Vec<Fact> {
    vec![
        Fact::new(
            message!(language, "staged-file"),
            html! { bdi { (reveal_controls(&file.name)) } },
        ),
        Fact::new(
            message!(language, "staged-kind"),
            html! { (name_kind(language, &file.kind)) },
        ),
        Fact::new(
            message!(language, "fact-size"),
            html! { (describe_size(language, file.bytes)) },
        ),
    ]
}

/// File, columns, and what was assumed.
fn render_seen(frame: &PageFrame<'_>, view: &AdditionView) -> Markup {
    let language = frame.language;
    let report = &view.report;
    let mut facts = list_file_facts(language, &view.file);
    facts.push(Fact::new(
        message!(language, "seen-rows"),
        html! { (language.format_number(report.rows_seen)) },
    ));
    html! {
        h2 { (message!(language, "seen")) }
        (render_facts(&facts))
        @if let Some(first) = &report.first_unread {
            @let line = language.format_number(first.line);
            p {
                (message!(language, "seen-first-unread", line)) " "
                span lang="en" { (reveal_controls(&first.why)) }
            }
        }
        (render_table(&DataTable {
            id: "seen-caption",
            caption: message!(language, "seen-columns"),
            columns: vec![
                message!(language, "column-name"),
                message!(language, "seen-from"),
                message!(language, "column-type"),
            ],
            rows: report.columns.iter().map(column_cells).collect(),
        }))
        (render_lines(message!(language, "seen-assumed"), &report.assumed))
        (render_lines(message!(language, "seen-questions"), &report.questions))
    }
}

fn column_cells(column: &AdditionColumn) -> Vec<Markup> {
    vec![
        html! { code { (reveal_controls(&column.name)) } },
        html! {
            @for from in &column.from {
                bdi { (reveal_controls(from)) } " "
            }
        },
        html! { code { (reveal_controls(&column.kind)) } },
    ]
}

fn render_lines(heading: String, lines: &[String]) -> Markup {
    html! {
        @if !lines.is_empty() {
            h3 { (heading) }
            ul lang="en" {
                @for line in lines {
                    li { (reveal_controls(line)) }
                }
            }
        }
    }
}

fn list_fields(language: Language, report: &AdditionReport) -> Vec<ActField> {
    let line = |most| FieldInput::Line { most };
    let columns = report.columns.iter();
    let options: Vec<FieldOption> = columns
        .map(|column| FieldOption::plain(&column.name))
        .collect();
    let mut fields = vec![
        ActField::new(
            "name",
            message!(language, "add-name"),
            message!(language, "add-name-fault"),
            line(NAME),
        )
        .with_hint(message!(language, "add-name-hint"))
        .with_initial(&report.dataset),
        ActField::new(
            "title",
            message!(language, "column-title"),
            message!(language, "add-title-fault"),
            line(STATEMENT),
        )
        .with_hint(message!(language, "add-title-hint")),
        ActField::new(
            "licence",
            message!(language, "fact-licence"),
            message!(language, "add-licence-fault"),
            line(STATEMENT),
        )
        .with_hint(message!(language, "add-licence-hint")),
        ActField::new(
            "origin",
            message!(language, "fact-origin"),
            message!(language, "add-origin-fault"),
            FieldInput::Choice(list_origins(language)),
        )
        .mark_optional(),
        ActField::new(
            "leaves",
            message!(language, "add-leaves"),
            message!(language, "add-leaves-fault"),
            FieldInput::Choices(options.clone()),
        )
        .with_hint(message!(language, "add-leaves-hint")),
        ActField::new(
            "persons",
            message!(language, "add-persons"),
            message!(language, "add-persons-fault"),
            FieldInput::Choices(options),
        )
        .with_hint(message!(language, "add-persons-hint"))
        .mark_optional(),
        ActField::new(
            "about-persons",
            message!(language, "add-about-persons"),
            message!(language, "add-persons-fault"),
            FieldInput::Tick,
        )
        .mark_optional(),
        ActField::new(
            "skip-last-lines",
            message!(language, "add-skip"),
            message!(language, "add-skip-fault"),
            FieldInput::Number {
                least: 0,
                most: MOST_LINES,
            },
        )
        .with_hint(message!(language, "add-skip-hint"))
        .mark_optional(),
    ];
    let described = report.columns.iter().take(DESCRIBED_COLUMNS);
    for (place, column) in described.enumerate() {
        let name = reveal_controls(&column.name).into_owned();
        fields.push(
            ActField::new(
                &column_field("name", place),
                message!(language, "add-column-name", name),
                message!(language, "add-name-fault"),
                line(NAME),
            )
            .with_initial(&column.name),
        );
        fields.push(
            ActField::new(
                &column_field("meaning", place),
                message!(language, "add-column-meaning", name),
                message!(language, "add-statement-fault"),
                line(STATEMENT),
            )
            .mark_optional(),
        );
        if column.is_number() {
            fields.push(
                ActField::new(
                    &column_field("unit", place),
                    message!(language, "add-column-unit", name),
                    message!(language, "add-statement-fault"),
                    line(NAME),
                )
                .with_hint(message!(language, "add-unit-hint"))
                .mark_optional(),
            );
        }
    }
    fields
}

/// Origins of values, as the command names them.
fn list_origins(language: Language) -> Vec<FieldOption> {
    [
        ("measured", message!(language, "origin-measured")),
        ("forecast", message!(language, "origin-forecast")),
        ("modelled", message!(language, "origin-modelled")),
        ("estimated", message!(language, "origin-estimated")),
    ]
    .into_iter()
    .map(|(value, label)| FieldOption {
        value: value.to_owned(),
        label,
    })
    .collect()
}
