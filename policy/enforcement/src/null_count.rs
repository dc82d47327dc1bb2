//! Count of NULL values in a group. A column without NULL is not scanned.

use datafusion_common::arrow::array::{Array, ArrayRef, AsArray, BooleanArray, Int64Array};
use datafusion_common::arrow::datatypes::{DataType, Field, FieldRef, Int64Type};
use datafusion_common::{Result, ScalarValue, exec_err};
use datafusion_expr::expr::AggregateFunction;
use datafusion_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion_expr::utils::format_state_name;
use datafusion_expr::{
    Accumulator, AggregateUDF, AggregateUDFImpl, EmitTo, Expr, GroupsAccumulator, Signature,
    Volatility,
};
use std::sync::{Arc, LazyLock};

/// Expression for the number of NULL values; never NULL itself.
#[must_use]
pub fn null_count(value: Expr) -> Expr {
    Expr::AggregateFunction(AggregateFunction::new_udf(
        Arc::clone(&ABSENT),
        vec![value],
        false,
        None,
        vec![],
        None,
    ))
}

static ABSENT: LazyLock<Arc<AggregateUDF>> = LazyLock::new(|| {
    Arc::new(AggregateUDF::from(NullCountAggregate {
        signature: Signature::any(1, Volatility::Immutable),
    }))
});

#[derive(Debug, PartialEq, Eq, Hash)]
struct NullCountAggregate {
    signature: Signature,
}

impl AggregateUDFImpl for NullCountAggregate {
    fn name(&self) -> &'static str {
        "absent"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _arguments: &[DataType]) -> Result<DataType> {
        Ok(DataType::Int64)
    }

    fn is_nullable(&self) -> bool {
        false
    }

    fn default_value(&self, _kind: &DataType) -> Result<ScalarValue> {
        Ok(ScalarValue::Int64(Some(0)))
    }

    fn accumulator(&self, _args: AccumulatorArgs<'_>) -> Result<Box<dyn Accumulator>> {
        Ok(Box::new(NullCountAccumulator::default()))
    }

    fn state_fields(&self, args: StateFieldsArgs<'_>) -> Result<Vec<FieldRef>> {
        let name = format_state_name(args.name, "absent");
        Ok(vec![Arc::new(Field::new(name, DataType::Int64, false))])
    }

    fn groups_accumulator_supported(&self, args: AccumulatorArgs<'_>) -> bool {
        !args.is_distinct
    }

    fn create_groups_accumulator(
        &self,
        _args: AccumulatorArgs<'_>,
    ) -> Result<Box<dyn GroupsAccumulator>> {
        Ok(Box::new(NullCountGroupsAccumulator::default()))
    }
}

/// Accumulator of one group.
#[derive(Debug, Default)]
struct NullCountAccumulator(i64);

impl Accumulator for NullCountAccumulator {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        let absent = single_column(values)?.logical_null_count();
        let absent = i64::try_from(absent).unwrap_or(i64::MAX);
        self.0 = self.0.saturating_add(absent);
        Ok(())
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        Ok(ScalarValue::Int64(Some(self.0)))
    }

    fn size(&self) -> usize {
        size_of_val(self)
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        Ok(vec![self.evaluate()?])
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        for partial in count_column(states)?.values() {
            self.0 = self.0.saturating_add(*partial);
        }
        Ok(())
    }
}

/// Accumulator of many groups.
#[derive(Debug, Default)]
struct NullCountGroupsAccumulator(Vec<i64>);

impl NullCountGroupsAccumulator {
    fn add(&mut self, group: usize, more: i64) -> Result<()> {
        let Some(absent) = self.0.get_mut(group) else {
            return exec_err!("there is no such group");
        };
        *absent = absent.saturating_add(more);
        Ok(())
    }

    fn take_counts(&mut self, emit_to: EmitTo) -> ArrayRef {
        Arc::new(Int64Array::from(emit_to.take_needed(&mut self.0)))
    }
}

impl GroupsAccumulator for NullCountGroupsAccumulator {
    fn update_batch(
        &mut self,
        values: &[ArrayRef],
        group_indices: &[usize],
        opt_filter: Option<&BooleanArray>,
        total_num_groups: usize,
    ) -> Result<()> {
        self.0.resize(total_num_groups, 0);
        let Some(there) = single_column(values)?.logical_nulls() else {
            return Ok(());
        };
        for (row, group) in group_indices.iter().enumerate() {
            let counts = || opt_filter.is_none_or(|only| only.is_valid(row) && only.value(row));
            if there.is_null(row) && counts() {
                self.add(*group, 1)?;
            }
        }
        Ok(())
    }

    fn merge_batch(
        &mut self,
        values: &[ArrayRef],
        group_indices: &[usize],
        total_num_groups: usize,
    ) -> Result<()> {
        self.0.resize(total_num_groups, 0);
        for (partial, group) in count_column(values)?.values().iter().zip(group_indices) {
            self.add(*group, *partial)?;
        }
        Ok(())
    }

    fn evaluate(&mut self, emit_to: EmitTo) -> Result<ArrayRef> {
        Ok(self.take_counts(emit_to))
    }

    fn state(&mut self, emit_to: EmitTo) -> Result<Vec<ArrayRef>> {
        Ok(vec![self.take_counts(emit_to)])
    }

    fn convert_to_state(
        &self,
        values: &[ArrayRef],
        opt_filter: Option<&BooleanArray>,
    ) -> Result<Vec<ArrayRef>> {
        let mut each = Self::default();
        let rows: Vec<usize> = (0..single_column(values)?.len()).collect();
        each.update_batch(values, &rows, opt_filter, rows.len())?;
        each.state(EmitTo::All)
    }

    fn size(&self) -> usize {
        self.0.capacity().saturating_mul(size_of::<i64>())
    }
}

fn single_column(values: &[ArrayRef]) -> Result<&ArrayRef> {
    match values {
        [values] => Ok(values),
        _ => exec_err!("one column"),
    }
}

fn count_column(states: &[ArrayRef]) -> Result<&Int64Array> {
    let counts = single_column(states)?.as_primitive_opt::<Int64Type>();
    counts.map_or_else(|| exec_err!("how many are absent"), Ok)
}
