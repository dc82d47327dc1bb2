//! How files seem to be written that nobody has described, and what they hold.

use super::inferred_column::InferredColumn;
use super::text_layout::TextLayout;
use super::{SourceSample, UnreadableRows, sample};
use crate::ingest;
use crate::ingest::bounded_reader::USUAL_ROW_BYTES;
use crate::ingest::config::{
    ColumnHeader, ConfigLocation, ShortRowHandling, SourceConfig, SourceKind,
};
use crate::ingest::source_files::{self, SourceFile};
use crate::ingest::source_roots::SourceRoots;
use hansa_policy::refusal::{ErrorCode, Refusal};
use std::collections::BTreeSet;
use std::io::Read as _;

/// What files seem to be.
#[derive(Debug, Clone)]
pub struct InferredSource {
    /// How they seem to be written.
    pub source: SourceConfig,
    /// The files.
    pub files: Vec<SourceFile>,
    /// How many of them were looked at.
    pub looked_at: usize,
    /// The columns, but for those without a name.
    pub columns: Vec<InferredColumn>,
    /// How many columns have no name.
    pub nameless: usize,
    /// How many rows were looked at.
    pub rows: usize,
    /// How many of the rows that were looked at lack their last fields.
    pub short: usize,
    /// The rows that could not be read.
    pub unread: UnreadableRows,
}

/// Looks at the files that these paths name.
///
/// # Errors
/// `FILE_MISSING`, `SOURCE_UNREADABLE`; `SOURCE_OUTSIDE` where one lies where no source may be.
pub fn look(paths: &[String], roots: &SourceRoots) -> Result<InferredSource, Refusal> {
    let (kind, files) = found(paths, roots)?;
    let first = files.first().ok_or_else(|| nothing(paths))?;
    let (mut source, short, all) = written(first, kind, paths)?;
    let mut seen = sample(first, &source, ROWS)?;
    if kind == SourceKind::Text && uses_comma(&seen, source.delimiter) {
        source.decimal = ',';
    }
    // Missing are the last fields alone where the rest of a row is what it is in a whole one.
    let fills = short > 0 && {
        source.short_rows = ShortRowHandling::Null;
        let filled = sample(first, &source, ROWS)?;
        let alike = alike(&seen, &filled, source.decimal);
        let many = short.saturating_mul(20) >= all;
        if alike && many {
            seen = filled;
        }
        alike && many
    };
    if !fills {
        source.short_rows = ShortRowHandling::Refuse;
    }
    let mut lacking = vec![false; seen.names.len()];
    for file in files.iter().skip(1).take(FURTHER) {
        match sample(file, &source, FURTHER_ROWS) {
            Ok(more) => merge(&mut seen, &mut lacking, more),
            Err(why) => seen.unread.count(&file.display_name, 1, &why.sentence),
        }
    }
    let columns = seen.names.iter().zip(lacking).enumerate();
    let columns = columns.map(|(index, (header, lacking))| {
        let values = seen.rows.iter();
        let values = values.map(|(_, fields)| fields.get(index).and_then(Option::as_deref));
        let mut column = InferredColumn::look(header, values, source.decimal);
        column.optional = lacking;
        (header.is_empty(), column)
    });
    let (nameless, named): (Vec<_>, Vec<_>) = columns.partition(|(nameless, _)| *nameless);
    Ok(InferredSource {
        looked_at: files.len().min(FURTHER.saturating_add(1)),
        source,
        files,
        columns: named.into_iter().map(|(_, column)| column).collect(),
        nameless: nameless.len(),
        rows: seen.rows.len(),
        short,
        unread: seen.unread,
    })
}

/// The files, all of one kind: in a folder the kind that the most files are of.
fn found(paths: &[String], roots: &SourceRoots) -> Result<(SourceKind, Vec<SourceFile>), Refusal> {
    let mut all: Vec<(SourceKind, Vec<SourceFile>)> = Vec::new();
    for kind in [SourceKind::GeoJson, SourceKind::Parquet, SourceKind::Text] {
        match source_files::list(&plain(kind, paths), roots) {
            Ok(files) => all.push((kind, files)),
            // What could not be published afterwards is not written down.
            Err(refusal) if refusal.code == ErrorCode::SourceOutside => return Err(refusal),
            Err(_) => {}
        }
    }
    all.sort_by_key(|(_, files)| files.len());
    let (listed, files) = all.pop().ok_or_else(|| nothing(paths))?;
    // A file that is named is listed whatever its ending says.
    let ending = files.first().and_then(|file| file.path().extension());
    let ending = ending.map(|end| end.to_ascii_lowercase());
    let kind = match ending.as_deref().and_then(|end| end.to_str()) {
        Some("parquet") => SourceKind::Parquet,
        Some("geojson" | "json") => SourceKind::GeoJson,
        _ if files.len() > 1 => listed,
        _ => SourceKind::Text,
    };
    Ok((kind, files))
}

/// How the first file seems to be written, how many of its rows lack their last fields, and how many were seen.
fn written(
    file: &SourceFile,
    kind: SourceKind,
    paths: &[String],
) -> Result<(SourceConfig, usize, usize), Refusal> {
    let mut config = plain(kind, paths);
    if kind != SourceKind::Text {
        return Ok((config, 0, 0));
    }
    let missing = |error: std::io::Error| {
        let sentence = format!("`{}` can't be read: {error}", file.display_name);
        Refusal::new(ErrorCode::FileMissing, sentence).with_place(
            file.display_name.clone(),
            None,
            None,
        )
    };
    let mut head = Vec::new();
    let open = file.open()?;
    open.take(HEAD).read_to_end(&mut head).map_err(missing)?;
    // The piece may end inside a character, which is at most four bytes long.
    let utf8 = match std::str::from_utf8(&head) {
        Ok(_) => true,
        Err(error) => {
            error.error_len().is_none() && head.len().saturating_sub(error.valid_up_to()) < 4
        }
    };
    if !utf8 {
        config.encoding = encoding_rs::WINDOWS_1252;
    }
    let (text, ..) = config.encoding.decode(&head);
    let layout = TextLayout::of(&text);
    config.delimiter = layout.delimiter;
    config.skip_lines = layout.skip_lines;
    config.header = layout.header;
    let (short, all) = layout.short;
    Ok((config, short, all))
}

/// A source that nothing is known of but its kind.
fn plain(kind: SourceKind, paths: &[String]) -> SourceConfig {
    SourceConfig {
        location: ConfigLocation {
            file: "the command".to_owned(),
            line: 1,
        },
        kind,
        paths: paths.to_vec(),
        delimiter: b',',
        encoding: encoding_rs::UTF_8,
        skip_lines: 0,
        header: ColumnHeader::Lines(1),
        short_rows: ShortRowHandling::Refuse,
        nulls: vec![String::new()],
        decimal: '.',
        skip_columns: Vec::new(),
        in_place: None,
        max_row_bytes: USUAL_ROW_BYTES,
    }
}

fn nothing(paths: &[String]) -> Refusal {
    Refusal::new(
        ErrorCode::FileMissing,
        format!("`{}`: no file is there", paths.join("`, `")),
    )
}

/// Whether the rows that were filled hold in each column what the whole ones hold there, as far as both hold something, and a column
/// shows it: any text fits a column of texts, so it is one of another type behind the first of those.
fn alike(whole: &SourceSample, filled: &SourceSample, decimal: char) -> bool {
    let lines: BTreeSet<u64> = whole.rows.iter().map(|(line, _)| *line).collect();
    let kind = |sample: &SourceSample, index: usize, whole: bool| {
        let rows = sample
            .rows
            .iter()
            .filter(|(line, _)| lines.contains(line) == whole);
        let values = rows.map(|(_, fields)| fields.get(index).and_then(Option::as_deref));
        let column = InferredColumn::look("", values, decimal);
        (!column.bare).then_some(column.kind)
    };
    let (mut is_behind_text, mut has_text, mut is_shown) = (false, false, false);
    for index in 0..whole.names.len() {
        let (whole, filled) = (kind(whole, index, true), kind(filled, index, false));
        if let (Some(whole), Some(filled)) = (whole, filled) {
            if whole != filled {
                return false;
            }
            let tells = whole != "text";
            is_behind_text |= tells && has_text;
            is_shown |= tells;
        }
        has_text |= whole == Some("text");
    }
    is_behind_text || is_shown && !has_text
}

/// Adds the rows of another file, column by column; `lacking` says which columns some file does not have.
fn merge(seen: &mut SourceSample, lacking: &mut Vec<bool>, more: SourceSample) {
    let places: Vec<usize> = more
        .names
        .iter()
        .map(|name| {
            let known = seen.names.iter().position(|known| known == name);
            known.unwrap_or_else(|| {
                seen.names.push(name.clone());
                lacking.push(true);
                seen.names.len().saturating_sub(1)
            })
        })
        .collect();
    for (place, lacks) in lacking.iter_mut().enumerate() {
        *lacks |= !places.contains(&place);
    }
    let width = seen.names.len();
    for (line, fields) in more.rows {
        let mut row = vec![None; width];
        for (place, field) in places.iter().zip(fields) {
            if let Some(slot) = row.get_mut(*place) {
                *slot = field;
            }
        }
        seen.rows.push((line, row));
    }
    seen.unread.add(more.unread);
}

/// Whether numbers are written with a comma, and none with a point.
fn uses_comma(sample: &SourceSample, delimiter: u8) -> bool {
    let fields = || sample.rows.iter().flat_map(|(_, fields)| fields).flatten();
    let with = |mark: char| {
        fields().any(|text| text.contains(mark) && ingest::field_value::float(text, mark).is_some())
    };
    delimiter != b',' && with(',') && !with('.')
}

/// How many rows of the first file are looked at.
const ROWS: usize = 2000;

/// How many further files, and how many rows of each.
const FURTHER: usize = 50;
const FURTHER_ROWS: usize = 200;

/// How much of a file says how it is written.
const HEAD: u64 = 256 * 1024;
