//! `hansa dataset sample`: the first rows of a source as they would be published, beside what stands in the file.

use crate::admin::command_result::CommandResult;
use crate::admin::event_sink::EventSink;
use crate::cli::command_report::report_json;
use crate::cli::output::render_table;
use crate::dataset::dataset_lookup::{configured_datasets, unconfigured_dataset_refusal};
use hansa_node::participant::Connector;
use hansa_node::process::blocking_work::run_blocking;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_query::in_place_data::discovery::sample as in_place;
use hansa_query::ingest::config::DatasetConfig;
use hansa_query::ingest::row_builder::preview_row::{PreviewCell, PreviewRow};
use hansa_query::ingest::schema_inference::SourceSample;
use hansa_query::ingest::source_files;
use hansa_query::publication::source_preview::{self, SourcePreview};
use serde::Serialize;
use serde_json::{Map, Value};
use std::sync::Arc;

/// Rows that are wanted.
#[derive(Debug, Clone, Copy)]
pub(super) struct WantedSample {
    /// Number of rows.
    pub(super) rows: usize,
    /// `true` if rows about persons stay unread.
    pub(super) unless_personal: bool,
}

pub(super) async fn show_sample(
    connector: &Arc<Connector>,
    name: &str,
    wanted: WantedSample,
    out: &EventSink,
) -> CommandResult {
    let WantedSample {
        rows,
        unless_personal,
    } = wanted;
    let configs = configured_datasets(connector)?;
    let config = configs
        .into_iter()
        .find(|config| config.name.as_str() == name)
        .ok_or_else(|| unconfigured_dataset_refusal(name))?;
    if unless_personal && is_about_persons(&config) {
        let sentence = format!("{name} has columns about persons, so no row of it is shown");
        out.send_text(sentence).await?;
        return Ok(0);
    }
    let limits = connector.query_limits();
    if let Some(in_place_config) = config.source.in_place.clone() {
        let look = move || in_place::sample_in_place_rows(&config, &in_place_config, rows, &limits);
        let (shown, sample) = run_blocking(look).await?;
        return print_in_place(&shown, &sample, out).await;
    }
    let zone = connector.config().participant.zone.clone();
    let is_prepared = config.prepare.is_some();
    let (shown, preview) = run_blocking(move || read_preview(&config, &zone, rows)).await?;
    print_preview(&shown, &preview, is_prepared, out).await
}

/// `true` if the configuration says that rows or columns are about persons, also in a column that the next publication adds.
fn is_about_persons(config: &DatasetConfig) -> bool {
    let columns = config.columns.iter().map(|column| &column.about);
    let results = config.results.iter().map(|column| &column.about);
    config.personal || columns.chain(results).any(|about| about.personal)
}

/// The first rows of the first file, and its name.
fn read_preview(
    config: &DatasetConfig,
    zone: &str,
    rows: usize,
) -> Result<(String, SourcePreview), Refusal> {
    let files = source_files::list_files(&config.source, &config.folder)?;
    let first = files
        .into_iter()
        .next()
        .ok_or_else(|| Refusal::new(ErrorCode::SourceUnreadable, "the source has no files"))?;
    let preview = source_preview::preview_source(config, zone, &first, rows)?;
    Ok((first.display_name, preview))
}

async fn print_preview(
    shown: &str,
    preview: &SourcePreview,
    is_prepared: bool,
    out: &EventSink,
) -> CommandResult {
    let mut cells = Vec::new();
    let mut notes = String::new();
    for row in &preview.rows {
        let published = SampledRow::of(shown, &preview.names, row);
        out.send_object(report_json(&published), "").await?;
        let mut shown_cells = vec![row.line.to_string()];
        shown_cells.extend(row.cells.iter().map(shown_cell));
        cells.push(shown_cells);
    }
    for bad in preview.counts.bad.values().flat_map(|bad| &bad.samples) {
        let unread = UnreadableSample {
            file: &bad.file,
            line: bad.line,
            unread: 1,
            why: &bad.why,
        };
        out.send_object(report_json(&unread), "").await?;
        notes.push_str(&format!("\nline {} can't be read: {}", bad.line, bad.why));
    }
    if is_prepared {
        notes.push_str("\nthese are the rows that prepare makes the dataset of");
    }
    let mut header = vec!["LINE"];
    header.extend(preview.names.iter().map(String::as_str));
    out.send_text(format!(
        "{shown}\n{}\nas published; ← what stands in the file, where it differs{notes}",
        render_table(&header, &cells)
    ))
    .await?;
    Ok(0)
}

/// Published text of a cell, with the source's text where it differs.
fn shown_cell(cell: &PreviewCell) -> String {
    let source = cell.source.as_deref().unwrap_or_default();
    match &cell.value {
        Ok(value) => {
            let published = source_preview::format_value(value);
            if published == source {
                published
            } else {
                format!("{published} ← {source}")
            }
        }
        Err(_) => format!("unreadable ← {source}"),
    }
}

/// Row as it would be published, by the names of its columns.
#[derive(Debug, Serialize)]
struct SampledRow<'a> {
    file: &'a str,
    line: u64,
    fields: Map<String, Value>,
    /// Texts of the file, where they differ.
    source: Map<String, Value>,
    /// Reasons of the texts that can't be read.
    unreadable: Map<String, Value>,
}

impl<'a> SampledRow<'a> {
    fn of(file: &'a str, names: &[String], row: &PreviewRow) -> Self {
        let mut sampled = Self {
            file,
            line: row.line,
            fields: Map::new(),
            source: Map::new(),
            unreadable: Map::new(),
        };
        for (name, cell) in names.iter().zip(&row.cells) {
            let published = match &cell.value {
                Ok(value) => {
                    let field = source_preview::to_json(value);
                    sampled.fields.insert(name.clone(), field);
                    source_preview::format_value(value)
                }
                Err(why) => {
                    let why = Value::String(why.clone());
                    sampled.unreadable.insert(name.clone(), why);
                    String::new()
                }
            };
            if published != cell.source.as_deref().unwrap_or_default() {
                let source = cell.source.clone().map_or(Value::Null, Value::String);
                sampled.source.insert(name.clone(), source);
            }
        }
        sampled
    }
}

/// Line of a file that can't be read.
#[derive(Debug, Serialize)]
struct UnreadableSample<'a> {
    file: &'a str,
    line: u64,
    /// Number of lines.
    unread: u64,
    why: &'a str,
}

/// Row of a dataset that stays where it is, by the names of its columns.
#[derive(Debug, Serialize)]
struct InPlaceRow<'a> {
    file: &'a str,
    line: u64,
    fields: Map<String, Value>,
}

/// Rows in place are published as they are.
async fn print_in_place(shown: &str, sample: &SourceSample, out: &EventSink) -> CommandResult {
    let mut cells = Vec::new();
    for (line, fields) in &sample.rows {
        let texts = fields.iter().cloned();
        let texts = texts.map(|text| text.map_or(Value::Null, Value::String));
        let named = InPlaceRow {
            file: shown,
            line: *line,
            fields: sample.names.iter().cloned().zip(texts).collect(),
        };
        out.send_object(report_json(&named), "").await?;
        let mut row = vec![line.to_string()];
        row.extend(fields.iter().map(|field| field.clone().unwrap_or_default()));
        cells.push(row);
    }
    let mut header = vec!["LINE"];
    header.extend(sample.names.iter().map(String::as_str));
    out.send_text(format!("{shown}\n{}", render_table(&header, &cells)))
        .await?;
    Ok(0)
}
