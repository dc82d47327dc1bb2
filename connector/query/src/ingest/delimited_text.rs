//! Delimited text: skipped lines, optional header lines, then rows.

mod header_names;
pub(in crate::ingest) mod line_reader;
mod row_structure;

use crate::ingest::bounded_reader::{self, BoundedReader, MOST_COLUMNS, RowByteAllowance};
use crate::ingest::config::{ColumnHeader, ShortRowHandling, SourceConfig};
use crate::ingest::field_value::{RawField, SourceFileEvent};
use crate::ingest::source_files::SourceFile;
use csv::{ReaderBuilder, StringRecord, Terminator};
use hansa_policy::refusal::{ErrorCode, Refusal};
use header_names::{HeaderLines, REPEATED};
use row_structure::{RowNotes, RowStructureReader};
use std::cell::Cell;
use std::io::{self, Read};

/// Reads a file of delimited text.
///
/// # Errors
/// `SOURCE_KIND_UNKNOWN` if the file is no text. `SOURCE_UNREADABLE` if the file is missing, has another encoding, is shorter than
/// its header, is empty although its first row determines the columns, or has a row that is too long or an unclosed quotation mark.
pub fn read_text_file(
    file: &SourceFile,
    config: &SourceConfig,
    each: &mut dyn FnMut(SourceFileEvent<'_>) -> Result<(), Refusal>,
) -> Result<(), Refusal> {
    let shown = file.display_name.as_str();
    let unreadable = |line: Option<u64>, why: String| {
        Refusal::new(
            ErrorCode::SourceUnreadable,
            format!("`{shown}` can't be read: {why}"),
        )
        .with_place(shown, line, None)
    };
    let fallen = |fault: TextRowError| {
        let refusal = unreadable(fault.line, fault.why);
        if fault.is_too_long {
            bounded_reader::with_help(refusal)
        } else {
            refusal
        }
    };
    let text = line_reader::open_at_header(file, config)?;
    let (skipped, delimiter) = (text.skipped, text.delimiter);
    let allowance = RowByteAllowance::of_fields(config);
    let end = Cell::new(u64::MAX);
    let notes = RowNotes::default();
    let rows = Cell::new(0_u64);
    let noted = RowStructureReader::new(text.reader, delimiter, &notes);
    let closed = ClosingRowReader::new(noted, delimiter, &end);
    let closing = closed.fields();
    let mut reader = ReaderBuilder::new()
        .delimiter(delimiter)
        .has_headers(false)
        // With CRLF as the terminator, the line numbers of `csv` are one too low from the second row on.
        .terminator(Terminator::Any(b'\n'))
        .flexible(true)
        .buffer_capacity(bounded_reader::AHEAD)
        .from_reader(BoundedReader::new(closed, &allowance));
    let mut record = StringRecord::new();
    let mut next = |record: &mut StringRecord| {
        let is_row = read_next_record(&mut reader, record, &allowance, skipped).map_err(fallen)?;
        let note = notes.take_note(rows.replace(rows.get().saturating_add(1)));
        // Only the sentinel row after the file ends there, or a quoted field that has swallowed it.
        if !is_row || reader.position().byte() != end.get() {
            return Ok(is_row.then_some(note));
        }
        if record.len() == 1 && record.get(0) == Some(closing) {
            return Ok(None);
        }
        let last = record.iter().next_back().unwrap_or_default();
        let breaks = last.bytes().filter(|byte| *byte == b'\n').count();
        let line = reader.position().line().saturating_add(skipped);
        let line = line.saturating_sub(count_to_u64(breaks));
        let why = format!("a quote opened in line {line} is not closed");
        Err(unreadable(Some(line), why))
    };
    // The first row of a file without a header determines the number of columns and is an ordinary row.
    let mut first = None;
    let mut lines = HeaderLines::default();
    let header = match &config.header {
        ColumnHeader::Lines(count) => {
            for _ in 0..*count {
                let Some(note) = next(&mut record)? else {
                    return Err(unreadable(
                        None,
                        "it ends before its header does".to_owned(),
                    ));
                };
                if let Some(fault) = note.fault() {
                    let line = record.position().map_or(0, csv::Position::line);
                    let line = note.line(line).saturating_add(skipped);
                    return Err(unreadable(Some(line), format!("in its header {fault}")));
                }
                lines.push(&record);
            }
            lines.names()
        }
        ColumnHeader::Names(names) => names.clone(),
        ColumnHeader::Numbers => {
            while first.is_none() {
                let Some(note) = next(&mut record)? else {
                    let why = "it has no row that says how many columns there are";
                    return Err(unreadable(None, why.to_owned())
                        .with_help("columns = [\"…\"] names those of a file that may be empty"));
                };
                first = (!is_blank(&record)).then_some(note);
            }
            (1..=record.len())
                .map(|number| number.to_string())
                .collect()
        }
    };
    if header.len() > MOST_COLUMNS {
        let why = format!("it has {} columns, more than {MOST_COLUMNS}", header.len());
        return Err(unreadable(Some(skipped.saturating_add(1)), why));
    }
    each(SourceFileEvent::Header(&header))?;
    loop {
        let note = match first.take() {
            Some(note) => note,
            None => match next(&mut record)? {
                Some(note) => note,
                None => return Ok(()),
            },
        };
        if is_blank(&record) {
            continue;
        }
        let line = record.position().map_or(0, csv::Position::line);
        let line = note.line(line).saturating_add(skipped);
        // An unreadable row may be several rows that a quotation mark has joined, so each of its lines counts.
        let mut lose_lines = |why: &str| {
            (line..=line.saturating_add(note.line_breaks()))
                .try_for_each(|line| each(SourceFileEvent::Broken { line, why }))
        };
        if let Some(fault) = note.fault() {
            lose_lines(fault)?;
            continue;
        }
        if lines.has_line(&record) {
            match header.len() {
                // A value of a single column may equal the column's name.
                0 | 1 => lose_lines("the row is the header line again")?,
                _ => each(SourceFileEvent::Counted(REPEATED))?,
            }
            continue;
        }
        // In a row with a line break in a field, missing fields may result from a wrong quotation mark.
        let is_one_line = || !record.iter().any(|field| field.contains('\n'));
        let is_filled = config.short_rows == ShortRowHandling::Null && record.len() < header.len();
        if is_filled && is_one_line() {
            each(SourceFileEvent::Counted(FILLED))?;
        } else if record.len() != header.len() {
            let (fields, columns) = (record.len(), header.len());
            let why = match &config.header {
                ColumnHeader::Lines(_) => {
                    format!("the row has {fields} fields and the header {columns}")
                }
                ColumnHeader::Names(_) | ColumnHeader::Numbers => {
                    format!("the row has {fields} fields, and there are {columns} columns")
                }
            };
            lose_lines(&why)?;
            continue;
        }
        let fields = row_fields(&record, header.len(), config);
        each(SourceFileEvent::Row {
            line,
            fields: &fields,
        })?;
    }
}

/// Name of the count of accepted rows without their last fields.
pub const FILLED: &str = "row without its last fields, which have no value";

/// File followed by a sentinel row that no quotation mark may swallow. The `csv` reader accepts an unclosed quoted field at the end
/// of a file.
struct ClosingRowReader<'a, R> {
    inner: R,
    given: u64,
    row: &'static [u8],
    left: &'static [u8],
    /// End position of the sentinel row, once it is known.
    end: &'a Cell<u64>,
}

impl<'a, R> ClosingRowReader<'a, R> {
    /// Creates the reader. The sentinel row has one field, and terminates the last line if that lacks a line break.
    const fn new(inner: R, delimiter: u8, end: &'a Cell<u64>) -> Self {
        let row: &'static [u8] = if delimiter == 0x1f {
            b"\n\x1e\x1e\n"
        } else {
            b"\n\x1f\x1f\n"
        };
        Self {
            inner,
            given: 0,
            row,
            left: row,
            end,
        }
    }

    /// Field of the sentinel row.
    fn fields(&self) -> &'static str {
        std::str::from_utf8(self.row)
            .unwrap_or_default()
            .trim_matches('\n')
    }
}

impl<R: Read> Read for ClosingRowReader<'_, R> {
    fn read(&mut self, target: &mut [u8]) -> io::Result<usize> {
        if target.is_empty() {
            return Ok(0);
        }
        if self.end.get() == u64::MAX {
            let count = self.inner.read(target)?;
            self.given = self.given.saturating_add(count_to_u64(count));
            if count > 0 {
                return Ok(count);
            }
            self.end
                .set(self.given.saturating_add(count_to_u64(self.row.len())));
        }
        self.left.read(target)
    }
}

fn count_to_u64(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

/// Checks for a blank line.
fn is_blank(record: &StringRecord) -> bool {
    record.len() == 1 && record.get(0) == Some("\r")
}

/// Fields of a row. Missing fields have no value.
fn row_fields<'r>(
    record: &'r StringRecord,
    width: usize,
    config: &SourceConfig,
) -> Vec<RawField<'r>> {
    let fields = record.iter().enumerate().map(|(index, field)| {
        let field = if index.saturating_add(1) == record.len() {
            field.strip_suffix('\r').unwrap_or(field)
        } else {
            field
        };
        if config.nulls.iter().any(|word| word == field.trim()) {
            RawField::Null
        } else {
            RawField::Text(field)
        }
    });
    let lacking = width.saturating_sub(record.len());
    fields
        .chain(std::iter::repeat_n(RawField::Null, lacking))
        .collect()
}

/// Reason why a row can't be read, and its first line.
struct TextRowError {
    line: Option<u64>,
    why: String,
    is_too_long: bool,
}

fn read_next_record<R: Read>(
    reader: &mut csv::Reader<R>,
    record: &mut StringRecord,
    allowance: &RowByteAllowance,
    skipped: u64,
) -> Result<bool, TextRowError> {
    let line = reader.position().line().saturating_add(skipped);
    let fault = |line, why, is_too_long| TextRowError {
        line,
        why,
        is_too_long,
    };
    allowance.renew();
    let found = reader
        .read_record(record)
        .map_err(|error| match error.kind() {
            csv::ErrorKind::Io(inner) if bounded_reader::is_too_long(inner) => {
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

#[cfg(test)]
mod tests;
