//! Workbook (ISO/IEC 29500): the rows in one sheet, and their sources in another.
//!
//! It is written completely into an unnamed file, and sent after the answer has ended successfully. Text is written as text, never
//! as a formula. Instants are in UTC. A number that a spreadsheet can't represent exactly is written as text.

use super::column_rules::{answer_reads, unwritten_rows_refusal};
use super::zip_file::{ZipFile, ZipPartWriter};
use crate::flight_sql::ClientAnswer;
use arrow_array::cast::AsArray as _;
use arrow_array::types::TimestampMicrosecondType;
use arrow_array::{Array, ArrayRef, RecordBatch};
use arrow_cast::display::{ArrayFormatter, FormatOptions};
use arrow_schema::{DataType, Schema, SchemaRef, TimeUnit};
use futures::StreamExt as _;
use hansa_policy::refusal::{ErrorCode, Refusal};
use serde_json::Value;
use std::fs::File;
use std::io;
use std::path::Path;

/// Largest number of rows in a sheet, without the header.
const ROWS: usize = 1_048_575;

/// Largest number of columns in a sheet.
const COLUMNS: usize = 16_384;

/// Largest number of characters in a cell.
const LETTERS: usize = 32_767;

/// Largest size of the file, bytes.
const BYTES: u32 = 256 * 1024 * 1024;

const TYPES: &str = r#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/><Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/><Override PartName="/xl/styles.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.styles+xml"/><Override PartName="/xl/worksheets/sheet1.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/><Override PartName="/xl/worksheets/sheet2.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/></Types>"#;

const PACKAGE: &str = r#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>"#;

const WORKBOOK: &str = r#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet name="Rows" sheetId="1" r:id="rId1"/><sheet name="About" sheetId="2" r:id="rId2"/></sheets></workbook>"#;

const SHEETS: &str = r#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="rId2" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet2.xml"/><Relationship Id="rId3" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/styles" Target="styles.xml"/></Relationships>"#;

/// Styles that cells refer to by number: plain, a date, an instant. Each style names its fonts, fills and borders, and the style
/// `Normal` exists; otherwise readers warn that they replace them.
const STYLES: &str = r#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<styleSheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><numFmts count="2"><numFmt numFmtId="164" formatCode="yyyy\-mm\-dd"/><numFmt numFmtId="165" formatCode="yyyy\-mm\-dd\ hh:mm:ss"/></numFmts><fonts count="1"><font><sz val="11"/><name val="Calibri"/><family val="2"/></font></fonts><fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill></fills><borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders><cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs><cellXfs count="3"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/><xf numFmtId="164" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/><xf numFmtId="165" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/></cellXfs><cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>"#;

const SHEET_BEGIN: &str = r#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>"#;

/// End of a sheet. Numbers as text are intended, so the spreadsheet's warnings about them are turned off.
const SHEET_END: &str = r#"</sheetData><ignoredErrors><ignoredError sqref="A1:XFD1048576" numberStoredAsText="1"/></ignoredErrors></worksheet>"#;

/// Writes the complete answer as a workbook, and returns the file at its start with its length. The file is in `folder` and has no
/// name.
///
/// # Errors
/// The reason why the answer ended before its last row; `RESULT_TOO_LARGE` when it does not fit into a sheet.
pub(crate) async fn write_workbook(
    mut answer: ClientAnswer,
    folder: &Path,
) -> Result<(File, u64), Refusal> {
    let (columns, folder) = (answer.columns, folder.to_owned());
    let mut sheet = run_blocking(move || WorkbookWriter::begin(columns, &folder)).await?;
    while let Some(batch) = answer.rows.next().await {
        let batch = batch?;
        sheet = run_blocking(move || sheet.add_rows(&batch)).await?;
    }
    run_blocking(move || sheet.finish()).await
}

async fn run_blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Refusal> + Send + 'static,
) -> Result<T, Refusal> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|cause| {
        Refusal::new(ErrorCode::Internal, "a workbook was not written").caused_by(cause)
    })?
}

/// Writer of a workbook into an unnamed file.
#[derive(Debug)]
pub struct WorkbookWriter {
    columns: SchemaRef,
    part: ZipPartWriter,
    rows: usize,
    is_complete: bool,
}

impl WorkbookWriter {
    /// Begins a workbook for rows of these columns. The file is in `folder`.
    ///
    /// # Errors
    /// `RESULT_TOO_LARGE` for too many columns, or why the file can't be written.
    pub fn begin(columns: SchemaRef, folder: &Path) -> Result<Self, Refusal> {
        if columns.fields().len() > COLUMNS {
            return Err(too_large(&format!("{COLUMNS} columns")));
        }
        let part = tempfile::tempfile_in(folder)
            .and_then(|file| {
                ZipFile::new(file, BYTES)
                    .with_part("[Content_Types].xml", TYPES)?
                    .with_part("_rels/.rels", PACKAGE)?
                    .with_part("xl/workbook.xml", WORKBOOK)?
                    .with_part("xl/_rels/workbook.xml.rels", SHEETS)?
                    .with_part("xl/styles.xml", STYLES)?
                    .start_part("xl/worksheets/sheet1.xml")
            })
            .map_err(workbook_write_refusal)?;
        let mut sheet = Self {
            columns,
            part,
            rows: 0,
            is_complete: true,
        };
        let mut text = SHEET_BEGIN.to_owned();
        let names = Schema::clone(&sheet.columns);
        let names: Vec<&str> = names
            .fields()
            .iter()
            .map(|field| field.name().as_str())
            .collect();
        write_line(&mut text, 1, &names)?;
        sheet
            .part
            .write(text.as_bytes())
            .map_err(workbook_write_refusal)?;
        Ok(sheet)
    }

    /// Writer of an answer that lacks the rows of a participant, which the sheet of the sources says.
    #[must_use]
    pub fn of_incomplete_answer(self) -> Self {
        Self {
            is_complete: false,
            ..self
        }
    }

    /// Adds rows.
    ///
    /// # Errors
    /// `RESULT_TOO_LARGE` when they do not fit into a sheet, or why the file can't be written.
    pub fn add_rows(mut self, rows: &RecordBatch) -> Result<Self, Refusal> {
        if self.rows.saturating_add(rows.num_rows()) > ROWS {
            return Err(too_large(&format!("{ROWS} rows")));
        }
        let columns: Result<Vec<SheetColumn>, Refusal> =
            rows.columns().iter().map(SheetColumn::of).collect();
        let columns = columns?;
        let options = FormatOptions::default();
        let formatters = rows
            .columns()
            .iter()
            .map(|column| ArrayFormatter::try_new(column.as_ref(), &options))
            .collect::<Result<Vec<_>, _>>()
            .map_err(unwritten_rows_refusal)?;
        let mut text = String::new();
        for row in 0..rows.num_rows() {
            let number = self.rows.saturating_add(2);
            text.push_str(&format!("<row r=\"{number}\">"));
            for (at, (column, formatter)) in columns.iter().zip(&formatters).enumerate() {
                if !column.is_null(row) {
                    let value = || {
                        formatter
                            .value(row)
                            .try_to_string()
                            .map_err(unwritten_rows_refusal)
                    };
                    let place = CellPlace {
                        column: at,
                        row: number,
                    };
                    write_cell(&mut text, place, column.cell_value(row, value)?)?;
                }
            }
            text.push_str("</row>");
            self.rows = self.rows.saturating_add(1);
            if text.len() > PIECE {
                self.part
                    .write(text.as_bytes())
                    .map_err(workbook_write_refusal)?;
                text.clear();
            }
        }
        self.part
            .write(text.as_bytes())
            .map_err(workbook_write_refusal)?;
        Ok(self)
    }

    /// Completes the file, and gives it at its start with its length.
    ///
    /// # Errors
    /// Why the file can't be written.
    pub fn finish(mut self) -> Result<(File, u64), Refusal> {
        let about = sources_sheet(&self.columns, self.rows, self.is_complete)?;
        self.part
            .write(SHEET_END.as_bytes())
            .map_err(workbook_write_refusal)?;
        let zip = self.part.finish().map_err(workbook_write_refusal)?;
        zip.with_part("xl/worksheets/sheet2.xml", &about)
            .and_then(ZipFile::finish)
            .map_err(workbook_write_refusal)
    }
}

/// Number of bytes that are written at once.
const PIECE: usize = 64 * 1024;

/// Representation of the values of a column.
enum SheetColumn {
    Text(ArrayRef),
    Number(ArrayRef),
    Flag(ArrayRef),
    Day(ArrayRef),
    Instant(ArrayRef),
}

/// Value of a cell.
enum SheetCell {
    Text(String),
    Number(String),
    Flag(bool),
    /// Number of days, and the style that shows it as a time.
    Time(String, u8),
}

impl SheetColumn {
    fn of(column: &ArrayRef) -> Result<Self, Refusal> {
        let instant = |zone| DataType::Timestamp(TimeUnit::Microsecond, zone);
        let cast = |to: &DataType| arrow_cast::cast(column, to).map_err(unwritten_rows_refusal);
        Ok(match column.data_type() {
            DataType::Boolean => Self::Flag(ArrayRef::clone(column)),
            number if number.is_numeric() => Self::Number(ArrayRef::clone(column)),
            DataType::Date32 | DataType::Date64 => Self::Day(cast(&instant(None))?),
            DataType::Timestamp(_, zone) => Self::Instant(cast(&instant(zone.clone()))?),
            _ => Self::Text(ArrayRef::clone(column)),
        })
    }

    fn is_null(&self, row: usize) -> bool {
        let (Self::Text(column)
        | Self::Number(column)
        | Self::Flag(column)
        | Self::Day(column)
        | Self::Instant(column)) = self;
        column.is_null(row)
    }

    fn cell_value(
        &self,
        row: usize,
        written: impl FnOnce() -> Result<String, Refusal>,
    ) -> Result<SheetCell, Refusal> {
        Ok(match self {
            Self::Text(_) => SheetCell::Text(written()?),
            Self::Flag(column) => SheetCell::Flag(column.as_boolean().value(row)),
            Self::Number(column) => {
                let written = written()?;
                match is_exact(&written, column.data_type().is_decimal()) {
                    true => SheetCell::Number(written),
                    false => SheetCell::Text(written),
                }
            }
            Self::Day(column) | Self::Instant(column) => {
                let micros = column.as_primitive::<TimestampMicrosecondType>().value(row);
                let style = match self {
                    Self::Day(_) => 1,
                    _ => 2,
                };
                match serial_days(micros) {
                    Some(serial) => SheetCell::Time(serial, style),
                    None => SheetCell::Text(written()?),
                }
            }
        })
    }
}

/// True if a spreadsheet represents a number exactly: it has at most fifteen digits.
fn is_exact(written: &str, is_decimal: bool) -> bool {
    let mantissa = written.split(['e', 'E']).next().unwrap_or_default();
    let is_number = written.parse::<f64>().is_ok_and(f64::is_finite);
    let is_float = written.contains(['e', 'E', '.']);
    let digits = mantissa.bytes().filter(u8::is_ascii_digit).count();
    // A float has seventeen digits, and the spreadsheet keeps the nearest float.
    is_number && digits <= if is_float && !is_decimal { 17 } else { 15 }
}

/// Days since the epoch of spreadsheets; none for a time outside their valid range.
fn serial_days(micros: i64) -> Option<String> {
    const DAY: i128 = 86_400_000_000;
    /// Days from 1899-12-30 to 1970-01-01.
    const EPOCH: i128 = 25_569;
    let since = i128::from(micros).checked_add(EPOCH.checked_mul(DAY)?)?;
    let (days, rest) = (since.div_euclid(DAY), since.rem_euclid(DAY));
    let fraction = rest.checked_mul(1_000_000_000)?.div_euclid(DAY);
    // From 1900-03-01 to 9999-12-31.
    (61..=2_958_465).contains(&days).then(|| match fraction {
        0 => days.to_string(),
        fraction => format!("{days}.{fraction:09}"),
    })
}

/// Place of a cell in a sheet.
#[derive(Clone, Copy)]
struct CellPlace {
    /// Column, counted from 0.
    column: usize,
    /// Row, counted from 1.
    row: usize,
}

fn write_cell(text: &mut String, place: CellPlace, value: SheetCell) -> Result<(), Refusal> {
    let place = format!("{}{}", column_letters(place.column), place.row);
    match value {
        SheetCell::Number(number) => {
            text.push_str(&format!("<c r=\"{place}\"><v>{number}</v></c>"));
        }
        SheetCell::Flag(flag) => {
            let flag = u8::from(flag);
            text.push_str(&format!("<c r=\"{place}\" t=\"b\"><v>{flag}</v></c>"));
        }
        SheetCell::Time(serial, style) => {
            text.push_str(&format!(
                "<c r=\"{place}\" s=\"{style}\"><v>{serial}</v></c>"
            ));
        }
        // INVARIANT: cells-are-no-formulas. A text cell is never a formula, whatever it begins with.
        SheetCell::Text(value) => {
            if value.encode_utf16().count() > LETTERS {
                return Err(too_large(&format!("{LETTERS} letters in a cell")));
            }
            text.push_str(&format!(
                "<c r=\"{place}\" t=\"inlineStr\"><is><t xml:space=\"preserve\">"
            ));
            push_escaped_text(text, &value);
            text.push_str("</t></is></c>");
        }
    }
    Ok(())
}

/// Writes a row of texts.
fn write_line(text: &mut String, row: usize, values: &[&str]) -> Result<(), Refusal> {
    text.push_str(&format!("<row r=\"{row}\">"));
    for (at, value) in values.iter().enumerate() {
        let place = CellPlace { column: at, row };
        write_cell(text, place, SheetCell::Text((*value).to_owned()))?;
    }
    text.push_str("</row>");
    Ok(())
}

/// Letters of a column, counted from 0.
fn column_letters(at: usize) -> String {
    let mut letters = Vec::new();
    let mut rest = Some(at);
    while let Some(at) = rest {
        let letter = u8::try_from(at.checked_rem(26).unwrap_or(0)).unwrap_or(0);
        letters.push(char::from(b'A'.saturating_add(letter)));
        rest = at.checked_div(26).and_then(|at| at.checked_sub(1));
    }
    letters.iter().rev().collect()
}

/// Escaped XML text. A character that XML can't represent is written as its code, as spreadsheets do.
fn push_escaped_text(text: &mut String, value: &str) {
    for (at, letter) in value.char_indices() {
        match letter {
            '&' => text.push_str("&amp;"),
            '<' => text.push_str("&lt;"),
            '>' => text.push_str("&gt;"),
            '\t' | '\n' => text.push(letter),
            '\u{fffe}' | '\u{ffff}' => text.push('\u{fffd}'),
            control if u32::from(control) < 32 => {
                text.push_str(&format!("_x{:04X}_", u32::from(control)));
            }
            '_' if is_number(value.get(at..).unwrap_or_default()) => text.push_str("_x005F_"),
            other => text.push(other),
        }
    }
}

/// True if a text begins like an escaped character code, `_x000D_`.
fn is_number(text: &str) -> bool {
    let mut bytes = text.bytes();
    bytes.next() == Some(b'_')
        && bytes.next() == Some(b'x')
        && (0..4).all(|_| bytes.next().is_some_and(|digit| digit.is_ascii_hexdigit()))
        && bytes.next() == Some(b'_')
}

/// Sheet with the sources of the rows.
fn sources_sheet(columns: &Schema, rows: usize, is_complete: bool) -> Result<String, Refusal> {
    let mut text = SHEET_BEGIN.to_owned();
    let members = [
        "participant",
        "dataset",
        "title",
        "licence",
        "attribution",
        "contract",
        "snapshot",
    ];
    write_line(&mut text, 1, &["rows", &rows.to_string()])?;
    let complete = if is_complete { "true" } else { "false" };
    write_line(&mut text, 2, &["complete", complete])?;
    write_line(&mut text, 4, &members)?;
    let reads = answer_reads(columns);
    for (number, read) in (5_usize..).zip(reads.as_array().into_iter().flatten()) {
        let values = members.map(|member| match read.get(member) {
            None | Some(Value::Null) => String::new(),
            Some(Value::String(text)) => text.clone(),
            Some(Value::Array(all)) => {
                let all = all.iter().filter_map(Value::as_str);
                all.collect::<Vec<_>>().join("; ")
            }
            Some(other) => other.to_string(),
        });
        write_line(&mut text, number, &values.each_ref().map(String::as_str))?;
    }
    text.push_str(SHEET_END);
    Ok(text)
}

fn too_large(what: &str) -> Refusal {
    Refusal::new(
        ErrorCode::ResultTooLarge,
        format!("the answer does not fit into a workbook, which has {what} at most"),
    )
    .with_help("ask for csv, or for fewer rows")
}

fn workbook_write_refusal(fault: io::Error) -> Refusal {
    match fault.kind() {
        io::ErrorKind::FileTooLarge => too_large(&format!("{BYTES} bytes here")),
        io::ErrorKind::StorageFull => Refusal::new(
            ErrorCode::DiskFull,
            "a workbook can't be written: the disk is full",
        )
        .caused_by(fault),
        _ => Refusal::new(ErrorCode::Internal, "a workbook can't be written").caused_by(fault),
    }
}

#[cfg(test)]
mod tests;
