//! The sums of many groups at once.

use super::exact::{Exact, Held, Wide, state, stays_wide};
use super::one::typed;
use super::{told, too_large};
use datafusion::arrow::array::{Array, ArrayRef, ArrowPrimitiveType, BooleanArray, PrimitiveArray};
use datafusion::arrow::buffer::NullBuffer;
use datafusion::arrow::datatypes::DataType;
use datafusion_common::{Result, exec_err};
use datafusion_expr::{EmitTo, GroupsAccumulator};
use std::sync::Arc;

/// A sum for each group.
#[derive(Debug)]
pub(super) struct Groups<T: Exact> {
    sums: Vec<Held<T>>,
    /// Whether the group has a value at all.
    seen: Vec<bool>,
    /// How many have one.
    known: usize,
    to: DataType,
}

impl<T: Exact> Groups<T> {
    /// No groups yet; sums are told in the type `to`.
    pub(super) const fn of(to: DataType) -> Self {
        Self {
            sums: Vec::new(),
            seen: Vec::new(),
            known: 0,
            to,
        }
    }

    fn add<V: ArrowPrimitiveType>(
        &mut self,
        values: &PrimitiveArray<V>,
        groups: &[usize],
        filter: Option<&BooleanArray>,
        total: usize,
        widen: impl Fn(V::Native) -> Held<T>,
    ) -> Result<()> {
        self.sums.resize(total, Held::<T>::default());
        self.seen.resize(total, false);
        if values.null_count() == 0 && filter.is_none() {
            // Most columns of numbers: nothing but additions, with the totals in reach.
            let sums = self.sums.as_mut_slice();
            for (value, group) in values.values().iter().zip(groups) {
                let Some(sum) = sums.get_mut(*group) else {
                    return no_group();
                };
                *sum = match sum.plus(widen(*value)) {
                    Some(more) => more,
                    None => return Err(too_large()),
                };
            }
            if self.unseen() {
                groups.iter().for_each(|group| self.see(*group));
            }
            return Ok(());
        }
        for (row, (value, group)) in values.iter().zip(groups).enumerate() {
            let Some(value) = value else { continue };
            if filter.is_none_or(|filter| filter.is_valid(row) && filter.value(row)) {
                let Some(sum) = self.sums.get_mut(*group) else {
                    return no_group();
                };
                *sum = sum.plus(widen(value)).ok_or_else(too_large)?;
                self.see(*group);
            }
        }
        Ok(())
    }

    /// Whether there may be groups without a value.
    const fn unseen(&self) -> bool {
        self.known < self.seen.len()
    }

    fn see(&mut self, group: usize) {
        if let Some(seen) = self.seen.get_mut(group)
            && !*seen
        {
            *seen = true;
            self.known = self.known.saturating_add(1);
        }
    }

    fn taken(&mut self, emit_to: EmitTo) -> (Vec<Held<T>>, NullBuffer) {
        let sums = emit_to.take_needed(&mut self.sums);
        let seen = emit_to.take_needed(&mut self.seen);
        self.known = self.seen.iter().filter(|seen| **seen).count();
        (sums, NullBuffer::from(seen))
    }
}

impl<T: Exact> GroupsAccumulator for Groups<T> {
    fn update_batch(
        &mut self,
        values: &[ArrayRef],
        group_indices: &[usize],
        opt_filter: Option<&BooleanArray>,
        total_num_groups: usize,
    ) -> Result<()> {
        let values = typed::<T>(values)?;
        self.add(
            values,
            group_indices,
            opt_filter,
            total_num_groups,
            T::widen,
        )
    }

    fn merge_batch(
        &mut self,
        values: &[ArrayRef],
        group_indices: &[usize],
        total_num_groups: usize,
    ) -> Result<()> {
        let values = typed::<T::Wide>(values)?;
        self.add(values, group_indices, None, total_num_groups, |partial| {
            partial
        })
    }

    fn evaluate(&mut self, emit_to: EmitTo) -> Result<ArrayRef> {
        let (sums, seen) = self.taken(emit_to);
        if stays_wide::<T>(&self.to) {
            return Ok(held::<T>(sums, seen, &self.to));
        }
        let mut values = Vec::with_capacity(sums.len());
        for (sum, seen) in sums.into_iter().zip(&seen) {
            values.push(if seen {
                told::<T>(sum, &self.to)?
            } else {
                T::Native::default()
            });
        }
        let values = PrimitiveArray::<T>::new(values.into(), Some(seen));
        Ok(Arc::new(values.with_data_type(self.to.clone())))
    }

    fn state(&mut self, emit_to: EmitTo) -> Result<Vec<ArrayRef>> {
        let (sums, seen) = self.taken(emit_to);
        Ok(vec![held::<T>(sums, seen, &state(&T::DATA_TYPE))])
    }

    fn convert_to_state(
        &self,
        values: &[ArrayRef],
        opt_filter: Option<&BooleanArray>,
    ) -> Result<Vec<ArrayRef>> {
        let values = typed::<T>(values)?;
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
        let partial = held::<T>(sums, NullBuffer::from(seen), &state(&T::DATA_TYPE));
        Ok(vec![partial])
    }

    fn size(&self) -> usize {
        let sums = self.sums.capacity().saturating_mul(size_of::<Held<T>>());
        sums.saturating_add(self.seen.capacity())
    }
}

#[cold]
fn no_group() -> Result<()> {
    exec_err!("there is no such group")
}

fn held<T: Exact>(sums: Vec<Held<T>>, seen: NullBuffer, kind: &DataType) -> ArrayRef {
    let values = PrimitiveArray::<T::Wide>::new(sums.into(), Some(seen));
    Arc::new(values.with_data_type(kind.clone()))
}
