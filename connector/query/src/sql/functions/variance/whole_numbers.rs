//! Exact variance and standard deviation of integers and decimals. The engine converts them to floating-point numbers first, which
//! loses a spread that is small compared to the numbers.

use super::super::reproducible_aggregate::SummaryOutput;
use super::super::sum::only_column;
use datafusion::arrow::array::{ArrayRef, AsArray, PrimitiveArray};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Decimal128Type, Field, FieldRef};
use datafusion_common::{Result, ScalarValue, exec_err};
use datafusion_expr::Accumulator;
use datafusion_expr::utils::format_state_name;
use hansa_enforcement::power_sums::PowerSums;
use std::collections::HashMap;
use std::sync::Arc;

/// Checks for a type whose values are used without conversion.
pub(super) fn is_whole(kind: &DataType) -> bool {
    kind.is_integer() || matches!(kind, DataType::Decimal128(_, _))
}

/// State column of [`DistinctWholeNumbers`].
pub(super) fn make_distinct_field(name: &str) -> Vec<FieldRef> {
    let name = format_state_name(name, "distinct numbers");
    let item = Field::new_list_field(UNITS, true);
    vec![Arc::new(Field::new_list(name, item, true))]
}

/// Type of values in units. The unit of a decimal is its last decimal place.
const UNITS: DataType = DataType::Decimal128(38, 0);

/// Output in units, with the power of the unit: 1 or 2.
#[derive(Debug, Clone, Copy)]
pub(super) struct UnitOutput {
    pub(super) output: SummaryOutput<PowerSums<1>>,
    pub(super) power: i32,
    pub(super) scale: i8,
}

impl UnitOutput {
    fn to_scalar(self, sums: &PowerSums<1>) -> ScalarValue {
        let unit = 10_f64.powi(i32::from(self.scale) * self.power);
        ScalarValue::Float64((self.output)(sums).map(|number| number / unit))
    }
}

/// Values in units.
fn read_units(columns: &[ArrayRef]) -> Result<PrimitiveArray<Decimal128Type>> {
    let column = only_column(columns)?;
    let wide = match column.data_type() {
        DataType::Decimal128(_, _) => Arc::clone(column),
        kind if kind.is_integer() => cast(column, &UNITS)?,
        other => return exec_err!("integers or decimals, not {other}"),
    };
    Ok(wide.as_primitive::<Decimal128Type>().clone())
}

/// Numbers of one group.
#[derive(Debug)]
pub(super) struct WholeNumbers {
    sums: PowerSums<1>,
    output: UnitOutput,
}

impl WholeNumbers {
    pub(super) fn new(output: UnitOutput) -> Self {
        Self {
            sums: PowerSums::default(),
            output,
        }
    }
}

impl Accumulator for WholeNumbers {
    fn update_batch(&mut self, columns: &[ArrayRef]) -> Result<()> {
        let units = read_units(columns)?;
        units
            .iter()
            .flatten()
            .for_each(|number| self.sums.add_whole(number));
        Ok(())
    }

    fn retract_batch(&mut self, columns: &[ArrayRef]) -> Result<()> {
        let units = read_units(columns)?;
        units
            .iter()
            .flatten()
            .for_each(|number| self.sums.take_whole(number));
        Ok(())
    }

    fn supports_retract_batch(&self) -> bool {
        true
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        Ok(self.output.to_scalar(&self.sums))
    }

    fn size(&self) -> usize {
        size_of_val(self).saturating_add(self.sums.heap_bytes())
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        Ok(vec![ScalarValue::Binary(self.sums.write())])
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        let Some(states) = only_column(states)?.as_binary_opt::<i32>() else {
            return exec_err!("bytes");
        };
        for state in states.iter().flatten() {
            if self.sums.merge(state).is_none() {
                return exec_err!("a state of numbers");
            }
        }
        Ok(())
    }
}

/// Distinct numbers of one group.
#[derive(Debug)]
pub(super) struct DistinctWholeNumbers {
    /// Number of occurrences of each value, since a sliding window removes values.
    counts: HashMap<i128, u64>,
    sums: PowerSums<1>,
    output: UnitOutput,
}

impl DistinctWholeNumbers {
    pub(super) fn new(output: UnitOutput) -> Self {
        Self {
            counts: HashMap::new(),
            sums: PowerSums::default(),
            output,
        }
    }
}

impl Accumulator for DistinctWholeNumbers {
    fn update_batch(&mut self, columns: &[ArrayRef]) -> Result<()> {
        for number in read_units(columns)?.iter().flatten() {
            let count = self.counts.entry(number).or_default();
            *count = count.saturating_add(1);
            if *count == 1 {
                self.sums.add_whole(number);
            }
        }
        Ok(())
    }

    fn retract_batch(&mut self, columns: &[ArrayRef]) -> Result<()> {
        for number in read_units(columns)?.iter().flatten() {
            if let Some(count) = self.counts.get_mut(&number) {
                *count = count.saturating_sub(1);
                if *count == 0 {
                    self.counts.remove(&number);
                    self.sums.take_whole(number);
                }
            }
        }
        Ok(())
    }

    fn supports_retract_batch(&self) -> bool {
        true
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        Ok(self.output.to_scalar(&self.sums))
    }

    fn size(&self) -> usize {
        // A hash table has capacity for about twice as many entries.
        let each = size_of::<(i128, u64)>().saturating_mul(2);
        size_of_val(self)
            .saturating_add(self.counts.len().saturating_mul(each))
            .saturating_add(self.sums.heap_bytes())
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        let numbers = self.counts.keys();
        let numbers: Vec<_> = numbers
            .map(|number| ScalarValue::Decimal128(Some(*number), 38, 0))
            .collect();
        let list = ScalarValue::new_list_nullable(&numbers, &UNITS);
        Ok(vec![ScalarValue::List(list)])
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        let Some(lists) = only_column(states)?.as_list_opt::<i32>() else {
            return exec_err!("lists of numbers");
        };
        for list in lists.iter().flatten() {
            self.update_batch(&[list])?;
        }
        Ok(())
    }
}
