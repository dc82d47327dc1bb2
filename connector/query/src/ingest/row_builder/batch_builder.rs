//! Conversion of typed rows to Arrow batches.

use crate::ingest::config::ColumnConfig;
use crate::ingest::field_value::TypedValue;
use arrow_array::builder::{
    BooleanBuilder, Date32Builder, Decimal128Builder, Float64Builder, Int64Builder, StringBuilder,
    TimestampMicrosecondBuilder,
};
use arrow_array::{ArrayRef, RecordBatch};
use arrow_schema::{ArrowError, Field, Schema, SchemaRef};
use hansa_catalog::dataset::ColumnType;
use std::sync::Arc;

/// Schema of parsed rows: the declared columns, then `_file` and `_line`.
#[must_use]
pub fn typed_row_schema(columns: &[ColumnConfig]) -> SchemaRef {
    let declared = columns
        .iter()
        .map(|column| Field::new(column.name.as_str(), column.kind.to_arrow(), true));
    let own = [("_file", ColumnType::Text), ("_line", ColumnType::Int)];
    let own = own.map(|(name, kind)| Field::new(name, kind.to_arrow(), false));
    Arc::new(Schema::new(declared.chain(own).collect::<Vec<_>>()))
}

/// Builder of a batch.
#[derive(Debug)]
pub struct BatchBuilder {
    schema: SchemaRef,
    columns: Vec<ColumnBuilder>,
    rows: usize,
    /// Estimated size in bytes.
    bytes: usize,
}

#[derive(Debug)]
enum ColumnBuilder {
    Text(StringBuilder),
    Int(Int64Builder),
    Float(Float64Builder),
    Decimal(Decimal128Builder),
    Bool(BooleanBuilder),
    Date(Date32Builder),
    Instant(TimestampMicrosecondBuilder),
}

impl BatchBuilder {
    /// Creates an empty batch of the declared columns, `_file` and `_line`.
    #[must_use]
    pub fn new(columns: &[ColumnConfig]) -> Self {
        let kinds = columns.iter().map(|column| column.kind);
        let kinds = kinds.chain([ColumnType::Text, ColumnType::Int]);
        Self {
            schema: typed_row_schema(columns),
            columns: kinds.map(ColumnBuilder::new).collect(),
            rows: 0,
            bytes: 0,
        }
    }

    /// Number of rows.
    #[must_use]
    pub const fn rows(&self) -> usize {
        self.rows
    }

    /// Checks that the batch is full. A batch of long rows has fewer rows.
    #[must_use]
    pub const fn is_full(&self) -> bool {
        self.rows >= MOST_ROWS || self.bytes >= MOST_BYTES
    }

    /// Adds a row.
    pub fn push(&mut self, cells: &[TypedValue]) {
        let texts = cells.iter().map(|cell| match cell {
            TypedValue::Text(text) => text.len(),
            TypedValue::Decimal { .. } => size_of::<i128>(),
            _ => size_of::<u64>(),
        });
        self.bytes = self.bytes.saturating_add(texts.sum());
        for (column, cell) in self.columns.iter_mut().zip(cells) {
            column.push(cell);
        }
        self.rows = self.rows.saturating_add(1);
    }

    /// Returns the batch and starts a new one.
    ///
    /// # Errors
    /// None for rows that fit the schema.
    pub fn take_batch(&mut self) -> Result<RecordBatch, ArrowError> {
        (self.rows, self.bytes) = (0, 0);
        let arrays = self.columns.iter_mut().map(ColumnBuilder::finish).collect();
        RecordBatch::try_new(Arc::clone(&self.schema), arrays)
    }
}

const MOST_ROWS: usize = 8192;

const MOST_BYTES: usize = 8 << 20;

impl ColumnBuilder {
    fn new(kind: ColumnType) -> Self {
        match kind {
            ColumnType::Text => Self::Text(StringBuilder::new()),
            ColumnType::Int => Self::Int(Int64Builder::new()),
            ColumnType::Float => Self::Float(Float64Builder::new()),
            ColumnType::Decimal(_) => {
                Self::Decimal(Decimal128Builder::new().with_data_type(kind.to_arrow()))
            }
            ColumnType::Bool => Self::Bool(BooleanBuilder::new()),
            ColumnType::Date => Self::Date(Date32Builder::new()),
            ColumnType::Instant => {
                Self::Instant(TimestampMicrosecondBuilder::new().with_data_type(kind.to_arrow()))
            }
        }
    }

    fn push(&mut self, cell: &TypedValue) {
        match (self, cell) {
            (Self::Text(column), TypedValue::Text(text)) => column.append_value(text),
            (Self::Int(column), TypedValue::Int(number)) => column.append_value(*number),
            (Self::Float(column), TypedValue::Float(number)) => column.append_value(*number),
            (Self::Decimal(column), TypedValue::Decimal { units, .. }) => {
                column.append_value(*units)
            }
            (Self::Bool(column), TypedValue::Bool(truth)) => column.append_value(*truth),
            (Self::Date(column), TypedValue::Day(day)) => column.append_value(*day),
            (Self::Instant(column), TypedValue::Instant(micros)) => column.append_value(*micros),
            // A column parser returns values of its column's type or none.
            (Self::Text(column), _) => column.append_null(),
            (Self::Int(column), _) => column.append_null(),
            (Self::Float(column), _) => column.append_null(),
            (Self::Decimal(column), _) => column.append_null(),
            (Self::Bool(column), _) => column.append_null(),
            (Self::Date(column), _) => column.append_null(),
            (Self::Instant(column), _) => column.append_null(),
        }
    }

    fn finish(&mut self) -> ArrayRef {
        match self {
            Self::Text(column) => Arc::new(column.finish()),
            Self::Int(column) => Arc::new(column.finish()),
            Self::Float(column) => Arc::new(column.finish()),
            Self::Decimal(column) => Arc::new(column.finish()),
            Self::Bool(column) => Arc::new(column.finish()),
            Self::Date(column) => Arc::new(column.finish()),
            Self::Instant(column) => Arc::new(column.finish()),
        }
    }
}
