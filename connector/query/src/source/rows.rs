//! From fields to typed rows: names to columns, wide to long, text to values; what can't be read is counted.

pub mod batch;
pub mod typing;

use crate::source::config::{ColumnConfig, DatasetConfig, Origin};
use crate::source::pattern;
use crate::source::raw::{Cell, Event, Raw};
use crate::source::report::{self, Counts, ROW};
use hansa_policy::refusal::{Code, Refusal};
use typing::Typing;

/// Turns the events of one file into rows of the declared columns, followed by `_file` and `_line`.
#[derive(Debug)]
pub struct Rows<'c> {
    config: &'c DatasetConfig,
    file: String,
    typings: Vec<Typing<'c>>,
    layout: Layout,
    counts: Counts,
}

/// Where each column of one file finds its fields.
#[derive(Debug, Default)]
struct Layout {
    columns: Vec<Vec<Place>>,
    pivots: Vec<Pivot>,
}

/// A column of the file that becomes a row, with the groups of its name.
#[derive(Debug)]
struct Pivot {
    index: usize,
    groups: Vec<(String, String)>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Place {
    Field(usize),
    Group(String),
    PivotValue,
    FileName,
    FileStem,
    Line,
    Absent,
}

impl<'c> Rows<'c> {
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
                .map(|column| Typing::new(column, &config.columns, zone, config.source.decimal))
                .collect::<Result<_, _>>()?,
            layout: Layout::default(),
            counts: Counts::default(),
        })
    }

    /// Takes an event and hands out the rows that it makes.
    ///
    /// # Errors
    /// `SCHEMA_MISMATCH` where the file lacks a column; a refusal of `out`.
    pub fn take(
        &mut self,
        event: Event<'_>,
        out: &mut dyn FnMut(&[Cell]) -> Result<(), Refusal>,
    ) -> Result<(), Refusal> {
        match event {
            Event::Header(names) => {
                self.layout = self.lay_out(names)?;
                Ok(())
            }
            Event::Counted(what) => {
                report::step(&mut self.counts.met, what, 1);
                Ok(())
            }
            Event::Broken { line, why } => {
                let rows = self.layout.pivots.len().max(1);
                let rows = u64::try_from(rows).unwrap_or(1);
                self.counts.rows = self.counts.rows.saturating_add(rows);
                self.counts.bad_rows = self.counts.bad_rows.saturating_add(rows);
                self.counts.bad(ROW, &self.file, line, "", why);
                Ok(())
            }
            Event::Row { line, fields } => {
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
    pub fn finish(self) -> Counts {
        self.counts
    }

    fn row(
        &mut self,
        line: u64,
        fields: &[Raw<'_>],
        pivot: Option<usize>,
        out: &mut dyn FnMut(&[Cell]) -> Result<(), Refusal>,
    ) -> Result<(), Refusal> {
        let pivot = pivot.and_then(|index| self.layout.pivots.get(index));
        self.counts.rows = self.counts.rows.saturating_add(1);
        let mut cells: Vec<Cell> = Vec::with_capacity(self.typings.len().saturating_add(2));
        let mut bad = false;
        for (typing, places) in self.typings.iter_mut().zip(&self.layout.columns) {
            let mut texts = String::new();
            let raw = match places.as_slice() {
                [one] => look(one, fields, pivot, &self.file, line),
                [] => Raw::Null,
                several => joined(several, fields, pivot, &self.file, line, &mut texts),
            };
            match typing.read(raw, &cells, &mut self.counts) {
                Ok(cell) => cells.push(cell),
                Err(why) => {
                    let name = typing.name();
                    self.counts.bad(name, &self.file, line, &raw.shown(), &why);
                    cells.push(Cell::Null);
                    bad = true;
                }
            }
        }
        if bad {
            self.counts.bad_rows = self.counts.bad_rows.saturating_add(1);
            return Ok(());
        }
        cells.push(Cell::Text(self.file.clone()));
        cells.push(Cell::Int(i64::try_from(line).unwrap_or(i64::MAX)));
        out(&cells)
    }

    fn lay_out(&mut self, names: &[String]) -> Result<Layout, Refusal> {
        let kept: Vec<(usize, &str)> = names
            .iter()
            .enumerate()
            .map(|(index, name)| (index, name.as_str()))
            .filter(|(_, name)| {
                let skip = &self.config.source.skip_columns;
                !name.is_empty() && !skip.iter().any(|skip| pattern::fits(skip, name))
            })
            .collect();
        let pivots = self.pivots(&kept)?;
        let mut columns = Vec::new();
        for column in &self.config.columns {
            let Origin::From(from) = &column.origin else {
                columns.push(Vec::new());
                continue;
            };
            let places = from.iter().map(|name| self.place(column, name, &kept));
            let places = places.collect::<Result<Vec<_>, _>>()?;
            columns.push(if places.contains(&Place::Absent) {
                self.counts.absent.insert(column.name.to_string());
                vec![Place::Absent]
            } else {
                places
            });
        }
        let taken = |index: usize| {
            columns
                .iter()
                .flatten()
                .any(|place| *place == Place::Field(index))
                || pivots.iter().any(|pivot| pivot.index == index)
        };
        self.counts.unused.extend(
            kept.iter()
                .filter(|(index, _)| !taken(*index))
                .map(|(_, name)| (*name).to_owned()),
        );
        Ok(Layout { columns, pivots })
    }

    fn pivots(&self, kept: &[(usize, &str)]) -> Result<Vec<Pivot>, Refusal> {
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
            pivots.push(Pivot {
                index: *index,
                groups: groups.collect(),
            });
        }
        if pivots.is_empty() {
            return Err(Refusal::new(
                Code::SchemaMismatch,
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
    ) -> Result<Place, Refusal> {
        if let Some(unpivot) = &self.config.unpivot {
            if unpivot.value == name {
                return Ok(Place::PivotValue);
            }
            if unpivot
                .pattern
                .capture_names()
                .flatten()
                .any(|group| group == name)
            {
                return Ok(Place::Group(name.to_owned()));
            }
        }
        match name {
            "_file" => return Ok(Place::FileName),
            "_file_name" => return Ok(Place::FileStem),
            "_line" => return Ok(Place::Line),
            _ => {}
        }
        let mut hits = kept.iter().filter(|(_, known)| *known == name);
        match (hits.next(), hits.next()) {
            (Some((index, _)), None) => Ok(Place::Field(*index)),
            (None, _) if column.optional => Ok(Place::Absent),
            (None, _) => Err(column
                .place
                .refuse(
                    Code::SchemaMismatch,
                    "from",
                    format!("`{}` has no column `{name}`", self.file),
                )
                .with_help(format!("its columns are {}", listed(kept)))
                .with_help("a column that some files lack is declared with `optional = true`")),
            (Some(_), Some(_)) => Err(column.place.refuse(
                Code::SchemaMismatch,
                "from",
                format!("`{}` has several columns `{name}`", self.file),
            )),
        }
    }
}

fn look<'r>(
    place: &Place,
    fields: &[Raw<'r>],
    pivot: Option<&'r Pivot>,
    file: &'r str,
    line: u64,
) -> Raw<'r> {
    let field = |index: usize| fields.get(index).copied().unwrap_or(Raw::Null);
    match place {
        Place::Field(index) => field(*index),
        Place::PivotValue => pivot.map_or(Raw::Null, |pivot| field(pivot.index)),
        Place::Group(name) => pivot
            .and_then(|pivot| pivot.groups.iter().find(|(group, _)| group == name))
            .map_or(Raw::Null, |(_, text)| Raw::Text(text)),
        Place::FileName => Raw::Text(file),
        Place::FileStem => Raw::Text(stem(file)),
        Place::Line => Raw::Int(i64::try_from(line).unwrap_or(i64::MAX)),
        Place::Absent => Raw::Null,
    }
}

/// The name of a file without its folder and ending.
fn stem(file: &str) -> &str {
    let stem = std::path::Path::new(file).file_stem();
    stem.and_then(std::ffi::OsStr::to_str).unwrap_or(file)
}

/// Several fields as one text with a blank between; one that is missing makes the whole missing.
fn joined<'r>(
    places: &[Place],
    fields: &[Raw<'r>],
    pivot: Option<&'r Pivot>,
    file: &'r str,
    line: u64,
    texts: &'r mut String,
) -> Raw<'r> {
    for place in places {
        if !texts.is_empty() {
            texts.push(' ');
        }
        match look(place, fields, pivot, file, line) {
            Raw::Null => return Raw::Null,
            Raw::Text(text) => texts.push_str(text.trim()),
            other => texts.push_str(&other.shown()),
        }
    }
    Raw::Text(texts)
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
