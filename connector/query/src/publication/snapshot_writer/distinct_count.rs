//! Estimated distinct counts of a snapshot's columns, from which the sizes of joins and groups are estimated.

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use datafusion::functions_aggregate::approx_distinct::approx_distinct_udaf;
use datafusion::physical_expr::aggregate::AggregateExprBuilder;
use datafusion::physical_expr::expressions::Column;
use datafusion_common::ScalarValue;
use datafusion_expr::Accumulator;
use std::sync::Arc;

/// One sketch of at most 16 KiB for each column; `None` if the engine does not support the type, or after an error.
pub(super) struct DistinctCounters(Vec<Option<Box<dyn Accumulator>>>);

impl DistinctCounters {
    /// Creates empty sketches for a schema.
    pub(super) fn of(schema: &SchemaRef) -> Self {
        let fields = schema.fields().iter().enumerate();
        Self(
            fields
                .map(|(at, field)| {
                    let column = Arc::new(Column::new(field.name(), at));
                    AggregateExprBuilder::new(approx_distinct_udaf(), vec![column])
                        .schema(Arc::clone(schema))
                        .alias(field.name())
                        .build()
                        .and_then(|sketch| sketch.create_accumulator())
                        .ok()
                })
                .collect(),
        )
    }

    /// Adds the values of a batch.
    pub(super) fn take_batch(&mut self, batch: &RecordBatch) {
        for (sketch, column) in self.0.iter_mut().zip(batch.columns()) {
            let failed = |taken: &mut Box<dyn Accumulator>| {
                taken.update_batch(&[Arc::clone(column)]).is_err()
            };
            if sketch.as_mut().is_some_and(failed) {
                *sketch = None;
            }
        }
    }

    /// Distinct count of each column, rounded up to a power of two; 0 if there is no value or no sketch.
    pub(super) fn counts(&mut self) -> Vec<u64> {
        let counts = self.0.iter_mut().map(|sketch| {
            let count = sketch.as_mut().and_then(|sketch| sketch.evaluate().ok());
            match count {
                Some(ScalarValue::UInt64(Some(count))) if count > 0 => count.next_power_of_two(),
                _ => 0,
            }
        });
        counts.collect()
    }
}
