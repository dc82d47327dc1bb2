//! Aggregates of floating-point numbers that are bit-identical for any order of rows and any division into batches, threads and
//! workers. The rows are accumulated without rounding, and the result is rounded once (reproducible summation, Demmel and Nguyen
//! 2013). Hidden rows affect the division into batches, and are therefore not visible in the result.

use super::sum::only_column;
use datafusion::arrow::array::{
    Array, ArrayBuilder as _, ArrayRef, AsArray, BinaryArray, BinaryBuilder, BooleanArray,
    Float64Array, ListArray,
};
use datafusion::arrow::datatypes::{DataType, Field, FieldRef, Float64Type};
use datafusion_common::{Result, ScalarValue, exec_err};
use datafusion_expr::utils::format_state_name;
use datafusion_expr::{Accumulator, EmitTo, GroupsAccumulator};
use hansa_enforcement::exact_sum::ExactSum;
use hansa_enforcement::power_sums::PowerSums;
use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::Arc;

/// Summary of rows of `N` numbers, independent of their order.
pub(super) trait NumericSummary<const N: usize>:
    Debug + Default + Clone + Send + Sync + 'static
{
    /// Adds a row.
    fn add(&mut self, row: [f64; N]);
    /// Removes a row.
    fn remove_row(&mut self, row: [f64; N]);
    /// Merges a summary from [`Self::write`]. Returns `None` for other bytes.
    fn merge(&mut self, bytes: &[u8]) -> Option<()>;
    /// Serialises the summary. Returns `None` if there are no rows.
    fn write(&self) -> Option<Vec<u8>>;
    /// Appends the serialised summary of a single row.
    fn write_row(row: [f64; N], states: &mut BinaryBuilder) {
        let mut one = Self::default();
        one.add(row);
        states.append_option(one.write());
    }
    /// Size of the heap memory, in bytes.
    fn heap_bytes(&self) -> usize;
}

impl NumericSummary<1> for ExactSum {
    fn add(&mut self, [value]: [f64; 1]) {
        Self::add(self, value);
    }

    fn remove_row(&mut self, [value]: [f64; 1]) {
        Self::remove(self, value);
    }

    fn merge(&mut self, bytes: &[u8]) -> Option<()> {
        Self::merge(self, bytes)
    }

    fn write(&self) -> Option<Vec<u8>> {
        Self::write(self)
    }

    fn write_row([value]: [f64; 1], states: &mut BinaryBuilder) {
        states.append_value(Self::write_number(value));
    }

    fn heap_bytes(&self) -> usize {
        Self::heap_bytes(self)
    }
}

impl<const N: usize> NumericSummary<N> for PowerSums<N> {
    fn add(&mut self, row: [f64; N]) {
        Self::add(self, row);
    }

    fn remove_row(&mut self, row: [f64; N]) {
        Self::remove(self, row);
    }

    fn merge(&mut self, bytes: &[u8]) -> Option<()> {
        Self::merge(self, bytes)
    }

    fn write(&self) -> Option<Vec<u8>> {
        Self::write(self)
    }

    fn heap_bytes(&self) -> usize {
        Self::heap_bytes(self)
    }
}

/// Result of a summary.
pub(super) type SummaryOutput<S> = fn(&S) -> Option<f64>;

/// State column of [`SummaryAccumulator`] and [`SummaryGroupsAccumulator`].
pub(super) fn state_field(name: &str) -> Vec<FieldRef> {
    let name = format_state_name(name, "summary");
    vec![Arc::new(Field::new(name, DataType::Binary, true))]
}

/// State column of [`DistinctValueAccumulator`].
pub(super) fn distinct_field(name: &str) -> Vec<FieldRef> {
    let name = format_state_name(name, "distinct values");
    let item = Field::new_list_field(DataType::Float64, true);
    vec![Arc::new(Field::new_list(name, item, true))]
}

/// Accumulator of one group.
#[derive(Debug)]
pub(super) struct SummaryAccumulator<S, const N: usize> {
    summary: S,
    output: SummaryOutput<S>,
}

impl<S: NumericSummary<N>, const N: usize> SummaryAccumulator<S, N> {
    /// Creates an empty accumulator.
    pub(super) fn new(output: SummaryOutput<S>) -> Self {
        Self {
            summary: S::default(),
            output,
        }
    }
}

impl<S: NumericSummary<N>, const N: usize> Accumulator for SummaryAccumulator<S, N> {
    fn update_batch(&mut self, columns: &[ArrayRef]) -> Result<()> {
        let summary = &mut self.summary;
        visit_rows(columns, |_, row| {
            summary.add(row);
            Ok(())
        })
    }

    fn retract_batch(&mut self, columns: &[ArrayRef]) -> Result<()> {
        let summary = &mut self.summary;
        visit_rows(columns, |_, row| {
            summary.remove_row(row);
            Ok(())
        })
    }

    fn supports_retract_batch(&self) -> bool {
        true
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        Ok(ScalarValue::Float64((self.output)(&self.summary)))
    }

    fn size(&self) -> usize {
        size_of_val(self).saturating_add(self.summary.heap_bytes())
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        Ok(vec![ScalarValue::Binary(self.summary.write())])
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        for state in state_column(states)?.iter().flatten() {
            merge_state(&mut self.summary, state)?;
        }
        Ok(())
    }
}

/// Accumulator of the distinct values of one group, identified by their bits. The order of merges has no effect.
#[derive(Debug)]
pub(super) struct DistinctValueAccumulator<S> {
    /// Number of occurrences of each value, since a sliding window removes values.
    counts: BTreeMap<u64, u64>,
    output: SummaryOutput<S>,
}

impl<S> DistinctValueAccumulator<S> {
    /// Creates an empty accumulator.
    pub(super) const fn new(output: SummaryOutput<S>) -> Self {
        Self {
            counts: BTreeMap::new(),
            output,
        }
    }
}

/// Bits of a value. Both zeros are equal, as in a GROUP BY of the engine.
fn value_bits(value: f64) -> u64 {
    (value + 0.0).to_bits()
}

impl<S: NumericSummary<1>> Accumulator for DistinctValueAccumulator<S> {
    fn update_batch(&mut self, columns: &[ArrayRef]) -> Result<()> {
        visit_rows(columns, |_, [value]: [f64; 1]| {
            let count = self.counts.entry(value_bits(value)).or_default();
            *count = count.saturating_add(1);
            Ok(())
        })
    }

    fn retract_batch(&mut self, columns: &[ArrayRef]) -> Result<()> {
        visit_rows(columns, |_, [value]: [f64; 1]| {
            let key = value_bits(value);
            if let Some(count) = self.counts.get_mut(&key) {
                *count = count.saturating_sub(1);
                if *count == 0 {
                    self.counts.remove(&key);
                }
            }
            Ok(())
        })
    }

    fn supports_retract_batch(&self) -> bool {
        true
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        let mut summary = S::default();
        for bits in self.counts.keys() {
            summary.add([f64::from_bits(*bits)]);
        }
        Ok(ScalarValue::Float64((self.output)(&summary)))
    }

    fn size(&self) -> usize {
        // A tree node has capacity for about 1.5 times as many entries.
        let each = size_of::<(u64, u64)>().saturating_mul(3) / 2;
        size_of_val(self).saturating_add(self.counts.len().saturating_mul(each))
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        let values = self.counts.keys();
        let values: Vec<_> = values
            .map(|bits| ScalarValue::Float64(Some(f64::from_bits(*bits))))
            .collect();
        let list = ScalarValue::new_list_nullable(&values, &DataType::Float64);
        Ok(vec![ScalarValue::List(list)])
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        let Some(lists): Option<&ListArray> = only_column(states)?.as_list_opt::<i32>() else {
            return exec_err!("lists of values");
        };
        for list in lists.iter().flatten() {
            self.update_batch(&[list])?;
        }
        Ok(())
    }
}

/// Accumulator of many groups.
#[derive(Debug)]
pub(super) struct SummaryGroupsAccumulator<S, const N: usize> {
    summaries: Vec<S>,
    /// Size of the heap memory of the summaries, in bytes.
    held: usize,
    output: SummaryOutput<S>,
}

impl<S: NumericSummary<N>, const N: usize> SummaryGroupsAccumulator<S, N> {
    /// Creates an accumulator without groups.
    pub(super) const fn new(output: SummaryOutput<S>) -> Self {
        Self {
            summaries: Vec::new(),
            held: 0,
            output,
        }
    }

    fn change(&mut self, group: usize, with: impl FnOnce(&mut S) -> Result<()>) -> Result<()> {
        let Some(summary) = self.summaries.get_mut(group) else {
            return exec_err!("there is no such group");
        };
        let before = summary.heap_bytes();
        with(summary)?;
        self.held = self
            .held
            .saturating_add(summary.heap_bytes())
            .saturating_sub(before);
        Ok(())
    }

    fn take_summaries(&mut self, emit_to: EmitTo) -> Vec<S> {
        let taken = emit_to.take_needed(&mut self.summaries);
        // Groups are emitted in several steps; the remaining ones are not visited in each step.
        let gone = taken.iter().map(S::heap_bytes).sum();
        self.held = self.held.saturating_sub(gone);
        taken
    }
}

impl<S: NumericSummary<N>, const N: usize> GroupsAccumulator for SummaryGroupsAccumulator<S, N> {
    fn update_batch(
        &mut self,
        values: &[ArrayRef],
        group_indices: &[usize],
        opt_filter: Option<&BooleanArray>,
        total_num_groups: usize,
    ) -> Result<()> {
        self.summaries.resize(total_num_groups, S::default());
        visit_rows(values, |at, row| {
            if opt_filter.is_some_and(|filter| !is_kept(filter, at)) {
                return Ok(());
            }
            let Some(group) = group_indices.get(at) else {
                return exec_err!("a row without a group");
            };
            self.change(*group, |summary| {
                summary.add(row);
                Ok(())
            })
        })
    }

    fn merge_batch(
        &mut self,
        values: &[ArrayRef],
        group_indices: &[usize],
        total_num_groups: usize,
    ) -> Result<()> {
        self.summaries.resize(total_num_groups, S::default());
        for (state, group) in state_column(values)?.iter().zip(group_indices) {
            let Some(state) = state else { continue };
            self.change(*group, |summary| merge_state(summary, state))?;
        }
        Ok(())
    }

    fn evaluate(&mut self, emit_to: EmitTo) -> Result<ArrayRef> {
        let summaries = self.take_summaries(emit_to);
        let reported: Float64Array = summaries.iter().map(self.output).collect();
        Ok(Arc::new(reported))
    }

    fn state(&mut self, emit_to: EmitTo) -> Result<Vec<ArrayRef>> {
        let summaries = self.take_summaries(emit_to);
        let written: BinaryArray = summaries.iter().map(S::write).collect();
        Ok(vec![Arc::new(written)])
    }

    fn convert_to_state(
        &self,
        values: &[ArrayRef],
        opt_filter: Option<&BooleanArray>,
    ) -> Result<Vec<ArrayRef>> {
        let rows = values.first().map_or(0, |column| column.len());
        let mut states = BinaryBuilder::with_capacity(rows, rows.saturating_mul(size_of::<f64>()));
        visit_rows(values, |at, row| {
            if opt_filter.is_none_or(|filter| is_kept(filter, at)) {
                // NULLs for preceding rows that are incomplete or filtered out.
                states.append_nulls(at.saturating_sub(states.len()));
                S::write_row(row, &mut states);
            }
            Ok(())
        })?;
        states.append_nulls(rows.saturating_sub(states.len()));
        Ok(vec![Arc::new(states.finish())])
    }

    fn size(&self) -> usize {
        let own = self.summaries.capacity().saturating_mul(size_of::<S>());
        own.saturating_add(self.held)
    }
}

fn is_kept(filter: &BooleanArray, row: usize) -> bool {
    filter.is_valid(row) && filter.value(row)
}

/// Calls a function for each row whose numbers are all non-NULL.
fn visit_rows<const N: usize>(
    columns: &[ArrayRef],
    mut with: impl FnMut(usize, [f64; N]) -> Result<()>,
) -> Result<()> {
    let typed: Option<Vec<&Float64Array>> = columns
        .iter()
        .map(|column| column.as_primitive_opt::<Float64Type>())
        .collect();
    let typed = typed.and_then(|typed| <[&Float64Array; N]>::try_from(typed).ok());
    let Some(typed) = typed else {
        return exec_err!("columns of floating-point numbers");
    };
    let rows = typed.first().map_or(0, |column| column.len());
    let whole = typed.iter().all(|column| column.null_count() == 0);
    for at in 0..rows {
        if whole || typed.iter().all(|column| column.is_valid(at)) {
            with(at, typed.map(|column| column.value(at)))?;
        }
    }
    Ok(())
}

fn merge_state<S: NumericSummary<N>, const N: usize>(summary: &mut S, state: &[u8]) -> Result<()> {
    match summary.merge(state) {
        Some(()) => Ok(()),
        None => exec_err!("a state of floating-point numbers"),
    }
}

fn state_column(states: &[ArrayRef]) -> Result<&BinaryArray> {
    match only_column(states)?.as_binary_opt::<i32>() {
        Some(states) => Ok(states),
        None => exec_err!("bytes"),
    }
}

#[cfg(test)]
mod tests;
