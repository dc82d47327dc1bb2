//! Conversion of fields to typed rows: column names, unpivot, value conversion. Unreadable values are counted.

pub mod batch_builder;
pub mod column_parser;
pub mod preview_row;
pub mod repeated_hour;

use crate::ingest::config::{ColumnConfig, ColumnValueOrigin, DatasetConfig};
use crate::ingest::field_value::{RawField, SourceFileEvent, TypedValue};
use crate::ingest::ingest_counts::{self, BELOW_ROWS, IngestCounts, ROW};
use crate::ingest::place_extent::{LATITUDES, LONGITUDES, PlaceExtent};
use crate::ingest::wildcard;
use column_parser::ColumnParser;
use hansa_catalog::dataset::ColumnType;
use hansa_policy::refusal::{ErrorCode, Refusal};
use preview_row::{PreviewCell, PreviewRow};
use repeated_hour::RowPosition;

/// Converter of the events of one file to rows of the declared columns, followed by `_file` and `_line`.
#[derive(Debug)]
pub struct RowBuilder<'c> {
    config: &'c DatasetConfig,
    file: String,
    typings: Vec<ColumnParser<'c>>,
    layout: FieldLayout,
    /// Permitted extent of places, with the columns of longitude and latitude.
    extent: Option<PlacedExtent>,
    counts: IngestCounts,
    /// Rows that were read, if a preview is requested.
    preview: Option<Vec<PreviewRow>>,
    /// Number of unreadable lines after the last row.
    broken_since_row: u64,
}

/// Extent, with the columns of the places that are checked.
#[derive(Debug, Clone, Copy)]
struct PlacedExtent {
    extent: PlaceExtent,
    longitude: usize,
    latitude: usize,
}

/// Positions of the fields of each column in one file.
#[derive(Debug, Default)]
struct FieldLayout {
    columns: Vec<Vec<FieldSlot>>,
    pivots: Vec<PivotColumn>,
}

/// Column of the file that becomes a row, with the groups of its name.
#[derive(Debug)]
struct PivotColumn {
    index: usize,
    groups: Vec<(String, String)>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum FieldSlot {
    Field(usize),
    Group(String),
    PivotValue,
    FileName,
    FileStem,
    Line,
    Absent,
}

impl<'c> RowBuilder<'c> {
    /// Starts a file. `zone` is the time zone of the dataset.
    ///
    /// # Errors
    /// A refusal if a column's declaration can't be applied.
    pub fn new(config: &'c DatasetConfig, zone: &str, file: &str) -> Result<Self, Refusal> {
        Ok(Self {
            config,
            file: file.to_owned(),
            typings: config
                .columns
                .iter()
                .map(|column| ColumnParser::new(column, config, zone))
                .collect::<Result<_, _>>()?,
            layout: FieldLayout::default(),
            extent: placed_extent(config)?,
            counts: IngestCounts::default(),
            preview: None,
            broken_since_row: 0,
        })
    }

    /// Keeps each row together with the text of the file.
    #[must_use]
    pub fn with_preview(mut self) -> Self {
        self.preview = Some(Vec::new());
        self
    }

    /// Rows that were kept.
    #[must_use]
    pub fn preview(&self) -> &[PreviewRow] {
        self.preview.as_deref().unwrap_or_default()
    }

    /// Counts so far.
    #[must_use]
    pub const fn counts(&self) -> &IngestCounts {
        &self.counts
    }

    /// Processes an event and passes the resulting rows to `out`.
    ///
    /// # Errors
    /// `SCHEMA_MISMATCH` if the file lacks a column, or a refusal of `out`.
    pub fn take_event(
        &mut self,
        event: SourceFileEvent<'_>,
        out: &mut dyn FnMut(&[TypedValue]) -> Result<(), Refusal>,
    ) -> Result<(), Refusal> {
        match event {
            SourceFileEvent::Header(names) => {
                self.layout = self.lay_out(names)?;
                Ok(())
            }
            SourceFileEvent::Counted(what) => {
                ingest_counts::increase_count(&mut self.counts.met, what, 1);
                Ok(())
            }
            SourceFileEvent::Broken { line, why } => {
                let rows = self.layout.pivots.len().max(1);
                let rows = u64::try_from(rows).unwrap_or(1);
                self.counts.rows = self.counts.rows.saturating_add(rows);
                self.counts.bad_rows = self.counts.bad_rows.saturating_add(rows);
                self.counts
                    .count_unreadable_value(ROW, &self.file, line, "", why);
                self.broken_since_row = self.broken_since_row.saturating_add(1);
                Ok(())
            }
            SourceFileEvent::Row { line, fields } => {
                self.broken_since_row = 0;
                if self.config.unpivot.is_none() {
                    return self.take_row(line, fields, None, out);
                }
                (0..self.layout.pivots.len())
                    .try_for_each(|pivot| self.take_row(line, fields, Some(pivot), out))
            }
        }
    }

    /// Counts of the file.
    ///
    /// # Errors
    /// `ROWS_UNREADABLE` if the order of the rows does not resolve a local time that occurs twice.
    pub fn finish(self) -> Result<IngestCounts, Refusal> {
        for typing in self.typings {
            let name = typing.name();
            let Some(unclear) = typing.finish() else {
                continue;
            };
            let sentence = format!("`{}`, column `{name}`: {}", self.file, unclear.why);
            return Err(Refusal::new(ErrorCode::RowsUnreadable, sentence)
                .with_place(self.file, Some(unclear.line), Some("ambiguous".to_owned()))
                .with_help(
                    "ambiguous = \"sequence\" is for rows in the order of time, of each value of unit_column where there is one",
                )
                .with_help("else write times with their offset, or say first or second"));
        }
        let mut counts = self.counts;
        if self.broken_since_row > 0 {
            ingest_counts::increase_count(&mut counts.met, BELOW_ROWS, self.broken_since_row);
        }
        Ok(counts)
    }

    fn take_row(
        &mut self,
        line: u64,
        fields: &[RawField<'_>],
        pivot: Option<usize>,
        out: &mut dyn FnMut(&[TypedValue]) -> Result<(), Refusal>,
    ) -> Result<(), Refusal> {
        let pivot = pivot.and_then(|index| self.layout.pivots.get(index));
        self.counts.rows = self.counts.rows.saturating_add(1);
        let mut cells: Vec<TypedValue> = Vec::with_capacity(self.typings.len().saturating_add(2));
        let mut bad = false;
        let mut kept = Vec::new();
        let series = self.series(fields, pivot, line);
        let position = RowPosition {
            line,
            series: &series,
        };
        for (typing, places) in self.typings.iter_mut().zip(&self.layout.columns) {
            let mut texts = String::new();
            let raw = match places.as_slice() {
                [one] => read_slot(one, fields, pivot, &self.file, line),
                [] => RawField::Null,
                several => join_fields(several, fields, pivot, &self.file, line, &mut texts),
            };
            let read = typing.read(raw, position, &cells, &mut self.counts);
            if self.preview.is_some() {
                kept.push(PreviewCell::new(raw, &read));
            }
            match read {
                Ok(cell) => cells.push(cell),
                Err(why) => {
                    let name = typing.name();
                    self.counts.count_unreadable_value(
                        name,
                        &self.file,
                        line,
                        &raw.display_text(),
                        &why,
                    );
                    cells.push(TypedValue::Null);
                    bad = true;
                }
            }
        }
        if !bad
            && let Some(placed) = self.extent
            && let (Some(TypedValue::Float(longitude)), Some(TypedValue::Float(latitude))) =
                (cells.get(placed.longitude), cells.get(placed.latitude))
            && let Some(why) = placed.extent.objection(*longitude, *latitude)
        {
            let columns = &self.config.columns;
            let name = columns
                .get(placed.longitude)
                .map(|column| column.name.as_str());
            let text = format!("{longitude}, {latitude}");
            self.counts
                .count_unreadable_value(name.unwrap_or(ROW), &self.file, line, &text, why);
            bad = true;
        }
        if let Some(preview) = &mut self.preview {
            preview.push(PreviewRow { line, cells: kept });
        }
        if bad {
            self.counts.bad_rows = self.counts.bad_rows.saturating_add(1);
            return Ok(());
        }
        cells.push(TypedValue::Text(self.file.clone()));
        cells.push(TypedValue::Int(i64::try_from(line).unwrap_or(i64::MAX)));
        out(&cells)
    }

    /// Unit of a row, if the order of rows matters.
    fn series(&self, fields: &[RawField<'_>], pivot: Option<&PivotColumn>, line: u64) -> String {
        if !self.typings.iter().any(ColumnParser::needs_order) {
            return String::new();
        }
        let unit = self.config.unit_column.as_ref();
        let place = self
            .config
            .columns
            .iter()
            .position(|column| Some(&column.name) == unit);
        let slots = place.and_then(|place| self.layout.columns.get(place));
        let texts = slots.into_iter().flatten();
        let texts =
            texts.map(|slot| read_slot(slot, fields, pivot, &self.file, line).display_text());
        texts.collect::<Vec<_>>().join(" ")
    }

    fn lay_out(&mut self, names: &[String]) -> Result<FieldLayout, Refusal> {
        let kept: Vec<(usize, &str)> = names
            .iter()
            .enumerate()
            .map(|(index, name)| (index, name.as_str()))
            .filter(|(_, name)| {
                let skip = &self.config.source.skip_columns;
                !name.is_empty()
                    && !skip
                        .iter()
                        .any(|skip| wildcard::matches_wildcard(skip, name))
            })
            .collect();
        let pivots = self.find_pivots(&kept)?;
        let mut columns = Vec::new();
        for column in &self.config.columns {
            let ColumnValueOrigin::From(from) = &column.origin else {
                columns.push(Vec::new());
                continue;
            };
            let places = from.iter().map(|name| self.find_slot(column, name, &kept));
            let places = places.collect::<Result<Vec<_>, _>>()?;
            columns.push(if places.contains(&FieldSlot::Absent) {
                self.counts.absent.insert(column.name.to_string());
                vec![FieldSlot::Absent]
            } else {
                places
            });
        }
        self.check_any_column(&columns, &kept)?;
        let taken = |index: usize| {
            columns
                .iter()
                .flatten()
                .any(|place| *place == FieldSlot::Field(index))
                || pivots.iter().any(|pivot| pivot.index == index)
        };
        self.counts.unused.extend(
            kept.iter()
                .filter(|(index, _)| !taken(*index))
                .map(|(_, name)| (*name).to_owned()),
        );
        Ok(FieldLayout { columns, pivots })
    }

    /// Refuses a file without any of the columns, since its rows would have no values.
    fn check_any_column(
        &self,
        columns: &[Vec<FieldSlot>],
        kept: &[(usize, &str)],
    ) -> Result<(), Refusal> {
        let is_read =
            |slot: &FieldSlot| matches!(slot, FieldSlot::Field(_) | FieldSlot::PivotValue);
        let has_any = columns.iter().flatten().any(is_read);
        let is_absent = columns
            .iter()
            .flatten()
            .any(|slot| *slot == FieldSlot::Absent);
        if has_any || !is_absent {
            return Ok(());
        }
        Err(Refusal::new(
            ErrorCode::SchemaMismatch,
            format!("`{}` has none of the columns of the dataset", self.file),
        )
        .with_place(self.file.clone(), Some(1), None)
        .with_help(format!("its columns are {}", format_column_list(kept)))
        .with_help(
            "its header, its delimiter or its encoding is another than that of [dataset.source]",
        ))
    }

    fn find_pivots(&self, kept: &[(usize, &str)]) -> Result<Vec<PivotColumn>, Refusal> {
        let Some(unpivot) = &self.config.unpivot else {
            return Ok(Vec::new());
        };
        let mut pivots = Vec::new();
        for (index, name) in kept {
            let Some(hit) = unpivot.pattern.captures(name) else {
                continue;
            };
            let groups = unpivot.pattern.capture_names().flatten().map(|group| {
                let text = hit.name(group).map_or("", |found| found.as_str());
                (group.to_owned(), text.to_owned())
            });
            pivots.push(PivotColumn {
                index: *index,
                groups: groups.collect(),
            });
        }
        if pivots.is_empty() {
            return Err(Refusal::new(
                ErrorCode::SchemaMismatch,
                format!(
                    "no column of `{}` fits the pattern of [dataset.unpivot]",
                    self.file
                ),
            )
            .with_place(self.file.clone(), Some(1), None)
            .with_help(format!("its columns are {}", format_column_list(kept))));
        }
        Ok(pivots)
    }

    fn find_slot(
        &self,
        column: &ColumnConfig,
        name: &str,
        kept: &[(usize, &str)],
    ) -> Result<FieldSlot, Refusal> {
        if let Some(unpivot) = &self.config.unpivot {
            if unpivot.value == name {
                return Ok(FieldSlot::PivotValue);
            }
            if unpivot
                .pattern
                .capture_names()
                .flatten()
                .any(|group| group == name)
            {
                return Ok(FieldSlot::Group(name.to_owned()));
            }
        }
        match name {
            "_file" => return Ok(FieldSlot::FileName),
            "_file_name" => return Ok(FieldSlot::FileStem),
            "_line" => return Ok(FieldSlot::Line),
            _ => {}
        }
        let mut hits = kept.iter().filter(|(_, known)| *known == name);
        match (hits.next(), hits.next()) {
            (Some((index, _)), None) => Ok(FieldSlot::Field(*index)),
            (None, _) if column.optional => match similar_column(name, kept) {
                None => Ok(FieldSlot::Absent),
                Some(twin) => Err(column
                    .location
                    .refuse(
                        ErrorCode::SchemaMismatch,
                        "from",
                        format!("`{}` has `{twin}` in place of `{name}`", self.file),
                    )
                    .with_help("write its header as those of the other files are")),
            },
            (None, _) => Err(column
                .location
                .refuse(
                    ErrorCode::SchemaMismatch,
                    "from",
                    format!("`{}` has no column `{name}`", self.file),
                )
                .with_help(format!("its columns are {}", format_column_list(kept)))
                .with_help("a column that some files lack is declared with `optional = true`")),
            (Some(_), Some(_)) => Err(column
                .location
                .refuse(
                    ErrorCode::SchemaMismatch,
                    "from",
                    format!("`{}` has several columns `{name}`", self.file),
                )
                .with_help(
                    "give each a name of its own in the file; header_rows = 0 with `columns` and `skip_lines` does it for text",
                )),
        }
    }
}

/// Extent of a dataset, with its columns of longitude and latitude.
///
/// # Errors
/// `CONFIG_INVALID` if there are no such columns.
fn placed_extent(config: &DatasetConfig) -> Result<Option<PlacedExtent>, Refusal> {
    let Some(extent) = config.extent else {
        return Ok(None);
    };
    let find = |names: &[&str]| {
        config.columns.iter().position(|column| {
            column.kind == ColumnType::Float && names.contains(&column.name.as_str())
        })
    };
    match (find(&LONGITUDES), find(&LATITUDES)) {
        (Some(longitude), Some(latitude)) => Ok(Some(PlacedExtent {
            extent,
            longitude,
            latitude,
        })),
        _ => {
            let why = "an extent is held against columns `lon` and `lat` of type float, which the dataset does not have";
            Err(config
                .location
                .refuse(ErrorCode::ConfigInvalid, "extent", why)
                .with_help("name the columns so, or leave extent out"))
        }
    }
}

fn read_slot<'r>(
    place: &FieldSlot,
    fields: &[RawField<'r>],
    pivot: Option<&'r PivotColumn>,
    file: &'r str,
    line: u64,
) -> RawField<'r> {
    let field = |index: usize| fields.get(index).copied().unwrap_or(RawField::Null);
    match place {
        FieldSlot::Field(index) => field(*index),
        FieldSlot::PivotValue => pivot.map_or(RawField::Null, |pivot| field(pivot.index)),
        FieldSlot::Group(name) => pivot
            .and_then(|pivot| pivot.groups.iter().find(|(group, _)| group == name))
            .map_or(RawField::Null, |(_, text)| RawField::Text(text)),
        FieldSlot::FileName => RawField::Text(file),
        FieldSlot::FileStem => RawField::Text(file_stem(file)),
        FieldSlot::Line => RawField::Int(i64::try_from(line).unwrap_or(i64::MAX)),
        FieldSlot::Absent => RawField::Null,
    }
}

/// Kept column whose name differs in letter case and blanks alone.
fn similar_column<'n>(name: &str, kept: &[(usize, &'n str)]) -> Option<&'n str> {
    let folded = |name: &str| name.trim().to_lowercase();
    let mut names = kept.iter().map(|(_, known)| *known);
    names.find(|known| folded(known) == folded(name))
}

/// File name without folder and extension.
fn file_stem(file: &str) -> &str {
    let stem = std::path::Path::new(file).file_stem();
    stem.and_then(std::ffi::OsStr::to_str).unwrap_or(file)
}

/// Text of several fields joined with a space. If one field is missing, the result is missing.
fn join_fields<'r>(
    places: &[FieldSlot],
    fields: &[RawField<'r>],
    pivot: Option<&'r PivotColumn>,
    file: &'r str,
    line: u64,
    texts: &'r mut String,
) -> RawField<'r> {
    for place in places {
        if !texts.is_empty() {
            texts.push(' ');
        }
        match read_slot(place, fields, pivot, file, line) {
            RawField::Null => return RawField::Null,
            RawField::Text(text) => texts.push_str(text.trim()),
            other => texts.push_str(&other.display_text()),
        }
    }
    RawField::Text(texts)
}

fn format_column_list(kept: &[(usize, &str)]) -> String {
    let names: Vec<String> = kept
        .iter()
        .take(12)
        .map(|(_, name)| format!("`{name}`"))
        .collect();
    let more = if kept.len() > names.len() {
        ", …"
    } else {
        ""
    };
    format!("{}{more}", names.join(", "))
}

#[cfg(test)]
mod tests;
