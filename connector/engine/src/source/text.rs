//! Delimited text: one or several header lines, then rows.

use crate::source::config::SourceConfig;
use crate::source::decode::Decoded;
use crate::source::raw::{Event, Raw};
use csv::{ReaderBuilder, StringRecord};
use policy::refusal::{Code, Refusal};
use std::fs::File;
use std::path::Path;

/// Reads a file of delimited text.
///
/// # Errors
/// `SOURCE_UNREADABLE` where the file is missing, not of its encoding, or shorter than its header.
pub fn read(
    path: &Path,
    shown: &str,
    config: &SourceConfig,
    each: &mut dyn FnMut(Event<'_>) -> Result<(), Refusal>,
) -> Result<(), Refusal> {
    let unreadable = |line: Option<u64>, why: String| {
        Refusal::new(
            Code::SourceUnreadable,
            format!("`{shown}` can't be read: {why}"),
        )
        .with_place(shown, line, None)
    };
    let file = File::open(path).map_err(|error| unreadable(None, error.to_string()))?;
    let mut reader = ReaderBuilder::new()
        .delimiter(config.delimiter)
        .has_headers(false)
        .flexible(true)
        .from_reader(Decoded::new(file, config.encoding));
    let mut record = StringRecord::new();
    let mut header: Vec<String> = Vec::new();
    for row in 0..config.header_rows {
        if !next(&mut reader, &mut record).map_err(|(line, why)| unreadable(line, why))? {
            return Err(unreadable(
                None,
                "it ends before its header does".to_owned(),
            ));
        }
        join(&mut header, &record, row);
    }
    each(Event::Header(&header))?;
    while next(&mut reader, &mut record).map_err(|(line, why)| unreadable(line, why))? {
        let line = record.position().map_or(0, csv::Position::line);
        if record.len() != header.len() {
            let why = format!(
                "the row has {} fields and the header {}",
                record.len(),
                header.len()
            );
            each(Event::Broken { line, why: &why })?;
            continue;
        }
        let fields: Vec<Raw<'_>> = record
            .iter()
            .map(|field| {
                if config.nulls.iter().any(|word| word == field.trim()) {
                    Raw::Null
                } else {
                    Raw::Text(field)
                }
            })
            .collect();
        each(Event::Row {
            line,
            fields: &fields,
        })?;
    }
    Ok(())
}

/// The cells of several header lines, joined by `|`; one line stays as it is.
fn join(header: &mut Vec<String>, record: &StringRecord, row: u32) {
    if row == 0 {
        header.extend(record.iter().map(|cell| cell.trim().to_owned()));
        return;
    }
    for (index, cell) in record.iter().enumerate() {
        if header.len() <= index {
            header.resize(index.saturating_add(1), String::new());
        }
        if let Some(name) = header.get_mut(index) {
            name.push('|');
            name.push_str(cell.trim());
        }
    }
}

fn next<R: std::io::Read>(
    reader: &mut csv::Reader<R>,
    record: &mut StringRecord,
) -> Result<bool, (Option<u64>, String)> {
    let line = reader.position().line();
    reader
        .read_record(record)
        .map_err(|error| match error.kind() {
            csv::ErrorKind::Io(inner) => (None, inner.to_string()),
            csv::ErrorKind::Utf8 { .. } => (Some(line), "a field is not text".to_owned()),
            _ => (Some(line), error.to_string()),
        })
}
