//! From fields to typed rows: names to columns, wide to long, text to values; what can't be read is counted.

pub mod batch_builder;
pub mod column_parser;

use crate::ingest::config::{ColumnConfig, ColumnValueOrigin, DatasetConfig};
use crate::ingest::field_value::{RawField, SourceFileEvent, TypedValue};
use crate::ingest::ingest_counts::{self, IngestCounts, ROW};
use crate::ingest::wildcard;
use column_parser::ColumnParser;
use hansa_policy::refusal::{ErrorCode, Refusal};

/// Turns the events of one file into rows of the declared columns, followed by `_file` and `_line`.
#[derive(Debug)]
pub struct RowBuilder<'c> {
    config: &'c DatasetConfig,
    file: String,
    typings: Vec<ColumnParser<'c>>,
    layout: FieldLayout,
    counts: IngestCounts,
}

/// Where each column of one file finds its fields.
#[derive(Debug, Default)]
struct FieldLayout {
    columns: Vec<Vec<FieldSlot>>,
    pivots: Vec<PivotColumn>,
}

/// A column of the file that becomes a row, with the groups of its name.
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
    /// Starts a file; `zone` is the dataset's.
    ///
    /// # Errors
    /// Where a column's declaration can't be carried out.
    pub fn new(config: &'c DatasetConfig, zone: &str, file: &str) -> Result<Self, Refusal> {
        Ok(Self {
            config,
            file: file.to_owned(),
            typings: config
                .columns
                .iter()
                .map(|column| {
                    ColumnParser::new(column, &config.columns, zone, config.source.decimal)
                })
                .collect::<Result<_, _>>()?,
            layout: FieldLayout::default(),
            counts: IngestCounts::default(),
        })
    }

    /// Takes an event and hands out the rows that it makes.
    ///
    /// # Errors
    /// `SCHEMA_MISMATCH` where the file lacks a column; a refusal of `out`.
    pub fn take(
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
                ingest_counts::step(&mut self.counts.met, what, 1);
                Ok(())
            }
            SourceFileEvent::Broken { line, why } => {
                let rows = self.layout.pivots.len().max(1);
                let rows = u64::try_from(rows).unwrap_or(1);
                self.counts.rows = self.counts.rows.saturating_add(rows);
                self.counts.bad_rows = self.counts.bad_rows.saturating_add(rows);
                self.counts.bad(ROW, &self.file, line, "", why);
                Ok(())
            }
            SourceFileEvent::Row { line, fields } => {
                if self.config.unpivot.is_none() {
                    return self.row(line, fields, None, out);
                }
                (0..self.layout.pivots.len())
                    .try_for_each(|pivot| self.row(line, fields, Some(pivot), out))
            }
        }
    }

    /// The figures of the file.
    #[must_use]
    pub fn finish(self) -> IngestCounts {
        self.counts
    }

    fn row(
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
        for (typing, places) in self.typings.iter_mut().zip(&self.layout.columns) {
            let mut texts = String::new();
            let raw = match places.as_slice() {
                [one] => look(one, fields, pivot, &self.file, line),
                [] => RawField::Null,
                several => joined(several, fields, pivot, &self.file, line, &mut texts),
            };
            match typing.read(raw, &cells, &mut self.counts) {
                Ok(cell) => cells.push(cell),
                Err(why) => {
                    let name = typing.name();
                    self.counts
                        .bad(name, &self.file, line, &raw.display_text(), &why);
                    cells.push(TypedValue::Null);
                    bad = true;
                }
            }
        }
        if bad {
            self.counts.bad_rows = self.counts.bad_rows.saturating_add(1);
            return Ok(());
        }
        cells.push(TypedValue::Text(self.file.clone()));
        cells.push(TypedValue::Int(i64::try_from(line).unwrap_or(i64::MAX)));
        out(&cells)
    }

    fn lay_out(&mut self, names: &[String]) -> Result<FieldLayout, Refusal> {
        let kept: Vec<(usize, &str)> = names
            .iter()
            .enumerate()
            .map(|(index, name)| (index, name.as_str()))
            .filter(|(_, name)| {
                let skip = &self.config.source.skip_columns;
                !name.is_empty() && !skip.iter().any(|skip| wildcard::fits(skip, name))
            })
            .collect();
        let pivots = self.pivots(&kept)?;
        let mut columns = Vec::new();
        for column in &self.config.columns {
            let ColumnValueOrigin::From(from) = &column.origin else {
                columns.push(Vec::new());
                continue;
            };
            let places = from.iter().map(|name| self.place(column, name, &kept));
            let places = places.collect::<Result<Vec<_>, _>>()?;
            columns.push(if places.contains(&FieldSlot::Absent) {
                self.counts.absent.insert(column.name.to_string());
                vec![FieldSlot::Absent]
            } else {
                places
            });
        }
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

    fn pivots(&self, kept: &[(usize, &str)]) -> Result<Vec<PivotColumn>, Refusal> {
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
            .with_help(format!("its columns are {}", listed(kept))));
        }
        Ok(pivots)
    }

    fn place(
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
            (None, _) if column.optional => Ok(FieldSlot::Absent),
            (None, _) => Err(column
                .location
                .refuse(
                    ErrorCode::SchemaMismatch,
                    "from",
                    format!("`{}` has no column `{name}`", self.file),
                )
                .with_help(format!("its columns are {}", listed(kept)))
                .with_help("a column that some files lack is declared with `optional = true`")),
            (Some(_), Some(_)) => Err(column.location.refuse(
                ErrorCode::SchemaMismatch,
                "from",
                format!("`{}` has several columns `{name}`", self.file),
            )),
        }
    }
}

fn look<'r>(
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
        FieldSlot::FileStem => RawField::Text(stem(file)),
        FieldSlot::Line => RawField::Int(i64::try_from(line).unwrap_or(i64::MAX)),
        FieldSlot::Absent => RawField::Null,
    }
}

/// The name of a file without its folder and ending.
fn stem(file: &str) -> &str {
    let stem = std::path::Path::new(file).file_stem();
    stem.and_then(std::ffi::OsStr::to_str).unwrap_or(file)
}

/// Several fields as one text with a blank between; one that is missing makes the whole missing.
fn joined<'r>(
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
        match look(place, fields, pivot, file, line) {
            RawField::Null => return RawField::Null,
            RawField::Text(text) => texts.push_str(text.trim()),
            other => texts.push_str(&other.display_text()),
        }
    }
    RawField::Text(texts)
}

fn listed(kept: &[(usize, &str)]) -> String {
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
