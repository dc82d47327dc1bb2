//! `hansa dataset sample`: the first rows of a source as they would be published, beside what stands in the file.

use crate::admin::command_result::CommandResult;
use crate::admin::event_sink::EventSink;
use crate::cli::output::table;
use crate::dataset::{configured_datasets, unconfigured_dataset_refusal};
use hansa_node::participant::Connector;
use hansa_node::process::blocking_work::blocking;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_query::in_place_data::discovery::sample as in_place;
use hansa_query::ingest::config::DatasetConfig;
use hansa_query::ingest::row_builder::preview_row::{PreviewCell, PreviewRow};
use hansa_query::ingest::schema_inference::SourceSample;
use hansa_query::ingest::source_files;
use hansa_query::publication::source_preview::{self, SourcePreview};
use serde_json::{Map, Value, json};
use std::sync::Arc;

pub(super) async fn sample(
    connector: &Arc<Connector>,
    name: &str,
    rows: usize,
    out: &EventSink,
) -> CommandResult {
    let configs = configured_datasets(connector)?;
    let config = configs
        .into_iter()
        .find(|config| config.name.as_str() == name)
        .ok_or_else(|| unconfigured_dataset_refusal(name))?;
    let limits = connector.query_limits();
    if let Some(in_place_config) = config.source.in_place.clone() {
        let look = move || in_place::sample(&config, &in_place_config, rows, &limits);
        let (shown, sample) = blocking(look).await?;
        return print_in_place(&shown, &sample, out).await;
    }
    let zone = connector.config().participant.zone.clone();
    let is_prepared = config.prepare.is_some();
    let (shown, preview) = blocking(move || look(&config, &zone, rows)).await?;
    print_preview(&shown, &preview, is_prepared, out).await
}

/// The first rows of the first file, and its name.
fn look(
    config: &DatasetConfig,
    zone: &str,
    rows: usize,
) -> Result<(String, SourcePreview), Refusal> {
    let files = source_files::list(&config.source, &config.folder)?;
    let first = files
        .into_iter()
        .next()
        .ok_or_else(|| Refusal::new(ErrorCode::SourceUnreadable, "the source has no files"))?;
    let preview = source_preview::preview(config, zone, &first, rows)?;
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
        out.object(json_row(shown, &preview.names, row), "").await?;
        let mut shown_cells = vec![row.line.to_string()];
        shown_cells.extend(row.cells.iter().map(shown_cell));
        cells.push(shown_cells);
    }
    for bad in preview.counts.bad.values().flat_map(|bad| &bad.samples) {
        out.object(
            json!({"file": bad.file, "line": bad.line, "unread": 1, "why": bad.why}),
            "",
        )
        .await?;
        notes.push_str(&format!("\nline {} can't be read: {}", bad.line, bad.why));
    }
    if is_prepared {
        notes.push_str("\nthese are the rows that prepare makes the dataset of");
    }
    let mut header = vec!["LINE"];
    header.extend(preview.names.iter().map(String::as_str));
    out.text(format!(
        "{shown}\n{}\nas published; ← what stands in the file, where it differs{notes}",
        table(&header, &cells)
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

fn json_row(file: &str, names: &[String], row: &PreviewRow) -> Value {
    let (mut fields, mut source, mut unreadable) = (Map::new(), Map::new(), Map::new());
    for (name, cell) in names.iter().zip(&row.cells) {
        let published = match &cell.value {
            Ok(value) => {
                fields.insert(name.clone(), source_preview::to_json(value));
                Some(source_preview::format_value(value))
            }
            Err(why) => {
                unreadable.insert(name.clone(), json!(why));
                None
            }
        };
        if published.as_deref().unwrap_or_default() != cell.source.as_deref().unwrap_or_default() {
            source.insert(name.clone(), json!(cell.source));
        }
    }
    json!({
        "file": file,
        "line": row.line,
        "fields": fields,
        "source": source,
        "unreadable": unreadable,
    })
}

/// Rows in place are published as they are.
async fn print_in_place(shown: &str, sample: &SourceSample, out: &EventSink) -> CommandResult {
    let mut cells = Vec::new();
    for (line, fields) in &sample.rows {
        let named: Map<String, Value> = sample
            .names
            .iter()
            .cloned()
            .zip(fields.iter().map(|field| json!(field)))
            .collect();
        out.object(json!({"file": shown, "line": line, "fields": named}), "")
            .await?;
        let mut row = vec![line.to_string()];
        row.extend(fields.iter().map(|field| field.clone().unwrap_or_default()));
        cells.push(row);
    }
    let mut header = vec!["LINE"];
    header.extend(sample.names.iter().map(String::as_str));
    out.text(format!("{shown}\n{}", table(&header, &cells)))
        .await?;
    Ok(0)
}
