//! Conversion of rows to their output form: plain types, no metadata, no views and no dictionaries.

use arrow_array::cast::AsArray as _;
use arrow_array::{Array as _, RecordBatch, RecordBatchOptions};
use arrow_schema::{ArrowError, DataType, Field, Schema, SchemaRef};
use hansa_policy::refusal::{ErrorCode, Refusal};
use std::sync::Arc;

/// Output schema.
pub(super) fn to_output_schema(schema: &SchemaRef) -> SchemaRef {
    let fields: Vec<Field> = schema
        .fields()
        .iter()
        .map(|field| {
            let kind = match field.data_type() {
                DataType::Utf8View | DataType::LargeUtf8 => DataType::Utf8,
                DataType::Dictionary(_, values) => values.as_ref().clone(),
                other => other.clone(),
            };
            Field::new(field.name(), kind, field.is_nullable())
        })
        .collect();
    Arc::new(Schema::new(fields))
}

/// Converts a batch to the output schema.
///
/// # Errors
/// `INTERNAL` if the batch does not fit the schema.
pub(super) fn to_output_batch(
    batch: &RecordBatch,
    schema: &SchemaRef,
) -> Result<RecordBatch, Refusal> {
    let lost = |cause: ArrowError| {
        Refusal::new(
            ErrorCode::Internal,
            "a batch does not fit the schema of its answer",
        )
        .caused_by(cause)
    };
    let columns = batch
        .columns()
        .iter()
        .zip(schema.fields())
        .map(|(column, field)| {
            if column.data_type() == field.data_type() {
                Ok(Arc::clone(column))
            } else {
                datafusion::arrow::compute::cast(column, field.data_type()).map_err(lost)
            }
        })
        .collect::<Result<Vec<_>, _>>()?;
    let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    RecordBatch::try_new_with_options(Arc::clone(schema), columns, &options).map_err(lost)
}

/// Splits a batch so that its texts can be written out within bounded memory. Many views may refer to one text, and thousands of
/// long copies would exceed the memory. The split positions depend on the texts alone.
pub(super) fn split_batch(batch: &RecordBatch) -> Vec<RecordBatch> {
    let views = batch.columns().iter();
    let views: Vec<_> = views
        .filter_map(|column| column.as_string_view_opt())
        .collect();
    let length = |row: usize| {
        let texts = views.iter().filter(|texts| texts.is_valid(row));
        texts.map(|texts| texts.value(row).len()).sum::<usize>()
    };
    let most = views.iter().flat_map(|texts| texts.lengths()).max();
    let most = usize::try_from(most.unwrap_or_default()).unwrap_or(usize::MAX);
    let all = most
        .saturating_mul(views.len())
        .saturating_mul(batch.num_rows());
    if all <= PIECE {
        return vec![batch.clone()];
    }
    let (mut pieces, mut start, mut bytes) = (Vec::new(), 0_usize, 0_usize);
    for row in 0..batch.num_rows() {
        let more = length(row);
        if bytes.saturating_add(more) > PIECE && row > start {
            pieces.push(batch.slice(start, row.saturating_sub(start)));
            (start, bytes) = (row, 0);
        }
        bytes = bytes.saturating_add(more);
    }
    pieces.push(batch.slice(start, batch.num_rows().saturating_sub(start)));
    pieces
}

/// Maximum bytes of texts that are written out at once. A single longer row is still written.
const PIECE: usize = 16 << 20;

#[cfg(test)]
mod tests {
    use super::*;
    use arrow_array::{ArrayRef, Int64Array, StringViewArray};

    #[test]
    fn many_views_of_one_long_text_are_written_out_in_pieces() {
        let long = "x".repeat(1 << 20);
        let mut texts = arrow_array::builder::StringViewBuilder::new();
        let block = texts.append_block(long.as_bytes().to_vec().into());
        for row in 0..100_u32 {
            texts.try_append_view(block, 0, (1 << 20) - row).unwrap();
        }
        texts.append_null();
        let texts: StringViewArray = texts.finish();
        let numbers = Int64Array::from_iter_values(0..101);
        let columns: [(&str, ArrayRef); 2] = [("s", Arc::new(texts)), ("n", Arc::new(numbers))];
        let batch = RecordBatch::try_from_iter(columns).unwrap();
        let schema = to_output_schema(&batch.schema());
        let pieces = split_batch(&batch);
        assert_eq!(pieces.iter().map(RecordBatch::num_rows).sum::<usize>(), 101);
        assert!(pieces.len() > 6, "{}", pieces.len());
        let mut row = 0;
        for piece in &pieces {
            let plain = to_output_batch(piece, &schema).unwrap();
            let texts = plain.column(0).as_string::<i32>();
            assert!(texts.values().len() <= PIECE);
            for text in texts {
                assert_eq!(text.map(str::len), (row < 100).then_some((1 << 20) - row));
                row += 1;
            }
        }
        let few = batch.slice(99, 2);
        assert_eq!(super::split_batch(&few), [few]);
    }
}
