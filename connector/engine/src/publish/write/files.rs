//! The files of a snapshot while they are written, batch by batch.

use crate::publish::write::distinct::Distinct;
use crate::publish::write::{Axis, Seen, Written};
use crate::snapshot::disk;
use crate::source::report::Counts;
use crate::source::when;
use arrow_array::cast::AsArray;
use arrow_array::types::{Date32Type, Float64Type, TimestampMicrosecondType};
use arrow_array::{Array, ArrayRef, BooleanArray, RecordBatch};
use arrow_schema::{DataType, SchemaRef};
use catalog::dataset::Dataset;
use datafusion::arrow::compute::{
    CastOptions, cast_with_options, concat_batches, filter_record_batch,
};
use jiff::tz::TimeZone;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::metadata::SortingColumn;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use policy::id::Name;
use policy::refusal::{Code, Refusal};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The files while they are written.
pub(super) struct Files<'e> {
    entry: &'e Dataset,
    schema: SchemaRef,
    folder: PathBuf,
    properties: WriterProperties,
    open: Option<(String, ArrowWriter<File>)>,
    in_file: u64,
    names: Vec<String>,
    pending: Vec<RecordBatch>,
    pending_rows: usize,
    seen: Vec<Seen>,
    distinct: Distinct,
    zone: Option<TimeZone>,
    wrong_days: u64,
    counts: Counts,
    /// Rows taken so far.
    pub(super) rows: u64,
}

impl<'e> Files<'e> {
    pub(super) fn new(folder: &Path, entry: &'e Dataset, order: &[Name]) -> Result<Self, Refusal> {
        let place = |name: &Name| entry.columns.iter().position(|column| column.name == *name);
        let sorting: Vec<SortingColumn> = order
            .iter()
            .filter_map(place)
            .filter_map(|index| i32::try_from(index).ok())
            .map(|column_idx| SortingColumn {
                column_idx,
                descending: false,
                nulls_first: true,
            })
            .collect();
        let properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(ZstdLevel::default()))
            .set_statistics_enabled(EnabledStatistics::Page)
            .set_max_row_group_row_count(Some(GROUP))
            .set_created_by("hansa".to_owned())
            .set_sorting_columns(Some(sorting).filter(|columns| !columns.is_empty()))
            .build();
        let seen = entry.columns.iter().map(|column| Seen {
            axis: match (column.crs.is_some(), column.name.as_str()) {
                (true, "lon" | "longitude") => Some(Axis::Lon),
                (true, "lat" | "latitude") => Some(Axis::Lat),
                _ => None,
            },
            ..Seen::default()
        });
        let mut files = Self {
            entry,
            schema: entry.schema(),
            folder: folder.to_owned(),
            properties,
            open: None,
            in_file: 0,
            names: Vec::new(),
            pending: Vec::new(),
            pending_rows: 0,
            seen: seen.collect(),
            distinct: Distinct::of(&entry.schema()),
            zone: when::zone(&entry.zone),
            wrong_days: 0,
            counts: Counts::default(),
            rows: 0,
        };
        files.open()?;
        Ok(files)
    }

    fn open(&mut self) -> Result<(), Refusal> {
        let name = format!("part-{:05}.parquet", self.names.len());
        let path = self.folder.join(&name);
        let file = File::create(&path).map_err(|error| disk::broken(&path, &error))?;
        let writer = ArrowWriter::try_new(
            file,
            Arc::clone(&self.schema),
            Some(self.properties.clone()),
        )
        .map_err(|error| disk::broken_parquet(&path, &error))?;
        self.names.push(name.clone());
        self.open = Some((name, writer));
        self.in_file = 0;
        Ok(())
    }

    pub(super) fn take(&mut self, batch: &RecordBatch) -> Result<(), Refusal> {
        let batch = self.cast(batch)?;
        let batch = self.finite(batch)?;
        self.look(&batch)?;
        self.rows = self.rows.saturating_add(count(batch.num_rows()));
        self.pending_rows = self.pending_rows.saturating_add(batch.num_rows());
        self.pending.push(batch);
        if self.pending_rows >= WRITE {
            self.flush()?;
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<(), Refusal> {
        if self.in_file >= FILE {
            self.close()?;
            self.open()?;
        }
        let broken = |error| disk::broken_arrow(&self.folder, &error);
        let whole = concat_batches(&self.schema, &self.pending).map_err(broken)?;
        self.pending.clear();
        self.pending_rows = 0;
        if let Some((_, writer)) = &mut self.open {
            writer
                .write(&whole)
                .map_err(|error| disk::broken_parquet(&self.folder, &error))?;
            self.in_file = self.in_file.saturating_add(count(whole.num_rows()));
        }
        Ok(())
    }

    fn close(&mut self) -> Result<(), Refusal> {
        let Some((name, writer)) = self.open.take() else {
            return Ok(());
        };
        let path = self.folder.join(name);
        let file = writer
            .into_inner()
            .map_err(|error| disk::broken_parquet(&path, &error))?;
        file.sync_all().map_err(|error| disk::broken(&path, &error))
    }

    pub(super) fn finish(mut self) -> Result<Written, Refusal> {
        self.flush()?;
        self.close()?;
        let paths: Vec<PathBuf> = self
            .names
            .iter()
            .map(|name| self.folder.join(name))
            .collect();
        let (digest, bytes) = disk::digest(self.entry, &paths)?;
        for (seen, distinct) in self.seen.iter_mut().zip(self.distinct.counts()) {
            // A sketch may count some more than there are rows.
            seen.distinct = distinct.min(self.rows.next_power_of_two());
        }
        Ok(Written {
            files: self.names,
            digest,
            rows: self.rows,
            bytes,
            seen: self.seen,
            wrong_days: self.wrong_days,
            counts: self.counts,
        })
    }

    /// Casts what `prepare` made to the entry's types; what does not fit is told, not dropped.
    fn cast(&self, batch: &RecordBatch) -> Result<RecordBatch, Refusal> {
        let strict = CastOptions {
            safe: false,
            ..CastOptions::default()
        };
        let mut columns: Vec<ArrayRef> = Vec::with_capacity(batch.num_columns());
        for (column, field) in batch.columns().iter().zip(self.schema.fields()) {
            let cast = cast_with_options(column, field.data_type(), &strict);
            columns.push(cast.map_err(|error| {
                Refusal::new(
                    Code::EvaluationFailed,
                    format!("column `{}`: {error}", field.name()),
                )
            })?);
        }
        for (column, field) in columns.iter().zip(self.schema.fields()) {
            if !field.is_nullable() && column.null_count() > 0 {
                return Err(Refusal::new(
                    Code::EvaluationFailed,
                    format!(
                        "column `{}` is required, and {} rows have no value",
                        field.name(),
                        column.null_count()
                    ),
                ));
            }
        }
        RecordBatch::try_new(Arc::clone(&self.schema), columns)
            .map_err(|error| disk::broken_arrow(&self.folder, &error))
    }

    /// Leaves out the rows with a number that is none, which count as unreadable. Published, they would be found or not
    /// found depending on the rows beside them: the statistics of a file pass over what can't be compared.
    fn finite(&mut self, batch: RecordBatch) -> Result<RecordBatch, Refusal> {
        let mut kept = vec![true; batch.num_rows()];
        for (column, field) in batch.columns().iter().zip(self.schema.fields()) {
            if *field.data_type() != DataType::Float64 {
                continue;
            }
            let numbers = column.as_primitive::<Float64Type>();
            let before = self.counts.rows;
            for ((number, kept), row) in numbers.iter().zip(&mut kept).zip(1..) {
                let Some(number) = number.filter(|number| !number.is_finite()) else {
                    continue;
                };
                *kept = false;
                self.counts.bad(
                    field.name(),
                    PREPARED,
                    before.saturating_add(row),
                    &number.to_string(),
                    "not a finite number",
                );
            }
        }
        let bad = kept.iter().filter(|kept| !**kept).count();
        self.counts.rows = self.counts.rows.saturating_add(count(kept.len()));
        self.counts.bad_rows = self.counts.bad_rows.saturating_add(count(bad));
        if bad == 0 {
            return Ok(batch);
        }
        filter_record_batch(&batch, &BooleanArray::from(kept))
            .map_err(|error| disk::broken_arrow(&self.folder, &error))
    }

    fn look(&mut self, batch: &RecordBatch) -> Result<(), Refusal> {
        for (seen, column) in self.seen.iter_mut().zip(batch.columns()) {
            seen.look(column);
        }
        self.distinct.take(batch);
        let days = crate::model::conform::day_columns(&self.entry.columns);
        let (Some((instant, day)), Some(zone)) = (days, &self.zone) else {
            return Ok(());
        };
        let (Some(instants), Some(days)) = (batch.columns().get(instant), batch.columns().get(day))
        else {
            return Ok(());
        };
        let instants = instants.as_primitive::<TimestampMicrosecondType>();
        let days = days.as_primitive::<Date32Type>();
        for (instant, day) in instants.iter().zip(days.iter()) {
            let (Some(instant), Some(day)) = (instant, day) else {
                continue;
            };
            if when::local_day(instant, zone) != Some(day) {
                self.wrong_days = self.wrong_days.saturating_add(1);
            }
        }
        Ok(())
    }
}

impl Seen {
    fn look(&mut self, column: &ArrayRef) {
        self.nulls = self.nulls.saturating_add(count(column.null_count()));
        match column.data_type() {
            DataType::Timestamp(..) => {
                let values = column.as_primitive::<TimestampMicrosecondType>();
                values
                    .iter()
                    .flatten()
                    .for_each(|value| self.stretch(value));
            }
            DataType::Date32 => {
                let values = column.as_primitive::<Date32Type>();
                let values = values.iter().flatten().map(i64::from);
                values.for_each(|value| self.stretch(value));
            }
            DataType::Float64 if self.axis.is_some() => {
                for value in column.as_primitive::<Float64Type>().iter().flatten() {
                    let (least, most) = self.range.unwrap_or((value, value));
                    self.range = Some((least.min(value), most.max(value)));
                }
            }
            _ => {}
        }
    }

    fn stretch(&mut self, value: i64) {
        let (least, most) = self.span.unwrap_or((value, value));
        self.span = Some((least.min(value), most.max(value)));
    }
}

fn count(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}

/// Where a value stands that no file holds: the rows that `prepare` made, in their order, from 1.
const PREPARED: &str = "prepared rows";

/// Rows of a row group: small enough that a filter on the sorted columns skips most of them.
const GROUP: usize = 131_072;

/// Rows that are written at once.
const WRITE: usize = 65_536;

/// Rows of a file.
const FILE: u64 = 8_000_000;
