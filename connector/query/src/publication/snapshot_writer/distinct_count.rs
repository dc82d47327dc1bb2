//! About how many different values the columns of a snapshot have: what joins and groups are expected to give depends on it.

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use datafusion::functions_aggregate::approx_distinct::approx_distinct_udaf;
use datafusion::physical_expr::aggregate::AggregateExprBuilder;
use datafusion::physical_expr::expressions::Column;
use datafusion_common::ScalarValue;
use datafusion_expr::Accumulator;
use std::sync::Arc;

/// One sketch for each column, of 16 KiB at most; none where the engine has none for its type, or it failed.
pub(super) struct DistinctCounters(Vec<Option<Box<dyn Accumulator>>>);

impl DistinctCounters {
    /// Nothing seen yet.
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

    /// Takes in the values of a batch.
    pub(super) fn take(&mut self, batch: &RecordBatch) {
        for (sketch, column) in self.0.iter_mut().zip(batch.columns()) {
            let failed = |taken: &mut Box<dyn Accumulator>| {
                taken.update_batch(&[Arc::clone(column)]).is_err()
            };
            if sketch.as_mut().is_some_and(failed) {
                *sketch = None;
            }
        }
    }

    /// For each column, rounded up to a power of two; 0 where there is no value, or nothing is known.
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
