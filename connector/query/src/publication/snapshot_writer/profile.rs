//! Check and profile of rows before publication: conformance to their columns, and statistics for the catalogue.

use crate::ingest::date_time;
use crate::ingest::ingest_counts::IngestCounts;
use crate::publication::snapshot_writer::distinct_count::DistinctCounters;
use crate::publication::written_snapshot::{ColumnStats, CoordinateAxis};
use arrow_array::cast::AsArray;
use arrow_array::types::{Date32Type, Float64Type, TimestampMicrosecondType};
use arrow_array::{Array, ArrayRef, BooleanArray, RecordBatch};
use arrow_schema::{ArrowError, DataType, SchemaRef};
use datafusion::arrow::compute::{CastOptions, cast_with_options, filter_record_batch};
use hansa_catalog::dataset::Dataset;
use hansa_enforcement::canonical_float::canonical_floats;
use hansa_policy::refusal::{ErrorCode, Refusal};
use jiff::tz::TimeZone;
use std::sync::Arc;

/// Profiler for the rows of an entry.
pub(crate) struct RowProfiler<'e> {
    entry: &'e Dataset,
    schema: SchemaRef,
    stats: Vec<ColumnStats>,
    distinct: DistinctCounters,
    zone: Option<TimeZone>,
    found: RowProfile,
}

/// Profile of rows.
#[derive(Debug, Default)]
pub(crate) struct RowProfile {
    /// Number of valid rows.
    pub(crate) rows: u64,
    /// Statistics of each column.
    pub(crate) stats: Vec<ColumnStats>,
    /// Number of local dates that do not match their instants.
    pub(crate) wrong_days: u64,
    /// Counts of invalid rows, by column.
    pub(crate) counts: IngestCounts,
}

impl<'e> RowProfiler<'e> {
    /// Creates an empty profile.
    pub(crate) fn new(entry: &'e Dataset) -> Self {
        let stats = entry.columns.iter().map(|column| ColumnStats {
            axis: match (column.crs.is_some(), column.name.as_str()) {
                (true, "lon" | "longitude") => Some(CoordinateAxis::Lon),
                (true, "lat" | "latitude") => Some(CoordinateAxis::Lat),
                _ => None,
            },
            ..ColumnStats::default()
        });
        Self {
            entry,
            schema: entry.schema(),
            stats: stats.collect(),
            distinct: DistinctCounters::of(&entry.schema()),
            zone: date_time::find_zone(&entry.zone),
            found: RowProfile::default(),
        }
    }

    /// Checks a batch and returns its valid rows, cast to the entry's types.
    ///
    /// # Errors
    /// A refusal if a value does not fit its type, or if a required value is missing.
    pub(crate) fn take_batch(&mut self, batch: &RecordBatch) -> Result<RecordBatch, Refusal> {
        let batch = self.cast(batch)?;
        let batch = self.keep_finite_rows(batch)?;
        self.profile_batch(&batch);
        self.found.rows = self
            .found
            .rows
            .saturating_add(count_to_u64(batch.num_rows()));
        Ok(batch)
    }

    /// Number of rows so far.
    pub(crate) const fn rows(&self) -> u64 {
        self.found.rows
    }

    /// Completes the profile.
    pub(crate) fn finish(mut self) -> RowProfile {
        for (stats, distinct) in self.stats.iter_mut().zip(self.distinct.counts()) {
            // A sketch may estimate more values than there are rows.
            stats.distinct = distinct.min(self.found.rows.next_power_of_two());
        }
        self.found.stats = self.stats;
        self.found
    }

    /// Casts the result of `prepare` to the entry's types. A value that does not fit is an error and not dropped.
    fn cast(&self, batch: &RecordBatch) -> Result<RecordBatch, Refusal> {
        let strict = CastOptions {
            safe: false,
            ..CastOptions::default()
        };
        let mut columns: Vec<ArrayRef> = Vec::with_capacity(batch.num_columns());
        for (column, field) in batch.columns().iter().zip(self.schema.fields()) {
            let cast = cast_with_options(column, field.data_type(), &strict);
            let cast = cast.map_err(|error| {
                Refusal::new(
                    ErrorCode::EvaluationFailed,
                    format!("column `{}`: {error}", field.name()),
                )
            })?;
            columns.push(canonical_floats(&cast));
        }
        for (column, field) in columns.iter().zip(self.schema.fields()) {
            if !field.is_nullable() && column.null_count() > 0 {
                return Err(Refusal::new(
                    ErrorCode::EvaluationFailed,
                    format!(
                        "column `{}` is required, and {} rows have no value",
                        field.name(),
                        column.null_count()
                    ),
                ));
            }
        }
        RecordBatch::try_new(Arc::clone(&self.schema), columns)
            .map_err(|error| evaluation_refusal(&error))
    }

    /// Removes rows with NaN or infinity, which count as unreadable. A filter would find such a row or not depending on its
    /// neighbours, because file statistics ignore values that can't be compared.
    fn keep_finite_rows(&mut self, batch: RecordBatch) -> Result<RecordBatch, Refusal> {
        let mut kept = vec![true; batch.num_rows()];
        for (column, field) in batch.columns().iter().zip(self.schema.fields()) {
            if *field.data_type() != DataType::Float64 {
                continue;
            }
            let numbers = column.as_primitive::<Float64Type>();
            let before = self.found.counts.rows;
            for ((number, kept), row) in numbers.iter().zip(&mut kept).zip(1..) {
                let Some(number) = number.filter(|number| !number.is_finite()) else {
                    continue;
                };
                *kept = false;
                self.found.counts.count_unreadable_value(
                    field.name(),
                    PREPARED,
                    before.saturating_add(row),
                    &number.to_string(),
                    "not a finite number",
                );
            }
        }
        let bad = kept.iter().filter(|kept| !**kept).count();
        self.found.counts.rows = self
            .found
            .counts
            .rows
            .saturating_add(count_to_u64(kept.len()));
        self.found.counts.bad_rows = self.found.counts.bad_rows.saturating_add(count_to_u64(bad));
        if bad == 0 {
            return Ok(batch);
        }
        filter_record_batch(&batch, &BooleanArray::from(kept))
            .map_err(|error| evaluation_refusal(&error))
    }

    fn profile_batch(&mut self, batch: &RecordBatch) {
        for (stats, column) in self.stats.iter_mut().zip(batch.columns()) {
            stats.add_column(column);
        }
        self.distinct.take_batch(batch);
        let days = crate::model::conformance::day_columns(&self.entry.columns);
        let (Some((instant, day)), Some(zone)) = (days, &self.zone) else {
            return;
        };
        let (Some(instants), Some(days)) = (batch.columns().get(instant), batch.columns().get(day))
        else {
            return;
        };
        let instants = instants.as_primitive::<TimestampMicrosecondType>();
        let days = days.as_primitive::<Date32Type>();
        for (instant, day) in instants.iter().zip(days.iter()) {
            let (Some(instant), Some(day)) = (instant, day) else {
                continue;
            };
            if date_time::local_day(instant, zone) != Some(day) {
                self.found.wrong_days = self.found.wrong_days.saturating_add(1);
            }
        }
    }
}

impl ColumnStats {
    fn add_column(&mut self, column: &ArrayRef) {
        self.nulls = self.nulls.saturating_add(count_to_u64(column.null_count()));
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

fn evaluation_refusal(error: &ArrowError) -> Refusal {
    Refusal::new(ErrorCode::EvaluationFailed, error.to_string())
}

fn count_to_u64(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}

/// File name in messages about rows that `prepare` returns. They are numbered from 1.
const PREPARED: &str = "prepared rows";
