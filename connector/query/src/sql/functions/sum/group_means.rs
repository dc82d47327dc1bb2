//! Averages of many groups.

use super::exact_mean::{ExactMeanType, exact_mean};
use super::group_sums::SumGroupsAccumulator;
use super::scalar_sum::typed_column;
use datafusion::arrow::array::{Array, ArrayRef, BooleanArray, PrimitiveArray, UInt64Array};
use datafusion::arrow::datatypes::{DataType, UInt64Type};
use datafusion_common::{Result, exec_err};
use datafusion_expr::{EmitTo, GroupsAccumulator};
use std::sync::Arc;

/// Sum and count of each group.
#[derive(Debug)]
pub(super) struct MeanGroupsAccumulator<T: ExactMeanType> {
    sums: SumGroupsAccumulator<T>,
    counts: Vec<u64>,
    kind: DataType,
    to: DataType,
}

impl<T: ExactMeanType> MeanGroupsAccumulator<T> {
    /// Creates an accumulator without groups, for values of the type `kind` and averages in the type `to`.
    pub(super) const fn of(kind: DataType, to: DataType) -> Self {
        // The sums themselves are not returned.
        let sums = SumGroupsAccumulator::of(DataType::Null);
        Self {
            sums,
            counts: Vec::new(),
            kind,
            to,
        }
    }

    fn add_count(&mut self, group: usize, more: u64) {
        if let Some(count) = self.counts.get_mut(group) {
            *count = count.saturating_add(more);
        }
    }
}

impl<T: ExactMeanType> GroupsAccumulator for MeanGroupsAccumulator<T> {
    fn update_batch(
        &mut self,
        values: &[ArrayRef],
        group_indices: &[usize],
        opt_filter: Option<&BooleanArray>,
        total_num_groups: usize,
    ) -> Result<()> {
        self.sums
            .update_batch(values, group_indices, opt_filter, total_num_groups)?;
        self.counts.resize(total_num_groups, 0);
        let values = typed_column::<T>(values)?;
        if values.null_count() == 0 && opt_filter.is_none() {
            group_indices
                .iter()
                .for_each(|group| self.add_count(*group, 1));
            return Ok(());
        }
        for (row, group) in group_indices.iter().enumerate() {
            self.add_count(*group, count_row(values, row, opt_filter));
        }
        Ok(())
    }

    fn merge_batch(
        &mut self,
        states: &[ArrayRef],
        group_indices: &[usize],
        total_num_groups: usize,
    ) -> Result<()> {
        let [counts, sums] = states else {
            return exec_err!("a count and a sum");
        };
        self.sums
            .merge_batch(std::slice::from_ref(sums), group_indices, total_num_groups)?;
        self.counts.resize(total_num_groups, 0);
        let counts = typed_column::<UInt64Type>(std::slice::from_ref(counts))?;
        for (count, group) in counts.iter().zip(group_indices) {
            self.add_count(*group, count.unwrap_or_default());
        }
        Ok(())
    }

    fn evaluate(&mut self, emit_to: EmitTo) -> Result<ArrayRef> {
        let (sums, seen) = self.sums.take_sums(emit_to)?;
        let counts = emit_to.take_needed(&mut self.counts);
        let mut means = Vec::with_capacity(sums.len());
        for ((sum, count), seen) in sums.into_iter().zip(counts).zip(&seen) {
            means.push(if seen {
                exact_mean::<T>(sum, count, &self.kind, &self.to)?
            } else {
                T::Native::default()
            });
        }
        let means = PrimitiveArray::<T>::new(means.into(), Some(seen));
        Ok(Arc::new(means.with_data_type(self.to.clone())))
    }

    fn state(&mut self, emit_to: EmitTo) -> Result<Vec<ArrayRef>> {
        let counts = emit_to.take_needed(&mut self.counts);
        let mut state: Vec<ArrayRef> = vec![Arc::new(UInt64Array::from(counts))];
        state.append(&mut self.sums.state(emit_to)?);
        Ok(state)
    }

    fn convert_to_state(
        &self,
        values: &[ArrayRef],
        opt_filter: Option<&BooleanArray>,
    ) -> Result<Vec<ArrayRef>> {
        let sums = self.sums.convert_to_state(values, opt_filter)?;
        let values = typed_column::<T>(values)?;
        let counts = (0..values.len()).map(|row| count_row(values, row, opt_filter));
        let mut state: Vec<ArrayRef> = vec![Arc::new(UInt64Array::from_iter_values(counts))];
        state.extend(sums);
        Ok(state)
    }

    fn size(&self) -> usize {
        let counts = self.counts.capacity().saturating_mul(size_of::<u64>());
        self.sums.size().saturating_add(counts)
    }
}

/// Number of values in a row: one or zero.
fn count_row(values: &dyn Array, row: usize, opt_filter: Option<&BooleanArray>) -> u64 {
    let is_kept = opt_filter.is_none_or(|filter| filter.is_valid(row) && filter.value(row));
    u64::from(is_kept && values.is_valid(row))
}
