//! Delimited text: one or several header lines, then rows.

use crate::source::bounded::{self, Allowance, Bounded, MOST_COLUMNS};
use crate::source::config::SourceConfig;
use crate::source::decode::Decoded;
use crate::source::files::SourceFile;
use crate::source::raw::{Event, Raw};
use csv::{ReaderBuilder, StringRecord, Terminator};
use policy::refusal::{Code, Refusal};

/// Reads a file of delimited text.
///
/// # Errors
/// `SOURCE_UNREADABLE` where the file is missing, not of its encoding, shorter than its header, or has a row that is too long.
pub fn read(
    file: &SourceFile,
    config: &SourceConfig,
    each: &mut dyn FnMut(Event<'_>) -> Result<(), Refusal>,
) -> Result<(), Refusal> {
    let shown = file.shown.as_str();
    let unreadable = |line: Option<u64>, why: String| {
        Refusal::new(
            Code::SourceUnreadable,
            format!("`{shown}` can't be read: {why}"),
        )
        .with_place(shown, line, None)
    };
    let fallen = |fault: Fault| {
        let refusal = unreadable(fault.line, fault.why);
        if fault.is_too_long {
            bounded::with_help(refusal)
        } else {
            refusal
        }
    };
    let file = file.open()?;
    let allowance = Allowance::new(config);
    let mut reader = ReaderBuilder::new()
        .delimiter(config.delimiter)
        .has_headers(false)
        // With CRLF as its own terminator the reader's line numbers are one too small from the second row on.
        .terminator(Terminator::Any(b'\n'))
        .flexible(true)
        .buffer_capacity(bounded::AHEAD)
        .from_reader(Bounded::new(
            Decoded::new(file, config.encoding),
            &allowance,
        ));
    let mut record = StringRecord::new();
    let mut lines: Vec<StringRecord> = Vec::new();
    for _ in 0..config.header_rows {
        if !next(&mut reader, &mut record, &allowance).map_err(fallen)? {
            return Err(unreadable(
                None,
                "it ends before its header does".to_owned(),
            ));
        }
        lines.push(record.clone());
    }
    let header = joined(&lines);
    if header.len() > MOST_COLUMNS {
        let why = format!("it has {} columns, more than {MOST_COLUMNS}", header.len());
        return Err(unreadable(Some(1), why));
    }
    each(Event::Header(&header))?;
    while next(&mut reader, &mut record, &allowance).map_err(fallen)? {
        if record.len() == 1 && record.get(0) == Some("\r") {
            continue;
        }
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
            .enumerate()
            .map(|(index, field)| {
                let field = if index.saturating_add(1) == header.len() {
                    field.strip_suffix('\r').unwrap_or(field)
                } else {
                    field
                };
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

/// The names of the columns out of several header lines: their cells joined by `|`; where only one of them holds
/// something, that alone.
fn joined(lines: &[StringRecord]) -> Vec<String> {
    let width = lines.iter().map(StringRecord::len).max().unwrap_or(0);
    (0..width)
        .map(|index| {
            let cells = lines
                .iter()
                .map(|line| line.get(index).unwrap_or("").trim());
            let told: Vec<&str> = cells.clone().filter(|cell| !cell.is_empty()).collect();
            match told.as_slice() {
                [] => String::new(),
                [one] => (*one).to_owned(),
                [_, ..] => cells.collect::<Vec<_>>().join("|"),
            }
        })
        .collect()
}

/// Why a row can't be read, and the line on which it begins.
struct Fault {
    line: Option<u64>,
    why: String,
    is_too_long: bool,
}

fn next<R: std::io::Read>(
    reader: &mut csv::Reader<R>,
    record: &mut StringRecord,
    allowance: &Allowance,
) -> Result<bool, Fault> {
    let line = reader.position().line();
    let fault = |line, why, is_too_long| Fault {
        line,
        why,
        is_too_long,
    };
    allowance.renew();
    let found = reader
        .read_record(record)
        .map_err(|error| match error.kind() {
            csv::ErrorKind::Io(inner) if bounded::is_too_long(inner) => {
                fault(Some(line), inner.to_string(), true)
            }
            csv::ErrorKind::Io(inner) => fault(None, inner.to_string(), false),
            csv::ErrorKind::Utf8 { .. } => {
                fault(Some(line), "a field is not text".to_owned(), false)
            }
            _ => fault(Some(line), error.to_string(), false),
        })?;
    if allowance.is_exceeded(record.as_slice().len()) {
        return Err(fault(Some(line), allowance.sentence(), true));
    }
    Ok(found)
}
