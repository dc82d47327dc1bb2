//! Inference of a text file's layout: delimiter, lines above the rows, and number of fields.

use super::inferred_column::{is_moment, proposed_formats};
use super::number_evidence::NumberEvidence;
use crate::ingest::config::ColumnHeader;
use crate::ingest::date_time::DateTimeFormat;
use crate::ingest::delimited_text::line_reader;
use crate::ingest::field_value;
use csv::{ReaderBuilder, StringRecord, Terminator};
use std::collections::BTreeMap;

/// Layout inferred from the first part of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextLayout {
    /// Field delimiter.
    pub delimiter: u8,
    /// Number of lines above the header, such as titles.
    pub skip_lines: u32,
    /// Source of the column names; numbers if the file has no header.
    pub header: ColumnHeader,
    /// Number of rows that lack their last fields, and number of examined rows.
    pub short: (usize, usize),
}

impl TextLayout {
    /// Infers the layout from the beginning of a text.
    #[must_use]
    pub fn of(text: &str) -> Self {
        let first_line = text.split_inclusive('\n').next().unwrap_or_default();
        let named = line_reader::named_delimiter(first_line);
        let text = match named {
            Some(_) => text.get(first_line.len()..).unwrap_or_default(),
            None => text,
        };
        let delimiter = named.unwrap_or_else(|| detect_delimiter(text));
        let records = read_records(text, delimiter);
        let above = count_title_rows(&records);
        let below: Vec<&Vec<String>> = records.iter().skip(above).map(|(_, row)| row).collect();
        let (below, lines) = without_repeated_header(below);
        let first = records.get(above).map_or(1, |(line, _)| *line);
        // The delimiter line counts among the lines above a header, and is skipped if there is no other.
        let of_separator = u64::from(named.is_some() && first > 1);
        let skip_lines = first.saturating_sub(1).saturating_add(of_separator);
        let skip_lines = u32::try_from(skip_lines).unwrap_or(0);
        let rows: Vec<usize> = below.iter().skip(lines).map(|row| row.len()).collect();
        let named = below.iter().take(lines).map(|row| row.len()).max();
        let width = named.unwrap_or_else(|| usual_most(&rows));
        Self {
            delimiter,
            skip_lines,
            header: match u32::try_from(lines) {
                Ok(lines @ 1..) => ColumnHeader::Lines(lines),
                _ => ColumnHeader::Names((1..=width).map(|one| format!("column_{one}")).collect()),
            },
            short: (
                rows.iter().filter(|fields| **fields < width).count(),
                rows.len(),
            ),
        }
    }
}

/// Rows without repeated header lines, and the number of header lines.
fn without_repeated_header(rows: Vec<&Vec<String>>) -> (Vec<&Vec<String>>, usize) {
    let lines = header_lines(&rows);
    let Some(first) = rows.first().copied() else {
        return (rows, lines);
    };
    let once: Vec<&Vec<String>> = std::iter::once(first)
        .chain(rows.iter().skip(1).copied().filter(|row| *row != first))
        .collect();
    if once.len() == rows.len() || first.len() < 2 {
        return (rows, lines);
    }
    // In a table of texts alone, a row that occurs twice is an ordinary row.
    let is_telling = classify_fields(&once, &proposed_formats())
        .iter()
        .any(|class| *class != FieldClass::Other);
    match header_lines(&once) {
        found @ 1.. if is_telling => (once, found),
        _ => (rows, lines),
    }
}

/// Delimiter: the character found in most lines; of several, the one that rarely has another use.
fn detect_delimiter(text: &str) -> u8 {
    let lines: Vec<&str> = text
        .lines()
        .take(200)
        .filter(|line| !line.trim().is_empty())
        .collect();
    let within = |delimiter: u8| {
        let hits = lines
            .iter()
            .filter(|line| line.contains(char::from(delimiter)));
        hits.count()
    };
    // Of equal candidates the last one wins, since a comma also occurs in numbers and texts.
    [b',', b'|', b';', b'\t']
        .into_iter()
        .filter(|delimiter| within(*delimiter) > 0)
        .max_by_key(|delimiter| within(*delimiter))
        .unwrap_or(b',')
}

/// Rows of the text with their line numbers, without the last row, which may be truncated.
fn read_records(text: &str, delimiter: u8) -> Vec<(u64, Vec<String>)> {
    let mut reader = ReaderBuilder::new()
        .delimiter(delimiter)
        .has_headers(false)
        .terminator(Terminator::Any(b'\n'))
        .flexible(true)
        .from_reader(text.as_bytes());
    let mut records = Vec::new();
    let mut record = StringRecord::new();
    while records.len() < MOST && matches!(reader.read_record(&mut record), Ok(true)) {
        let fields: Vec<String> = record.iter().map(|field| field.trim().to_owned()).collect();
        if fields.len() > 1 || fields.iter().any(|field| !field.is_empty()) {
            let line = record.position().map_or(1, csv::Position::line);
            records.push((line, fields));
        }
    }
    if records.len() > 2 && !text.ends_with('\n') {
        records.pop();
    }
    records
}

/// Number of title rows at the top: rows with one text, where other rows have several fields.
fn count_title_rows(records: &[(u64, Vec<String>)]) -> usize {
    let widths: Vec<usize> = records.iter().map(|(_, row)| row.len()).collect();
    let usual = usual_most(widths.get(widths.len() / 2..).unwrap_or_default());
    let spellings = proposed_formats();
    let title = |row: &[String]| {
        let mut reported = row.iter().filter(|field| !field.is_empty());
        let words = |text: &String| !is_moment(text, &spellings) && !is_number(text);
        let first = row
            .first()
            .is_some_and(|field| !field.is_empty() && words(field));
        let alone = first && reported.nth(1).is_none();
        alone && (usual > 1 && row.len() == 1 || usual > 2)
    };
    let above = records.iter().take_while(|(_, row)| title(row)).count();
    // A file of titles alone has no titles.
    if above < records.len() { above } else { 0 }
}

/// Largest number of fields that is not exceptional.
fn usual_most(widths: &[usize]) -> usize {
    let mut counts: BTreeMap<usize, usize> = BTreeMap::new();
    for width in widths {
        let count = counts.entry(*width).or_default();
        *count = count.saturating_add(1);
    }
    let usual = |count: usize| count.saturating_mul(20) >= widths.len();
    let largest = counts.iter().rev().find(|(_, count)| usual(**count));
    largest.map_or(0, |(width, _)| *width)
}

/// Class of the values in most rows of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum FieldClass {
    Moment,
    Number,
    Other,
}

/// Number of header lines: lines at the top whose values differ from the classes below.
fn header_lines(rows: &[&Vec<String>]) -> usize {
    let spellings = proposed_formats();
    let classes = classify_fields(rows, &spellings);
    let Some(first) = rows.first() else {
        return 1;
    };
    if classes.iter().all(|class| *class == FieldClass::Other) {
        // In a table of texts alone, a first line whose value occurs again in its column is an ordinary row.
        let again = |index: usize, field: &String| {
            let mut below = rows.iter().skip(1);
            !field.is_empty() && below.any(|row| row.get(index) == Some(field))
        };
        let mut fields = first.iter().enumerate();
        return usize::from(!fields.any(|(index, field)| again(index, field)));
    }
    let moment = classes
        .iter()
        .position(|class| *class == FieldClass::Moment);
    let row = |fields: &Vec<String>| is_row(fields, &classes, moment, &spellings);
    let is_named_by_years = moment.is_none() && is_year_header(first, &classes);
    let mut lines = usize::from(is_named_by_years);
    for fields in rows.iter().take(MOST_HEADER).skip(lines) {
        if lines == 1 && moment.is_none() && is_below_merged(first, fields, &classes) {
            lines = 2;
            continue;
        }
        let fits = row(fields);
        // Header names become part of the configuration, so a further header line must not contain values.
        let mut reported = fields.iter().zip(&classes);
        let has_number =
            reported.any(|(text, class)| *class == FieldClass::Number && is_number(text.as_str()));
        if fits == Some(true) || lines > 0 && (fits.is_none() || has_number) {
            break;
        }
        lines = lines.saturating_add(1);
    }
    lines
}

/// Checks that a line matches its columns. Returns `None` if that is undecided.
fn is_row(
    fields: &[String],
    classes: &[FieldClass],
    moment: Option<usize>,
    spellings: &[DateTimeFormat],
) -> Option<bool> {
    let report = |index: usize| fields.get(index).filter(|field| !field.is_empty());
    if let Some(text) = moment.and_then(report).filter(|text| !means_nothing(text)) {
        return Some(is_moment(text, spellings));
    }
    let numbers = classes
        .iter()
        .enumerate()
        .filter(|(_, class)| **class == FieldClass::Number)
        .filter_map(|(index, _)| report(index))
        .filter(|text| !means_nothing(text));
    let (mut all, mut fitting) = (0_usize, 0_usize);
    for text in numbers {
        all = all.saturating_add(1);
        fitting = fitting.saturating_add(usize::from(is_number(text)));
    }
    (all > 0).then(|| fitting.saturating_mul(2) >= all)
}

/// Checks for a line of years below merged cells. It is empty in the columns where rows have their names.
fn is_below_merged(first: &[String], fields: &[String], classes: &[FieldClass]) -> bool {
    let of = |class: FieldClass| {
        let placed = fields.iter().zip(classes);
        placed
            .filter(move |(_, of)| **of == class)
            .map(|(text, _)| text)
    };
    let has_merged = first.iter().skip(1).any(String::is_empty);
    let names_nothing =
        of(FieldClass::Other).next().is_some() && of(FieldClass::Other).all(String::is_empty);
    let mut years = of(FieldClass::Number)
        .filter(|text| !text.is_empty())
        .peekable();
    has_merged && names_nothing && years.peek().is_some() && years.all(|text| is_year(text))
}

fn is_year(text: &str) -> bool {
    field_value::parse_int(text).is_some_and(|year| (1900..=2100).contains(&year))
}

/// Checks for a header of years above columns of numbers.
fn is_year_header(first: &[String], classes: &[FieldClass]) -> bool {
    let numbers = first
        .iter()
        .zip(classes)
        .filter(|(text, class)| **class == FieldClass::Number && !text.is_empty());
    let years: Vec<&String> = numbers.map(|(text, _)| text).collect();
    let rising = years.windows(2).all(|pair| pair.first() < pair.last());
    years.len() > 1 && rising && years.iter().all(|text| is_year(text))
}

fn classify_fields(rows: &[&Vec<String>], spellings: &[DateTimeFormat]) -> Vec<FieldClass> {
    // The last third of the rows, since header lines are at the top.
    let later = rows.len().saturating_mul(2) / 3;
    let later = rows.get(later..).unwrap_or_default();
    let width = later.iter().map(|row| row.len()).max().unwrap_or(0);
    let class = |index: usize| {
        let fields = later.iter().filter_map(|row| row.get(index));
        let reported: Vec<&String> = fields.filter(|field| !field.is_empty()).collect();
        let most = |fits: &dyn Fn(&str) -> bool| {
            let hits = reported.iter().filter(|text| fits(text)).count();
            !reported.is_empty() && hits.saturating_mul(10) >= reported.len().saturating_mul(9)
        };
        if most(&|text| is_moment(text, spellings)) {
            FieldClass::Moment
        } else if most(&is_number) {
            FieldClass::Number
        } else {
            FieldClass::Other
        }
    };
    (0..width).map(class).collect()
}

/// Checks for a placeholder of a missing value, which is no evidence.
fn means_nothing(text: &str) -> bool {
    let plain = text.to_ascii_lowercase();
    !plain.contains(char::is_alphanumeric)
        || matches!(
            plain.as_str(),
            "na" | "n/a" | "nan" | "null" | "none" | "nd" | "n.d." | "k.a." | "x"
        )
}

fn is_number(text: &str) -> bool {
    NumberEvidence::default().observe(text)
}

/// Maximum number of rows from which the layout is inferred.
const MOST: usize = 1000;

/// Maximum number of header lines.
const MOST_HEADER: usize = 20;

#[cfg(test)]
mod tests;
