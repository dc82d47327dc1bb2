//! Decoder of database rows to columns. The query returns only values that fit, so no row causes an error.

use super::numeric::PostgresNumeric;
use super::{PgType, PostgresColumn};
use arrow_array::builder::{
    BooleanBuilder, Date32Builder, Decimal128Builder, Float64Builder, Int64Builder,
    StringViewBuilder, TimestampMicrosecondBuilder,
};
use arrow_array::{ArrayRef, RecordBatch, RecordBatchOptions};
use arrow_schema::{ArrowError, SchemaRef};
use hansa_enforcement::canonical_float::canonical_float;
use std::sync::Arc;
use tokio_postgres::Row;
use tokio_postgres::types::{FromSql, Type};

/// Column builders.
pub(super) struct PostgresRowDecoder {
    schema: SchemaRef,
    builders: Vec<PostgresColumnBuilder>,
    rows: usize,
    bytes: usize,
}

enum PostgresColumnBuilder {
    Text(StringViewBuilder),
    Int(Int64Builder),
    Float(Float64Builder),
    Decimal {
        column: Decimal128Builder,
        scale: u8,
    },
    Bool(BooleanBuilder),
    Date(Date32Builder),
    Instant(TimestampMicrosecondBuilder),
}

impl PostgresRowDecoder {
    pub(super) fn new<'c>(
        schema: SchemaRef,
        columns: impl Iterator<Item = &'c PostgresColumn>,
    ) -> Self {
        Self {
            schema,
            builders: columns
                .map(|column| PostgresColumnBuilder::of(column.kind))
                .collect(),
            rows: 0,
            bytes: 0,
        }
    }

    /// Adds a row with the columns of the schema.
    pub(super) fn take_row(&mut self, row: &Row) -> Result<(), PostgresDecodeError> {
        for (at, builder) in self.builders.iter_mut().enumerate() {
            self.bytes = self.bytes.saturating_add(builder.take_value(row, at)?);
        }
        self.rows = self.rows.saturating_add(1);
        Ok(())
    }

    /// Checks that a batch is full, by its row count or its bytes.
    pub(super) const fn is_full(&self, rows: usize) -> bool {
        self.rows >= rows || self.bytes >= LARGE
    }

    /// Returns the rows so far as a batch, and starts a new batch.
    pub(super) fn finish_batch(&mut self) -> Result<RecordBatch, ArrowError> {
        let options = RecordBatchOptions::new().with_row_count(Some(self.rows));
        (self.rows, self.bytes) = (0, 0);
        let columns = self
            .builders
            .iter_mut()
            .map(PostgresColumnBuilder::finish)
            .collect();
        RecordBatch::try_new_with_options(Arc::clone(&self.schema), columns, &options)
    }

    /// Checks that there are no rows.
    pub(super) const fn is_empty(&self) -> bool {
        self.rows == 0
    }
}

impl PostgresColumnBuilder {
    fn of(kind: PgType) -> Self {
        match kind {
            PgType::Text | PgType::AsText => Self::Text(StringViewBuilder::new()),
            PgType::Int => Self::Int(Int64Builder::new()),
            PgType::Float => Self::Float(Float64Builder::new()),
            PgType::Numeric { scale, .. } => Self::Decimal {
                column: Decimal128Builder::new().with_data_type(kind.column().to_arrow()),
                scale,
            },
            PgType::Bool => Self::Bool(BooleanBuilder::new()),
            PgType::Date => Self::Date(Date32Builder::new()),
            PgType::Instant => {
                Self::Instant(TimestampMicrosecondBuilder::new().with_timezone("UTC"))
            }
        }
    }

    /// Adds the value of a row and returns its size in bytes.
    fn take_value(&mut self, row: &Row, at: usize) -> Result<usize, PostgresDecodeError> {
        match self {
            Self::Text(texts) => {
                let text = row.try_get::<_, Option<&str>>(at)?;
                texts.append_option(text);
                return Ok(text.map_or(0, str::len));
            }
            Self::Int(numbers) => numbers.append_option(row.try_get(at)?),
            Self::Float(numbers) => {
                numbers.append_option(row.try_get::<_, Option<f64>>(at)?.map(canonical_float));
            }
            Self::Decimal { column, scale } => {
                let number = row.try_get::<_, Option<PostgresNumeric>>(at)?;
                column.append_option(number.map(|number| number.units(*scale)).transpose()?);
                return Ok(size_of::<i128>());
            }
            Self::Bool(values) => values.append_option(row.try_get(at)?),
            Self::Date(days) => {
                days.append_option(
                    row.try_get::<_, Option<DaysSinceEpoch>>(at)?
                        .map(|day| day.0),
                );
            }
            Self::Instant(instants) => {
                instants.append_option(
                    row.try_get::<_, Option<MicrosSinceEpoch>>(at)?
                        .map(|at| at.0),
                );
            }
        }
        Ok(8)
    }

    fn finish(&mut self) -> ArrayRef {
        match self {
            Self::Text(texts) => Arc::new(texts.finish()),
            Self::Int(numbers) => Arc::new(numbers.finish()),
            Self::Float(numbers) => Arc::new(numbers.finish()),
            Self::Decimal { column, .. } => Arc::new(column.finish()),
            Self::Bool(values) => Arc::new(values.finish()),
            Self::Date(days) => Arc::new(days.finish()),
            Self::Instant(instants) => Arc::new(instants.finish()),
        }
    }
}

pub(super) type PostgresDecodeError = Box<dyn std::error::Error + Sync + Send>;

/// Days since 1970-01-01.
struct DaysSinceEpoch(i32);

impl<'a> FromSql<'a> for DaysSinceEpoch {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Self, PostgresDecodeError> {
        let days = i32::from_be_bytes(raw.try_into()?);
        Ok(Self(days.saturating_add(DAYS)))
    }

    fn accepts(kind: &Type) -> bool {
        *kind == Type::DATE
    }
}

/// Microseconds since 1970-01-01.
struct MicrosSinceEpoch(i64);

impl<'a> FromSql<'a> for MicrosSinceEpoch {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Self, PostgresDecodeError> {
        let micros = i64::from_be_bytes(raw.try_into()?);
        Ok(Self(micros.saturating_add(MICROS)))
    }

    fn accepts(kind: &Type) -> bool {
        *kind == Type::TIMESTAMPTZ
    }
}

/// Days from 1970-01-01 to 2000-01-01, the epoch of the database.
const DAYS: i32 = 10_957;
const MICROS: i64 = 946_684_800_000_000;

/// Maximum bytes of texts in a batch.
const LARGE: usize = 4 << 20;
