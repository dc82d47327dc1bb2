//! Sums of floating-point numbers whose last digit tells nothing of the order of the rows: for cells, of which rows are hidden.

use super::one::{only, typed};
use datafusion::arrow::array::{Array, ArrayRef, AsArray, BinaryArray, BooleanArray, Float64Array};
use datafusion::arrow::datatypes::Float64Type;
use datafusion_common::{Result, ScalarValue, exec_err};
use datafusion_expr::{Accumulator, EmitTo, GroupsAccumulator};
use enforce::exactly::Total;
use std::sync::Arc;

/// The sum of one group.
#[derive(Debug, Default)]
pub(super) struct One(Total);

impl Accumulator for One {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        for value in typed::<Float64Type>(values)?.iter().flatten() {
            self.0.add(value);
        }
        Ok(())
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        Ok(ScalarValue::Float64(self.0.told()))
    }

    fn size(&self) -> usize {
        size_of_val(self).saturating_add(self.0.held())
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        Ok(vec![ScalarValue::Binary(self.0.write())])
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        for state in written(states)?.iter().flatten() {
            merged(&mut self.0, state)?;
        }
        Ok(())
    }
}

/// A sum for each group.
#[derive(Debug, Default)]
pub(super) struct Groups {
    sums: Vec<Total>,
    /// Bytes that they hold beside themselves.
    held: usize,
}

impl Groups {
    fn change(&mut self, group: usize, with: impl FnOnce(&mut Total) -> Result<()>) -> Result<()> {
        let Some(sum) = self.sums.get_mut(group) else {
            return exec_err!("there is no such group");
        };
        let before = sum.held();
        with(sum)?;
        self.held = self.held.saturating_add(sum.held()).saturating_sub(before);
        Ok(())
    }

    fn taken(&mut self, emit_to: EmitTo) -> Vec<Total> {
        let taken = emit_to.take_needed(&mut self.sums);
        self.held = self.sums.iter().map(Total::held).sum();
        taken
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
        self.sums.resize(total_num_groups, Total::default());
        let values = typed::<Float64Type>(values)?.iter().zip(group_indices);
        for (row, (value, group)) in values.enumerate() {
            let Some(value) = value else { continue };
            if opt_filter.is_none_or(|filter| filter.is_valid(row) && filter.value(row)) {
                self.change(*group, |sum| {
                    sum.add(value);
                    Ok(())
                })?;
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
        self.sums.resize(total_num_groups, Total::default());
        for (state, group) in written(values)?.iter().zip(group_indices) {
            let Some(state) = state else { continue };
            self.change(*group, |sum| merged(sum, state))?;
        }
        Ok(())
    }

    fn evaluate(&mut self, emit_to: EmitTo) -> Result<ArrayRef> {
        let sums = self.taken(emit_to);
        let told: Float64Array = sums.iter().map(Total::told).collect();
        Ok(Arc::new(told))
    }

    fn state(&mut self, emit_to: EmitTo) -> Result<Vec<ArrayRef>> {
        let sums = self.taken(emit_to);
        let written: BinaryArray = sums.iter().map(Total::write).collect();
        Ok(vec![Arc::new(written)])
    }

    fn convert_to_state(
        &self,
        values: &[ArrayRef],
        opt_filter: Option<&BooleanArray>,
    ) -> Result<Vec<ArrayRef>> {
        let values = typed::<Float64Type>(values)?.iter().enumerate();
        let states = values.map(|(row, value)| {
            let counts = opt_filter.is_none_or(|filter| filter.is_valid(row) && filter.value(row));
            let mut one = Total::default();
            one.add(value.filter(|_| counts)?);
            one.write()
        });
        let states: BinaryArray = states.collect();
        Ok(vec![Arc::new(states)])
    }

    fn size(&self) -> usize {
        let own = self.sums.capacity().saturating_mul(size_of::<Total>());
        own.saturating_add(self.held)
    }
}

fn merged(sum: &mut Total, state: &[u8]) -> Result<()> {
    match sum.merge(state) {
        Some(()) => Ok(()),
        None => exec_err!("a state of a sum"),
    }
}

fn written(states: &[ArrayRef]) -> Result<&BinaryArray> {
    match only(states)?.as_binary_opt::<i32>() {
        Some(states) => Ok(states),
        None => exec_err!("bytes"),
    }
}
