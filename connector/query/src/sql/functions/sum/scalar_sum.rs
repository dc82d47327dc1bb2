//! Sum of one group or of the rows in a sliding window.

use super::exact_sum::{AccumulatedSum, ExactSumType, WideNumber, state, stays_wide};
use super::{narrowed_sum, too_large};
use datafusion::arrow::array::{Array, ArrayRef, AsArray, PrimitiveArray};
use datafusion::arrow::datatypes::DataType;
use datafusion_common::{Result, ScalarValue, exec_err};
use datafusion_expr::Accumulator;
use std::collections::HashMap;

/// Sum of all values.
#[derive(Debug)]
pub(super) struct ScalarSum<T: ExactSumType> {
    sum: AccumulatedSum<T>,
    /// Number of values in the sum. A partial sum counts as one.
    many: u64,
    to: DataType,
}

impl<T: ExactSumType> ScalarSum<T> {
    /// Creates an empty sum with a result in the type `to`.
    pub(super) fn of(to: DataType) -> Self {
        Self {
            sum: AccumulatedSum::<T>::default(),
            many: 0,
            to,
        }
    }

    /// Accumulated sum.
    pub(super) const fn accumulated_sum(&self) -> AccumulatedSum<T> {
        self.sum
    }
}

/// Only column of `columns`.
pub(in crate::sql::functions) fn only_column(columns: &[ArrayRef]) -> Result<&ArrayRef> {
    match columns {
        [one] => Ok(one),
        _ => exec_err!("one argument"),
    }
}

/// Only column, with the type `T`.
pub(super) fn typed_column<T: datafusion::arrow::array::ArrowPrimitiveType>(
    columns: &[ArrayRef],
) -> Result<&PrimitiveArray<T>> {
    match only_column(columns)?.as_primitive_opt::<T>() {
        Some(values) => Ok(values),
        None => exec_err!("a column of another type than the sum was made for"),
    }
}

/// Total as a scalar.
fn to_scalar<T: ExactSumType>(
    sum: Option<AccumulatedSum<T>>,
    to: &DataType,
) -> Result<ScalarValue> {
    if stays_wide::<T>(to) {
        return ScalarValue::new_primitive::<T::Wide>(sum, to);
    }
    let value = sum.map(|sum| narrowed_sum::<T>(sum, to)).transpose()?;
    ScalarValue::new_primitive::<T>(value, to)
}

/// Number of non-NULL values.
pub(super) fn count_values(values: &dyn Array) -> u64 {
    let there = values.len().saturating_sub(values.null_count());
    u64::try_from(there).unwrap_or(u64::MAX)
}

impl<T: ExactSumType> Accumulator for ScalarSum<T> {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        let values = typed_column::<T>(values)?;
        let mut sum = self.sum;
        if values.null_count() == 0 {
            for value in values.values() {
                sum = sum.plus(T::widen(*value)).ok_or_else(too_large)?;
            }
        } else {
            for value in values.iter().flatten() {
                sum = sum.plus(T::widen(value)).ok_or_else(too_large)?;
            }
        }
        self.sum = sum;
        self.many = self.many.saturating_add(count_values(values));
        Ok(())
    }

    fn retract_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        let values = typed_column::<T>(values)?;
        for value in values.iter().flatten() {
            self.sum = self.sum.minus(T::widen(value)).ok_or_else(too_large)?;
        }
        self.many = self.many.saturating_sub(count_values(values));
        Ok(())
    }

    fn supports_retract_batch(&self) -> bool {
        true
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        to_scalar::<T>((self.many > 0).then_some(self.sum), &self.to)
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        let sum = (self.many > 0).then_some(self.sum);
        let partial = ScalarValue::new_primitive::<T::Wide>(sum, &state(&T::DATA_TYPE))?;
        Ok(vec![partial])
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        for partial in typed_column::<T::Wide>(states)?.iter().flatten() {
            self.sum = self.sum.plus(partial).ok_or_else(too_large)?;
            self.many = self.many.saturating_add(1);
        }
        Ok(())
    }

    fn size(&self) -> usize {
        size_of_val(self)
    }
}

/// Sum of the distinct values.
#[derive(Debug)]
pub(super) struct DistinctSum<T: ExactSumType> {
    /// Number of occurrences of each value, since a sliding window removes values.
    counts: HashMap<T::Native, u64>,
    sum: AccumulatedSum<T>,
    /// Type of the values in the state.
    kind: DataType,
    to: DataType,
}

impl<T: ExactSumType> DistinctSum<T> {
    /// Creates an empty sum for values of the type `kind`, with a result in the type `to`.
    pub(super) fn of(kind: DataType, to: DataType) -> Self {
        Self {
            counts: HashMap::new(),
            sum: AccumulatedSum::<T>::default(),
            kind,
            to,
        }
    }

    /// Accumulated sum and number of values.
    pub(super) fn sum_and_count(&self) -> (AccumulatedSum<T>, u64) {
        let many = u64::try_from(self.counts.len()).unwrap_or(u64::MAX);
        (self.sum, many)
    }

    fn add(&mut self, value: T::Native) -> Result<()> {
        let count = self.counts.entry(value).or_default();
        *count = count.saturating_add(1);
        if *count == 1 {
            self.sum = self.sum.plus(T::widen(value)).ok_or_else(too_large)?;
        }
        Ok(())
    }
}

impl<T: ExactSumType> Accumulator for DistinctSum<T> {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        let mut values = typed_column::<T>(values)?.iter().flatten();
        values.try_for_each(|value| self.add(value))
    }

    fn retract_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        for value in typed_column::<T>(values)?.iter().flatten() {
            if let Some(count) = self.counts.get_mut(&value) {
                *count = count.saturating_sub(1);
                if *count == 0 {
                    self.counts.remove(&value);
                    self.sum = self.sum.minus(T::widen(value)).ok_or_else(too_large)?;
                }
            }
        }
        Ok(())
    }

    fn supports_retract_batch(&self) -> bool {
        true
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        let sum = (!self.counts.is_empty()).then_some(self.sum);
        to_scalar::<T>(sum, &self.to)
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        let values = self.counts.keys();
        let values = values
            .map(|value| ScalarValue::new_primitive::<T>(Some(*value), &self.kind))
            .collect::<Result<Vec<_>>>()?;
        let list = ScalarValue::new_list_nullable(&values, &self.kind);
        Ok(vec![ScalarValue::List(list)])
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        let Some(lists) = only_column(states)?.as_list_opt::<i32>() else {
            return exec_err!("a column of another type than the sum was made for");
        };
        for list in lists.iter().flatten() {
            self.update_batch(&[list])?;
        }
        Ok(())
    }

    fn size(&self) -> usize {
        let each = size_of::<(T::Native, u64)>();
        size_of_val(self).saturating_add(self.counts.capacity().saturating_mul(each))
    }
}
