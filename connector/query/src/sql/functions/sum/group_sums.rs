//! Sums of many groups.

use super::exact_sum::{AccumulatedSum, ExactSumType, WideNumber, state, stays_wide};
use super::scalar_sum::typed_column;
use super::{narrowed_sum, too_large};
use datafusion::arrow::array::{Array, ArrayRef, BooleanArray, PrimitiveArray};
use datafusion::arrow::buffer::NullBuffer;
use datafusion::arrow::datatypes::DataType;
use datafusion_common::{Result, exec_err};
use datafusion_expr::{EmitTo, GroupsAccumulator};
use std::sync::Arc;

/// Sum of each group.
#[derive(Debug)]
pub(super) struct SumGroupsAccumulator<T: ExactSumType> {
    /// Narrow part of each sum.
    nears: Vec<T::Near>,
    /// Overflow of each sum. The list is shorter if the last groups have no overflow.
    rests: Vec<AccumulatedSum<T>>,
    /// Flag for each group: it has a value.
    seen: Vec<bool>,
    /// Number of groups with a value.
    known: usize,
    to: DataType,
}

impl<T: ExactSumType> SumGroupsAccumulator<T> {
    /// Creates an accumulator without groups, with results in the type `to`.
    pub(super) const fn of(to: DataType) -> Self {
        Self {
            nears: Vec::new(),
            rests: Vec::new(),
            seen: Vec::new(),
            known: 0,
            to,
        }
    }

    fn resize_groups(&mut self, groups: usize) {
        self.nears.resize(groups, T::Near::default());
        self.seen.resize(groups, false);
    }

    /// Adds a value to the sum of a group.
    #[inline]
    fn add(&mut self, group: usize, value: T::Native) -> Result<()> {
        let Some(near) = self.nears.get_mut(group) else {
            return no_group();
        };
        match T::add(near, value) {
            Some(beyond) => self.add_to_rest(group, beyond),
            None => Ok(()),
        }
    }

    fn add_to_rest(&mut self, group: usize, more: AccumulatedSum<T>) -> Result<()> {
        if self.rests.len() <= group {
            let groups = self.nears.len();
            self.rests.resize(groups, AccumulatedSum::<T>::default());
        }
        let Some(rest) = self.rests.get_mut(group) else {
            return no_group();
        };
        *rest = rest.plus(more).ok_or_else(too_large)?;
        Ok(())
    }

    /// Checks for possible groups without a value.
    const fn has_unseen_groups(&self) -> bool {
        self.known < self.seen.len()
    }

    fn mark_group(&mut self, group: usize) {
        if let Some(seen) = self.seen.get_mut(group)
            && !*seen
        {
            *seen = true;
            self.known = self.known.saturating_add(1);
        }
    }

    /// Takes the sums of the first groups or of all, each with a flag for the presence of a value.
    pub(super) fn take_sums(
        &mut self,
        emit_to: EmitTo,
    ) -> Result<(Vec<AccumulatedSum<T>>, NullBuffer)> {
        let nears = emit_to.take_needed(&mut self.nears);
        let seen = emit_to.take_needed(&mut self.seen);
        self.known = self.seen.iter().filter(|seen| **seen).count();
        let with_rest = nears.len().min(self.rests.len());
        let rests = self.rests.drain(..with_rest).map(Some);
        let rests = rests.chain(std::iter::repeat(None));
        let sums = nears.into_iter().zip(rests).map(|(near, rest)| {
            let near = T::near(near);
            match rest {
                Some(rest) => rest.plus(near).ok_or_else(too_large),
                None => Ok(near),
            }
        });
        Ok((sums.collect::<Result<_>>()?, NullBuffer::from(seen)))
    }
}

impl<T: ExactSumType> GroupsAccumulator for SumGroupsAccumulator<T> {
    fn update_batch(
        &mut self,
        values: &[ArrayRef],
        group_indices: &[usize],
        opt_filter: Option<&BooleanArray>,
        total_num_groups: usize,
    ) -> Result<()> {
        let values = typed_column::<T>(values)?;
        self.resize_groups(total_num_groups);
        if values.null_count() == 0 && opt_filter.is_none() {
            // Fast path for columns without NULLs: additions only.
            for (value, group) in values.values().iter().zip(group_indices) {
                self.add(*group, *value)?;
            }
            if self.has_unseen_groups() {
                group_indices
                    .iter()
                    .for_each(|group| self.mark_group(*group));
            }
            return Ok(());
        }
        for (row, (value, group)) in values.iter().zip(group_indices).enumerate() {
            let Some(value) = value else { continue };
            if opt_filter.is_none_or(|filter| filter.is_valid(row) && filter.value(row)) {
                self.add(*group, value)?;
                self.mark_group(*group);
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
        self.resize_groups(total_num_groups);
        for (partial, group) in typed_column::<T::Wide>(values)?.iter().zip(group_indices) {
            if let Some(partial) = partial {
                match T::native(partial) {
                    Some(value) => self.add(*group, value)?,
                    None => self.add_to_rest(*group, partial)?,
                }
                self.mark_group(*group);
            }
        }
        Ok(())
    }

    fn evaluate(&mut self, emit_to: EmitTo) -> Result<ArrayRef> {
        let (sums, seen) = self.take_sums(emit_to)?;
        if stays_wide::<T>(&self.to) {
            return Ok(to_sum_array::<T>(sums, seen, &self.to));
        }
        let mut values = Vec::with_capacity(sums.len());
        for (sum, seen) in sums.into_iter().zip(&seen) {
            values.push(if seen {
                narrowed_sum::<T>(sum, &self.to)?
            } else {
                T::Native::default()
            });
        }
        let values = PrimitiveArray::<T>::new(values.into(), Some(seen));
        Ok(Arc::new(values.with_data_type(self.to.clone())))
    }

    fn state(&mut self, emit_to: EmitTo) -> Result<Vec<ArrayRef>> {
        let (sums, seen) = self.take_sums(emit_to)?;
        Ok(vec![to_sum_array::<T>(sums, seen, &state(&T::DATA_TYPE))])
    }

    fn convert_to_state(
        &self,
        values: &[ArrayRef],
        opt_filter: Option<&BooleanArray>,
    ) -> Result<Vec<ArrayRef>> {
        let values = typed_column::<T>(values)?;
        let counts = |row: usize| {
            values.is_valid(row)
                && opt_filter.is_none_or(|filter| filter.is_valid(row) && filter.value(row))
        };
        let seen: Vec<bool> = (0..values.len()).map(counts).collect();
        let sums = values
            .values()
            .iter()
            .map(|value| T::widen(*value))
            .collect();
        let partial = to_sum_array::<T>(sums, NullBuffer::from(seen), &state(&T::DATA_TYPE));
        Ok(vec![partial])
    }

    fn size(&self) -> usize {
        let near = self.nears.capacity().saturating_mul(size_of::<T::Near>());
        let rest = self
            .rests
            .capacity()
            .saturating_mul(size_of::<AccumulatedSum<T>>());
        near.saturating_add(rest)
            .saturating_add(self.seen.capacity())
    }
}

#[cold]
fn no_group() -> Result<()> {
    exec_err!("there is no such group")
}

fn to_sum_array<T: ExactSumType>(
    sums: Vec<AccumulatedSum<T>>,
    seen: NullBuffer,
    kind: &DataType,
) -> ArrayRef {
    let values = PrimitiveArray::<T::Wide>::new(sums.into(), Some(seen));
    Arc::new(values.with_data_type(kind.clone()))
}
