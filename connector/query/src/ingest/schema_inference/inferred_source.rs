//! Inference of the format and content of undescribed files.

use super::file_tail::{FileTail, NoteLines};
use super::inferred_column::InferredColumn;
use super::number_evidence::FileNotation;
use super::source_scan::SourceScan;
use super::text_layout::TextLayout;
use super::total_row::{self, TotalSign};
use super::{SourceSample, UnreadableRows, sample_rows};
use crate::ingest;
use crate::ingest::bounded_reader::USUAL_ROW_BYTES;
use crate::ingest::config::{
    ColumnHeader, ConfigLocation, ShortRowHandling, SourceConfig, SourceKind,
};
use crate::ingest::content_kind::{self, ContentKind};
use crate::ingest::json_rows;
use crate::ingest::number_notation::LeadingZeroRule;
use crate::ingest::place_extent::{LATITUDES, LONGITUDES, look_turned_around};
use crate::ingest::source_content::{SourceContent, guess_encoding};
use crate::ingest::source_files::{self, SourceFile};
use crate::ingest::source_roots::SourceRoots;
use crate::ingest::typed_rows::list_declared_kinds;
use hansa_policy::refusal::{ErrorCode, Refusal};
use std::collections::BTreeSet;
use std::io::Read as _;

/// Inferred source.
#[derive(Debug, Clone)]
pub struct InferredSource {
    /// Inferred settings of the source.
    pub source: SourceConfig,
    /// Files of the source.
    pub files: Vec<SourceFile>,
    /// Number of examined files.
    pub looked_at: usize,
    /// Columns with a name.
    pub columns: Vec<InferredColumn>,
    /// Number of columns without a name.
    pub nameless: usize,
    /// Number of examined rows.
    pub rows: usize,
    /// Number of examined rows that lack their last fields.
    pub short: usize,
    /// Unreadable rows.
    pub unread: UnreadableRows,
    /// Lines after the rows, if the user did not describe them.
    pub notes: Option<NoteLines>,
    /// Last row that seems to contain totals.
    pub total: Option<FoundTotal>,
    /// Order of the coordinates.
    pub places: InferredPlaces,
}

impl InferredSource {
    /// Gives the one file another path: that of the entry, where the file is read at another place.
    pub fn name_file(&mut self, path: &str) {
        self.source.paths = vec![path.to_owned()];
        for file in &mut self.files {
            path.clone_into(&mut file.display_name);
        }
        if let Some((file, _, _)) = &mut self.unread.first {
            path.clone_into(file);
        }
        if let Some(total) = &mut self.total {
            path.clone_into(&mut total.file);
        }
    }
}

/// Order of longitude and latitude in the examined rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InferredPlaces {
    /// No such columns.
    None,
    /// Longitude and latitude in the right columns.
    InOrder,
    /// Probably exchanged: the places lie in Europe only after an exchange of both.
    TurnedAround,
}

/// Last row that seems to contain totals.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundTotal {
    /// Name of the file.
    pub file: String,
    /// Line number of the row.
    pub line: u64,
    /// Number of lines from the row to the end of the file, including notes.
    pub lines: u32,
    /// Number of lines that are skipped anyway as notes.
    pub notes: u32,
    /// Sign by which the row was detected.
    pub sign: TotalSign,
}

/// Infers a source from the files at these paths. `skip_last_lines` is the user's setting.
///
/// # Errors
/// `FILE_MISSING`, `SOURCE_UNREADABLE`; `SOURCE_OUTSIDE` if a file is outside the permitted folders.
pub fn infer_source(
    paths: &[String],
    roots: &SourceRoots,
    skip_last_lines: Option<u32>,
) -> Result<InferredSource, Refusal> {
    let (kind, files) = find_source_files(paths, roots)?;
    let first = files.first().ok_or_else(|| missing_file_refusal(paths))?;
    let (mut source, short, all) = infer_text_layout(first, kind, paths)?;
    source.skip_last_lines = skip_last_lines.unwrap_or(0);
    let seen = sample_rows(first, &source, ROWS)?;
    // Short rows lack their last fields only if their other fields match those of complete rows.
    let fills = short > 0 && {
        source.short_rows = ShortRowHandling::Null;
        let filled = sample_rows(first, &source, ROWS)?;
        let decimal = if uses_comma(&seen, source.delimiter) {
            ','
        } else {
            '.'
        };
        matches_complete_rows(&seen, &filled, decimal) && short.saturating_mul(20) >= all
    };
    if !fills {
        source.short_rows = ShortRowHandling::Refuse;
    }
    let mut scan = scan_files(&files, &source)?;
    let tails = scan.tails.clone();
    let notes = common_notes(&scan).filter(|_| skip_last_lines.is_none());
    if let Some(notes) = notes.filter(|notes| notes.is_set_apart) {
        source.skip_last_lines = notes.lines;
        scan = scan_files(&files, &source)?;
    }
    let schema = ingest::read_schema(first, kind)?;
    let declared = schema.map_or(Vec::new(), |schema| list_declared_kinds(&schema));
    let places = infer_places(&seen);
    let profiles = scan.columns.iter().map(|column| &column.profile);
    let shown = profiles.filter(|profile| profile.shows_notation());
    let notation = FileNotation::decide(shown.map(|profile| &profile.numbers));
    (source.decimal, source.thousands) = (notation.decimal, notation.thousands);
    let columns = scan.columns.iter().map(|scanned| {
        let mut column = scanned.profile.conclude(&scanned.name, &notation);
        column.optional = scanned.is_lacking;
        let kind = declared.iter().find(|(name, _)| *name == scanned.name);
        if let Some((_, kind)) = kind {
            column = column.with_declared_kind(*kind);
        }
        (scanned.name.is_empty(), column)
    });
    let (nameless, named): (Vec<_>, Vec<_>) = columns.partition(|(nameless, _)| *nameless);
    let columns: Vec<InferredColumn> = named.into_iter().map(|(_, column)| column).collect();
    let is_asked = kind == SourceKind::Text && skip_last_lines.is_none();
    let total = if is_asked {
        found_total(&files, &source, &tails, &columns)?
    } else {
        None
    };
    Ok(InferredSource {
        notes,
        total,
        looked_at: scan.files,
        source,
        files,
        columns,
        nameless: nameless.len(),
        rows: scan.rows,
        short,
        unread: scan.unread,
        places,
    })
}

/// Order of the coordinates in the rows.
fn infer_places(seen: &SourceSample) -> InferredPlaces {
    let place = |names: &[&str]| {
        let is_one = |name: &String| names.contains(&name.trim().to_ascii_lowercase().as_str());
        seen.names.iter().position(is_one)
    };
    let (Some(longitude), Some(latitude)) = (place(&LONGITUDES), place(&LATITUDES)) else {
        return InferredPlaces::None;
    };
    let places = seen.rows.iter().filter_map(|(_, fields)| {
        let number = |index: usize| -> Option<f64> {
            let text = fields.get(index)?.as_deref()?;
            text.trim().replace(',', ".").parse().ok()
        };
        Some((number(longitude)?, number(latitude)?))
    });
    if look_turned_around(places) {
        InferredPlaces::TurnedAround
    } else {
        InferredPlaces::InOrder
    }
}

/// Scans the rows of all files.
fn scan_files(files: &[SourceFile], source: &SourceConfig) -> Result<SourceScan, Refusal> {
    let mut scan = SourceScan::default();
    for file in files.iter().take(MOST_FILES) {
        scan.add_file(file, source)?;
    }
    Ok(scan)
}

/// Lines after the rows, if all files have an equal number.
fn common_notes(scan: &SourceScan) -> Option<NoteLines> {
    let mut all = scan.tails.iter().map(FileTail::notes);
    let first = all.next()??;
    let same = |notes: Option<NoteLines>| {
        notes.is_some_and(|notes| {
            notes.lines == first.lines && notes.is_set_apart == first.is_set_apart
        })
    };
    (scan.tails.len() == scan.files && all.all(same)).then_some(first)
}

/// First file whose last row seems to contain totals.
fn found_total(
    files: &[SourceFile],
    source: &SourceConfig,
    tails: &[FileTail],
    columns: &[InferredColumn],
) -> Result<Option<FoundTotal>, Refusal> {
    for (file, tail) in files.iter().zip(tails) {
        let Some(last) = tail.last_row_and_below() else {
            continue;
        };
        if let Some(sign) = total_row::find_total_sign(file, source, columns)? {
            return Ok(Some(FoundTotal {
                file: file.display_name.clone(),
                line: last.first,
                lines: last.lines,
                notes: source.skip_last_lines,
                sign,
            }));
        }
    }
    Ok(None)
}

/// Files of one kind. In a folder this is the most frequent kind.
fn find_source_files(
    paths: &[String],
    roots: &SourceRoots,
) -> Result<(SourceKind, Vec<SourceFile>), Refusal> {
    let mut all: Vec<(SourceKind, Vec<SourceFile>)> = Vec::new();
    for kind in [
        SourceKind::GeoJson,
        SourceKind::Arrow,
        SourceKind::Parquet,
        SourceKind::Text,
    ] {
        match source_files::list_files(&default_source(kind, paths), roots) {
            Ok(files) => all.push((kind, files)),
            // Files that could not be published are not proposed.
            Err(refusal) if refusal.code != ErrorCode::FileMissing => return Err(refusal),
            Err(_) => {}
        }
    }
    all.sort_by_key(|(_, files)| files.len());
    let is_folder = paths.iter().any(|path| roots.folder().join(path).is_dir());
    let (listed, files) = all.pop().ok_or_else(|| match is_folder {
        true => missing_file_refusal(paths).with_help(
            "of a folder the files that end in csv, txt, tsv, parquet, arrow, feather, geojson or json are read, also packed as .gz; name others one by one",
        ),
        false => missing_file_refusal(paths),
    })?;
    let first = files.first().ok_or_else(|| missing_file_refusal(paths))?;
    Ok((kind_of(first, listed)?, files))
}

/// Kind of one plain table by its content alone: its name has no effect.
///
/// # Errors
/// `FILE_MISSING`, `SOURCE_OUTSIDE`; `SOURCE_KIND_UNKNOWN` for what is no plain table; `SOURCE_UNREADABLE` for a Parquet file whose
/// footer can't be read.
pub fn detect_table_kind(file: &SourceFile) -> Result<SourceKind, Refusal> {
    let mut head = Vec::new();
    let most = u64::try_from(content_kind::HEAD).unwrap_or(u64::MAX);
    let read = file.open()?.take(most).read_to_end(&mut head);
    read.map_err(|error| {
        let sentence = format!("`{}` can't be read: {error}", file.display_name);
        Refusal::new(ErrorCode::FileMissing, sentence)
    })?;
    let found = ContentKind::of(&head);
    found.expect_plain_table(&file.display_name)?;
    let kind = match found {
        ContentKind::Parquet => SourceKind::Parquet,
        ContentKind::Json => SourceKind::GeoJson,
        ContentKind::Text
        | ContentKind::Arrow
        | ContentKind::Gzip
        | ContentKind::Zip
        | ContentKind::Unread(_) => SourceKind::Text,
    };
    // The footer of a Parquet file says where its rows are.
    ingest::read_schema(file, kind)?;
    if kind == SourceKind::GeoJson && json_rows::holds_rows(file, &default_source(kind, &[]))? {
        return Ok(SourceKind::Json);
    }
    Ok(kind)
}

/// Kind of a file by its content. A named file is accepted with any extension.
fn kind_of(file: &SourceFile, listed: SourceKind) -> Result<SourceKind, Refusal> {
    let shown = file.display_name.as_str();
    let ends = |endings: &[&str]| {
        let name = shown.to_ascii_lowercase();
        let name = name.strip_suffix(".gz").unwrap_or(&name);
        endings.iter().any(|ending| name.ends_with(ending))
    };
    let kind = match SourceContent::open(file)?.kind() {
        ContentKind::Parquet => SourceKind::Parquet,
        ContentKind::Arrow => SourceKind::Arrow,
        // JSON in a file with the extension of a table is no table.
        ContentKind::Json if ends(&[".csv", ".tsv", ".txt"]) => SourceKind::Text,
        ContentKind::Json => SourceKind::GeoJson,
        // The reader of the kind reports the fault.
        ContentKind::Text if ends(&JSON_ENDINGS) => SourceKind::GeoJson,
        ContentKind::Text if ends(&[".parquet"]) => SourceKind::Parquet,
        ContentKind::Text if ends(&[".arrow", ".arrows", ".feather"]) => SourceKind::Arrow,
        ContentKind::Text => SourceKind::Text,
        ContentKind::Gzip | ContentKind::Zip | ContentKind::Unread(_) => listed,
    };
    SourceContent::open_as(file, kind)?;
    if kind == SourceKind::GeoJson && json_rows::holds_rows(file, &default_source(kind, &[]))? {
        return Ok(SourceKind::Json);
    }
    Ok(kind)
}

/// Inferred layout of the first file, the number of its rows without last fields, and the number of its rows.
fn infer_text_layout(
    file: &SourceFile,
    kind: SourceKind,
    paths: &[String],
) -> Result<(SourceConfig, usize, usize), Refusal> {
    let mut config = default_source(kind, paths);
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
    config.encoding = guess_encoding(file)?;
    let mut head = Vec::new();
    let open = SourceContent::open_text(file, &config)?;
    open.take(HEAD).read_to_end(&mut head).map_err(missing)?;
    let (text, ..) = config.encoding.decode(&head);
    let layout = TextLayout::of(&text);
    config.delimiter = layout.delimiter;
    config.skip_lines = layout.skip_lines;
    config.header = layout.header;
    let (short, all) = layout.short;
    Ok((config, short, all))
}

/// Source of this kind with default settings.
fn default_source(kind: SourceKind, paths: &[String]) -> SourceConfig {
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
        skip_last_lines: 0,
        header: ColumnHeader::Lines(1),
        short_rows: ShortRowHandling::Refuse,
        nulls: vec![String::new()],
        decimal: '.',
        thousands: None,
        leading_zeros: LeadingZeroRule::Refuse,
        skip_columns: Vec::new(),
        in_place: None,
        max_row_bytes: USUAL_ROW_BYTES,
    }
}

fn missing_file_refusal(paths: &[String]) -> Refusal {
    Refusal::new(
        ErrorCode::FileMissing,
        format!("`{}`: no file is there", paths.join("`, `")),
    )
}

/// Checks that short rows match complete rows in each column, as far as both have values. At least one typed column must follow the
/// first text column, because any value matches a text column.
fn matches_complete_rows(whole: &SourceSample, filled: &SourceSample, decimal: char) -> bool {
    let lines: BTreeSet<u64> = whole.rows.iter().map(|(line, _)| *line).collect();
    let kind = |sample: &SourceSample, index: usize, whole: bool| {
        let rows = sample
            .rows
            .iter()
            .filter(|(line, _)| lines.contains(line) == whole);
        let values = rows.map(|(_, fields)| fields.get(index).and_then(Option::as_deref));
        let column = InferredColumn::from_values("", values, decimal);
        // A column with doubtful values is no evidence.
        (!column.bare && column.doubt.is_none()).then(|| column.kind.clone())
    };
    let (mut is_behind_text, mut has_text, mut is_shown) = (false, false, false);
    for index in 0..whole.names.len() {
        let (whole, filled) = (kind(whole, index, true), kind(filled, index, false));
        if let (Some(whole), Some(filled)) = (&whole, &filled) {
            if whole != filled {
                return false;
            }
            let tells = whole != "text";
            is_behind_text |= tells && has_text;
            is_shown |= tells;
        }
        has_text |= whole.as_deref() == Some("text");
    }
    is_behind_text || is_shown && !has_text
}

/// Checks that numbers use a decimal comma and no decimal point.
fn uses_comma(sample: &SourceSample, delimiter: u8) -> bool {
    let fields = || sample.rows.iter().flat_map(|(_, fields)| fields).flatten();
    let with = |mark: char| {
        fields().any(|text| {
            text.contains(mark) && ingest::field_value::parse_float(text, mark).is_some()
        })
    };
    delimiter != b',' && with(',') && !with('.')
}

/// Number of rows of the first file from which the layout is inferred.
const ROWS: usize = 2000;

/// Maximum number of examined files.
const MOST_FILES: usize = 1000;

/// Number of bytes of a file from which the layout is inferred.
const HEAD: u64 = 256 * 1024;

/// File extensions of JSON.
const JSON_ENDINGS: [&str; 6] = [
    ".geojson",
    ".json",
    ".geojsonl",
    ".geojsons",
    ".jsonl",
    ".ndjson",
];
