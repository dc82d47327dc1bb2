//! Aggregates of distinct values that are compared before their conversion to floating-point numbers. Different integers beyond
//! 2^53, or decimals with many digits, can have one floating-point representation (DataFusion 55.2).

use super::sum::only_column;
use datafusion::arrow::array::{Array, ArrayRef, AsArray};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Field, FieldRef};
use datafusion_common::{Result, ScalarValue, exec_err};
use datafusion_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion_expr::utils::{AggregateOrderSensitivity, format_state_name};
use datafusion_expr::{
    Accumulator, AggregateUDF, AggregateUDFImpl, ReversedUDAF, Signature, Volatility,
};
use std::collections::HashMap;
use std::sync::Arc;

/// Function for distinct values of the type `kind`. It compares the original values where the engine would cast them first.
pub(in crate::sql) fn distinguish_values(
    function: &Arc<AggregateUDF>,
    kind: &DataType,
) -> Option<Arc<AggregateUDF>> {
    let is_long_integer = matches!(kind, DataType::Int64 | DataType::UInt64);
    let is_cast = match function.name() {
        "avg" => is_long_integer,
        "median" => is_long_integer || kind.is_decimal(),
        _ => false,
    };
    is_cast.then(|| {
        Arc::new(AggregateUDF::from(DistinctValuesFunction {
            inner: Arc::clone(function),
            signature: Signature::any(1, Volatility::Immutable),
        }))
    })
}

/// Checks for a function of [`distinguish_values`]. Other processes do not know it by name.
pub(crate) fn is_distinguishing(function: &AggregateUDF) -> bool {
    function
        .inner()
        .downcast_ref::<DistinctValuesFunction>()
        .is_some()
}

/// Function of floating-point numbers, with its name and result, over values of another type.
#[derive(Debug, PartialEq, Eq, Hash)]
struct DistinctValuesFunction {
    inner: Arc<AggregateUDF>,
    signature: Signature,
}

impl AggregateUDFImpl for DistinctValuesFunction {
    fn name(&self) -> &str {
        self.inner.name()
    }

    fn aliases(&self) -> &[String] {
        self.inner.aliases()
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        self.inner.return_type(&[DataType::Float64])
    }

    fn accumulator(&self, args: AccumulatorArgs<'_>) -> Result<Box<dyn Accumulator>> {
        let kind = take_only_field(args.expr_fields)?.data_type().clone();
        let counts = args.is_distinct.then(HashMap::new);
        let floats = [make_float_field(args.expr_fields)?];
        let inner = self.inner.accumulator(AccumulatorArgs {
            is_distinct: false,
            expr_fields: &floats,
            ..args
        })?;
        Ok(Box::new(DistinctValues {
            counts,
            kind,
            inner,
        }))
    }

    fn state_fields(&self, args: StateFieldsArgs<'_>) -> Result<Vec<FieldRef>> {
        if args.is_distinct {
            let kind = take_only_field(args.input_fields)?.data_type().clone();
            let item = Field::new_list_field(kind, true);
            let name = format_state_name(args.name, "distinct values");
            return Ok(vec![Arc::new(Field::new_list(name, item, true))]);
        }
        let floats = [make_float_field(args.input_fields)?];
        self.inner.state_fields(StateFieldsArgs {
            input_fields: &floats,
            ..args
        })
    }

    fn order_sensitivity(&self) -> AggregateOrderSensitivity {
        AggregateOrderSensitivity::Insensitive
    }

    fn reverse_expr(&self) -> ReversedUDAF {
        ReversedUDAF::Identical
    }
}

fn take_only_field(fields: &[FieldRef]) -> Result<&FieldRef> {
    match fields {
        [field] => Ok(field),
        _ => exec_err!("one argument"),
    }
}

fn make_float_field(fields: &[FieldRef]) -> Result<FieldRef> {
    let field = take_only_field(fields)?.as_ref().clone();
    Ok(Arc::new(field.with_data_type(DataType::Float64)))
}

/// Values of one group.
#[derive(Debug)]
struct DistinctValues {
    /// Number of occurrences of each value; absent if the input is distinct already.
    counts: Option<HashMap<ScalarValue, u64>>,
    kind: DataType,
    /// Accumulator of the distinct values.
    inner: Box<dyn Accumulator>,
}

impl DistinctValues {
    /// Converts values to numbers for the function.
    fn cast_to_numbers(values: impl IntoIterator<Item = ScalarValue>) -> Result<Option<ArrayRef>> {
        let mut values = values.into_iter().peekable();
        if values.peek().is_none() {
            return Ok(None);
        }
        let values = ScalarValue::iter_to_array(values)?;
        Ok(Some(cast(&values, &DataType::Float64)?))
    }
}

impl Accumulator for DistinctValues {
    fn update_batch(&mut self, columns: &[ArrayRef]) -> Result<()> {
        let column = only_column(columns)?;
        let Some(counts) = &mut self.counts else {
            return self
                .inner
                .update_batch(&[cast(column, &DataType::Float64)?]);
        };
        let mut added = Vec::new();
        for row in (0..column.len()).filter(|row| column.is_valid(*row)) {
            let value = ScalarValue::try_from_array(column, row)?;
            let count = counts.entry(value.clone()).or_default();
            *count = count.saturating_add(1);
            if *count == 1 {
                added.push(value);
            }
        }
        match Self::cast_to_numbers(added)? {
            Some(numbers) => self.inner.update_batch(&[numbers]),
            None => Ok(()),
        }
    }

    fn retract_batch(&mut self, columns: &[ArrayRef]) -> Result<()> {
        let column = only_column(columns)?;
        let Some(counts) = &mut self.counts else {
            return self
                .inner
                .retract_batch(&[cast(column, &DataType::Float64)?]);
        };
        let mut removed = Vec::new();
        for row in (0..column.len()).filter(|row| column.is_valid(*row)) {
            let value = ScalarValue::try_from_array(column, row)?;
            if let Some(count) = counts.get_mut(&value) {
                *count = count.saturating_sub(1);
                if *count == 0 {
                    counts.remove(&value);
                    removed.push(value);
                }
            }
        }
        match Self::cast_to_numbers(removed)? {
            Some(numbers) => self.inner.retract_batch(&[numbers]),
            None => Ok(()),
        }
    }

    fn supports_retract_batch(&self) -> bool {
        self.inner.supports_retract_batch()
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        self.inner.evaluate()
    }

    fn size(&self) -> usize {
        // A hash table has capacity for about twice as many entries.
        let each = size_of::<(ScalarValue, u64)>().saturating_mul(2);
        let counts = self.counts.as_ref().map_or(0, HashMap::len);
        size_of_val(self)
            .saturating_add(counts.saturating_mul(each))
            .saturating_add(self.inner.size())
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        let Some(counts) = &self.counts else {
            return self.inner.state();
        };
        let values: Vec<ScalarValue> = counts.keys().cloned().collect();
        let list = ScalarValue::new_list_nullable(&values, &self.kind);
        Ok(vec![ScalarValue::List(list)])
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        if self.counts.is_none() {
            return self.inner.merge_batch(states);
        }
        let Some(lists) = only_column(states)?.as_list_opt::<i32>() else {
            return exec_err!("lists of values");
        };
        for list in lists.iter().flatten() {
            self.update_batch(&[list])?;
        }
        Ok(())
    }
}
