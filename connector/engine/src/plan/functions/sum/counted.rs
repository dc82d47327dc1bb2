//! How many values there are and their sum at once: cells need both wherever one of them is told.

use super::exact::{Exact, Wide as _, state};
use super::groups::no_group;
use super::one::{there, typed};
use super::too_large;
use datafusion::arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Int64Array, PrimitiveArray, StructArray,
};
use datafusion::arrow::buffer::NullBuffer;
use datafusion::arrow::datatypes::{DataType, Decimal128Type, Field, FieldRef, Int64Type};
use datafusion_common::{Result, ScalarValue, exec_err};
use datafusion_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion_expr::utils::format_state_name;
use datafusion_expr::{
    Accumulator, AggregateUDF, AggregateUDFImpl, EmitTo, GroupsAccumulator, Signature, Volatility,
};
use enforce::total::{WHOLE, counted};
use std::sync::{Arc, LazyLock};

/// How many integers there are and their sum, in the type of [`counted`].
pub(super) fn count_and_sum() -> Arc<AggregateUDF> {
    Arc::clone(&COUNTED)
}

static COUNTED: LazyLock<Arc<AggregateUDF>> = LazyLock::new(|| {
    Arc::new(AggregateUDF::from(Counted {
        signature: Signature::exact(vec![DataType::Int64], Volatility::Immutable),
    }))
});

#[derive(Debug, PartialEq, Eq, Hash)]
struct Counted {
    signature: Signature,
}

impl AggregateUDFImpl for Counted {
    fn name(&self) -> &'static str {
        "count_and_sum"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _arguments: &[DataType]) -> Result<DataType> {
        Ok(DataType::Struct(counted()))
    }

    fn accumulator(&self, _args: AccumulatorArgs<'_>) -> Result<Box<dyn Accumulator>> {
        Ok(Box::new(One::default()))
    }

    fn state_fields(&self, args: StateFieldsArgs<'_>) -> Result<Vec<FieldRef>> {
        let field = |name, kind| {
            let name = format_state_name(args.name, name);
            Arc::new(Field::new(name, kind, true))
        };
        Ok(vec![
            field("count", DataType::Int64),
            field("sum", state(&DataType::Int64)),
        ])
    }

    fn groups_accumulator_supported(&self, args: AccumulatorArgs<'_>) -> bool {
        !args.is_distinct
    }

    fn create_groups_accumulator(
        &self,
        _args: AccumulatorArgs<'_>,
    ) -> Result<Box<dyn GroupsAccumulator>> {
        Ok(Box::new(Groups::default()))
    }
}

/// Of one group.
#[derive(Debug, Default)]
struct One {
    count: i64,
    sum: i128,
}

impl One {
    fn told(&self) -> StructArray {
        told(vec![self.count], vec![self.sum])
    }
}

impl Accumulator for One {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        let values = typed::<Int64Type>(values)?;
        for value in values.iter().flatten() {
            self.sum = self.sum.plus(i128::from(value)).ok_or_else(too_large)?;
        }
        let more = i64::try_from(there(values)).unwrap_or(i64::MAX);
        self.count = self.count.saturating_add(more);
        Ok(())
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        Ok(ScalarValue::Struct(Arc::new(self.told())))
    }

    fn size(&self) -> usize {
        size_of_val(self)
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        let columns = self.told();
        let columns = columns.columns().iter();
        columns
            .map(|column| ScalarValue::try_from_array(column, 0))
            .collect()
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        let (counts, sums) = partial(states)?;
        for (count, sum) in counts.values().iter().zip(sums) {
            self.count = self.count.saturating_add(*count);
            let sum = sum.unwrap_or_default();
            self.sum = self.sum.plus(sum).ok_or_else(too_large)?;
        }
        Ok(())
    }
}

/// How many values a group has, and what fits into 64 bits of their sum.
#[derive(Debug, Clone, Copy, Default)]
struct Near {
    count: i64,
    sum: i64,
}

/// Of many groups.
#[derive(Debug, Default)]
struct Groups {
    nears: Vec<Near>,
    /// The rest of each sum.
    rests: Vec<i128>,
}

impl Groups {
    fn room(&mut self, groups: usize) {
        self.nears.resize(groups, Near::default());
        self.rests.resize(groups, 0);
    }

    #[inline]
    fn add(&mut self, group: usize, value: i64) -> Result<()> {
        let Some(near) = self.nears.get_mut(group) else {
            return no_group();
        };
        near.count = near.count.wrapping_add(1);
        match Int64Type::add(&mut near.sum, value) {
            Some(beyond) => self.put(group, beyond),
            None => Ok(()),
        }
    }

    #[cold]
    fn put(&mut self, group: usize, more: i128) -> Result<()> {
        let Some(rest) = self.rests.get_mut(group) else {
            return no_group();
        };
        *rest = rest.plus(more).ok_or_else(too_large)?;
        Ok(())
    }

    fn taken(&mut self, emit_to: EmitTo) -> Result<StructArray> {
        let nears = emit_to.take_needed(&mut self.nears);
        let rests = emit_to.take_needed(&mut self.rests);
        let counts = nears.iter().map(|near| near.count).collect();
        let sums = nears.iter().zip(rests);
        let sums = sums.map(|(near, rest)| rest.plus(near.sum.into()).ok_or_else(too_large));
        Ok(told(counts, sums.collect::<Result<_>>()?))
    }
}

impl GroupsAccumulator for Groups {
    fn update_batch(
        &mut self,
        values: &[ArrayRef],
        group_indices: &[usize],
        opt_filter: Option<&BooleanArray>,
        total_num_groups: usize,
    ) -> Result<()> {
        let values = typed::<Int64Type>(values)?;
        self.room(total_num_groups);
        if values.null_count() == 0 && opt_filter.is_none() {
            for (value, group) in values.values().iter().zip(group_indices) {
                self.add(*group, *value)?;
            }
            return Ok(());
        }
        let counts = |row| opt_filter.is_none_or(|only| only.is_valid(row) && only.value(row));
        for (row, (value, group)) in values.iter().zip(group_indices).enumerate() {
            if let Some(value) = value.filter(|_| counts(row)) {
                self.add(*group, value)?;
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
        let (counts, sums) = partial(values)?;
        self.room(total_num_groups);
        let partial = counts.values().iter().zip(sums);
        for ((count, sum), group) in partial.zip(group_indices) {
            let Some(near) = self.nears.get_mut(*group) else {
                return no_group();
            };
            near.count = near.count.saturating_add(*count);
            self.put(*group, sum.unwrap_or_default())?;
        }
        Ok(())
    }

    fn evaluate(&mut self, emit_to: EmitTo) -> Result<ArrayRef> {
        Ok(Arc::new(self.taken(emit_to)?))
    }

    fn state(&mut self, emit_to: EmitTo) -> Result<Vec<ArrayRef>> {
        let (_, columns, _) = self.taken(emit_to)?.into_parts();
        Ok(columns)
    }

    fn convert_to_state(
        &self,
        values: &[ArrayRef],
        opt_filter: Option<&BooleanArray>,
    ) -> Result<Vec<ArrayRef>> {
        let mut each = Self::default();
        let rows: Vec<usize> = (0..values.first().map_or(0, |values| values.len())).collect();
        each.update_batch(values, &rows, opt_filter, rows.len())?;
        each.state(EmitTo::All)
    }

    fn size(&self) -> usize {
        let near = self.nears.capacity().saturating_mul(size_of::<Near>());
        let rest = self.rests.capacity().saturating_mul(size_of::<i128>());
        near.saturating_add(rest)
    }
}

/// The two columns; of no values there is no sum.
fn told(counts: Vec<i64>, sums: Vec<i128>) -> StructArray {
    let there: NullBuffer = counts.iter().map(|count| *count > 0).collect();
    let sums = PrimitiveArray::<Decimal128Type>::new(sums.into(), Some(there));
    let counts: ArrayRef = Arc::new(Int64Array::from(counts));
    let sums: ArrayRef = Arc::new(sums.with_data_type(WHOLE));
    StructArray::new(counted(), vec![counts, sums], None)
}

fn partial(states: &[ArrayRef]) -> Result<(&Int64Array, &PrimitiveArray<Decimal128Type>)> {
    if let [counts, sums] = states
        && let Some(counts) = counts.as_primitive_opt()
        && let Some(sums) = sums.as_primitive_opt()
    {
        return Ok((counts, sums));
    }
    exec_err!("how many values there are, and their sum")
}
