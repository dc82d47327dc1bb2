//! Preview of the first rows of a source in their published form, beside the texts of the file.

use crate::ingest;
use crate::ingest::config::DatasetConfig;
use crate::ingest::date_time;
use crate::ingest::field_value::TypedValue;
use crate::ingest::ingest_counts::IngestCounts;
use crate::ingest::row_builder::RowBuilder;
use crate::ingest::row_builder::preview_row::PreviewRow;
use crate::ingest::source_files::SourceFile;
use crate::publication::input;
use hansa_policy::refusal::{ErrorCode, Refusal};
use serde_json::{Value, json};

/// First rows of a file.
#[derive(Debug)]
pub struct SourcePreview {
    /// Column names.
    pub names: Vec<String>,
    /// Rows, including unreadable ones.
    pub rows: Vec<PreviewRow>,
    /// Counts of the rows.
    pub counts: IngestCounts,
}

/// Reads the first `most` rows of a file as a publication does before `prepare`. `zone` is the participant's time zone.
///
/// # Errors
/// `SOURCE_UNREADABLE`, `SCHEMA_MISMATCH`, `SOURCE_OUTSIDE`, `CONFIG_INVALID`.
pub fn preview_source(
    config: &DatasetConfig,
    zone: &str,
    file: &SourceFile,
    most: usize,
) -> Result<SourcePreview, Refusal> {
    let mut config = config.clone();
    input::declare_missing_columns(&mut config, file)?;
    let zone = config.zone.as_deref().unwrap_or(zone);
    let mut rows = RowBuilder::new(&config, zone, &file.display_name)?.with_preview();
    let enough = || Refusal::new(ErrorCode::Interrupted, "enough was read");
    let outcome = ingest::read_source_file(file, &config.source, &mut |event| {
        rows.take_event(event, &mut |_| Ok(()))?;
        if rows.preview().len() >= most {
            return Err(enough());
        }
        Ok(())
    });
    match outcome {
        Err(refusal) if refusal != enough() => Err(refusal),
        _ => Ok(SourcePreview {
            names: config
                .columns
                .iter()
                .map(|column| column.name.to_string())
                .collect(),
            rows: rows.preview().iter().take(most).cloned().collect(),
            counts: rows.counts().clone(),
        }),
    }
}

/// Text of a value as in an answer for people.
#[must_use]
pub fn format_value(value: &TypedValue) -> String {
    match value {
        TypedValue::Null => String::new(),
        TypedValue::Text(text) => text.clone(),
        TypedValue::Int(number) => number.to_string(),
        TypedValue::Decimal { units, kind } => kind.format_units(*units),
        TypedValue::Float(number) => format!("{number:?}"),
        TypedValue::Bool(truth) => truth.to_string(),
        TypedValue::Day(day) => date_time::day_shown(*day),
        TypedValue::Instant(micros) => date_time::civil_shown(*micros) + "Z",
    }
}

/// JSON form of a value.
#[must_use]
pub fn to_json(value: &TypedValue) -> Value {
    match value {
        TypedValue::Null => Value::Null,
        TypedValue::Int(number) => json!(number),
        TypedValue::Float(number) => json!(number),
        TypedValue::Bool(truth) => json!(truth),
        TypedValue::Text(_)
        | TypedValue::Decimal { .. }
        | TypedValue::Day(_)
        | TypedValue::Instant(_) => json!(format_value(value)),
    }
}
