//! Rows in data types that all client programs read.

use arrow_array::{ArrayRef, RecordBatch};
use arrow_schema::{DataType, Field, Schema, SchemaRef};
use hansa_policy::refusal::{ErrorCode, Refusal};
use std::collections::HashMap;
use std::sync::Arc;

/// Converts columns to data types that all client programs read, with `reads` as metadata of the schema.
///
/// All columns are nullable. Optimisation can change a column's nullability, and client programs compare the announced schema with
/// the sent one.
pub fn to_plain_columns(columns: &Schema, reads: HashMap<String, String>) -> SchemaRef {
    let fields = columns.fields().iter().map(|field| {
        let data_type = match field.data_type() {
            DataType::Utf8View => DataType::Utf8,
            DataType::BinaryView => DataType::Binary,
            other => other.clone(),
        };
        Field::new(field.name(), data_type, true)
    });
    Arc::new(Schema::new_with_metadata(fields.collect::<Vec<_>>(), reads))
}

/// Casts rows to these columns.
pub fn cast_batch(batch: &RecordBatch, columns: &SchemaRef) -> Result<RecordBatch, Refusal> {
    let failed = |cause| {
        Refusal::new(
            ErrorCode::Internal,
            "the rows have other types than announced",
        )
        .caused_by(cause)
    };
    let cast = batch
        .columns()
        .iter()
        .zip(columns.fields())
        .map(
            |(column, field)| match column.data_type() == field.data_type() {
                true => Ok(Arc::clone(column)),
                false => arrow_cast::cast(column, field.data_type()),
            },
        )
        .collect::<Result<Vec<ArrayRef>, _>>()
        .map_err(failed)?;
    let options = arrow_array::RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    RecordBatch::try_new_with_options(Arc::clone(columns), cast, &options).map_err(failed)
}
