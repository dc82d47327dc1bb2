//! JSON objects as rows: a list of objects, or a sequence with one object on each line. Each member is a column; nested values
//! become text.

use crate::ingest::bounded_reader::{self, MOST_COLUMNS, RowByteAllowance};
use crate::ingest::config::{SourceConfig, SourceKind};
use crate::ingest::field_value::{RawField, SourceFileEvent};
use crate::ingest::json_field::{json_field, nested_texts};
use crate::ingest::json_reader::{JsonError, JsonReader, JsonValue};
use crate::ingest::source_content::SourceContent;
use crate::ingest::source_files::SourceFile;
use hansa_policy::refusal::{ErrorCode, Refusal};
use std::collections::BTreeSet;

/// Reads a file twice: for the names of its members, and for its rows.
///
/// # Errors
/// `SOURCE_UNREADABLE` if the file is neither a list nor a sequence of objects.
pub fn read_json_file(
    file: &SourceFile,
    config: &SourceConfig,
    each: &mut dyn FnMut(SourceFileEvent<'_>) -> Result<(), Refusal>,
) -> Result<(), Refusal> {
    let mut names: Vec<String> = Vec::new();
    let mut known = BTreeSet::new();
    read_values(file, config, &mut |line, value| {
        if is_geojson(&value) {
            let refusal = unreadable_file_refusal(&file.display_name, line, "it is GeoJSON");
            return Err(refusal.with_help("kind = \"geojson\" reads it"));
        }
        for (name, _) in value.members().unwrap_or_default() {
            if known.insert(name.clone()) {
                names.push(name.clone());
            }
        }
        if names.len() > MOST_COLUMNS {
            let why = format!("its objects have more than {MOST_COLUMNS} members");
            return Err(unreadable_file_refusal(&file.display_name, line, &why));
        }
        Ok(())
    })?;
    each(SourceFileEvent::Header(&names))?;
    read_values(file, config, &mut |line, value| {
        read_row(&names, config, line, &value, each)
    })
}

/// Checks that a file contains rows and not a single document: a list of objects, or a sequence of several objects. GeoJSON
/// features do not count.
///
/// # Errors
/// `FILE_MISSING`, `SOURCE_OUTSIDE`.
pub fn holds_rows(file: &SourceFile, config: &SourceConfig) -> Result<bool, Refusal> {
    let allowance = RowByteAllowance::of_features(config);
    let mut json = JsonReader::new(SourceContent::open_as(file, SourceKind::Json)?, &allowance);
    let mut look = || -> Result<bool, JsonError> {
        let is_list = json.peek_record()? == Some(b'[');
        if is_list {
            json.take_if(b'[')?;
            if !json.has_next_value(true)? {
                return Ok(true);
            }
        }
        json.begin_row();
        let first = json.value()?;
        let is_row = first.members().is_some() && !is_geojson(&first);
        Ok(is_row && (is_list || json.peek_record()?.is_some()))
    };
    // The reader reports unreadable bytes.
    Ok(look().unwrap_or(false))
}

fn is_geojson(value: &JsonValue) -> bool {
    let kind = value.member("type").and_then(JsonValue::text);
    matches!(kind, Some("Feature" | "FeatureCollection"))
}

fn read_row(
    names: &[String],
    config: &SourceConfig,
    line: u64,
    value: &JsonValue,
    each: &mut dyn FnMut(SourceFileEvent<'_>) -> Result<(), Refusal>,
) -> Result<(), Refusal> {
    if value.members().is_none() {
        let why = "it is no JSON object";
        return each(SourceFileEvent::Broken { line, why });
    }
    if let Some(why) = value.repetition() {
        return each(SourceFileEvent::Broken { line, why: &why });
    }
    let values: Vec<Option<&JsonValue>> = names.iter().map(|name| value.member(name)).collect();
    let nested = nested_texts(&values);
    let fields: Vec<RawField<'_>> = values
        .iter()
        .zip(&nested)
        .map(|(value, nested)| match value {
            Some(value) => json_field(value, nested.as_ref(), config),
            None => RawField::Null,
        })
        .collect();
    each(SourceFileEvent::Row {
        line,
        fields: &fields,
    })
}

/// Passes each value of the list or sequence to `each`, with the line number of its start.
fn read_values(
    file: &SourceFile,
    config: &SourceConfig,
    each: &mut dyn FnMut(u64, JsonValue) -> Result<(), Refusal>,
) -> Result<(), Refusal> {
    let allowance = RowByteAllowance::of_features(config);
    let mut json = JsonReader::new(SourceContent::open_as(file, SourceKind::Json)?, &allowance);
    let shown = file.display_name.as_str();
    let wrong = |error: JsonError| {
        let refusal = unreadable_file_refusal(shown, error.line, &error.why);
        if error.is_too_long {
            bounded_reader::with_help(refusal)
        } else {
            refusal
        }
    };
    let is_list = json.peek_record().map_err(wrong)? == Some(b'[');
    if is_list {
        json.take_if(b'[').map_err(wrong)?;
    }
    let mut is_first = true;
    loop {
        // Bytes between two values belong to neither of them.
        json.begin_row();
        let has_more = if is_list {
            json.has_next_value(is_first).map_err(wrong)?
        } else {
            json.peek_record().map_err(wrong)?.is_some()
        };
        if !has_more {
            break;
        }
        is_first = false;
        json.begin_row();
        json.peek_token().map_err(wrong)?;
        let line = json.line();
        json.begin_row();
        let value = json.value().map_err(wrong)?;
        each(line, value)?;
    }
    if is_first && !is_list {
        return Err(unreadable_file_refusal(shown, 1, "the file is empty"));
    }
    if is_list && json.peek_record().map_err(wrong)?.is_some() {
        let why = "something stands behind the end of the list";
        return Err(wrong(json.error(why)));
    }
    Ok(())
}

fn unreadable_file_refusal(shown: &str, line: u64, why: &str) -> Refusal {
    Refusal::new(
        ErrorCode::SourceUnreadable,
        format!("`{shown}` can't be read: {why}"),
    )
    .with_place(shown, Some(line), None)
}

#[cfg(test)]
mod tests;
