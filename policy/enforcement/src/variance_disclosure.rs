//! Test of a variance for disclosure of single values: an aggregate over pairs of unit and value.
//!
//! With the number `n` and the sum, a variance discloses the sum of squared deviations. If it is 0, all values are known. If one
//! unit differs from otherwise equal units, its value and theirs follow at any `n`: for non-negative values the squares are then as
//! large as the sum allows. A person who knows some values subtracts them from all three numbers, and gets the three numbers of the
//! remaining values.
//!
//! So a variance is disclosed only if, after the removal of any three units, the squared deviations of the rest are at least a
//! tenth of all squares. A person who knows the values of up to two units can't compute those of a third, since the unequal
//! remaining values have many solutions. There is no guarantee for four known units; no rule on a single cell could give one for
//! all.

use crate::string_view::TEXT;
use crate::variance::Moments;
use datafusion_common::arrow::array::{
    Array, ArrayRef, AsArray, Float64Builder, ListBuilder, StringBuilder,
};
use datafusion_common::arrow::datatypes::{DataType, Field, FieldRef, Float64Type};
use datafusion_common::{Result, ScalarValue, exec_err};
use datafusion_expr::expr::AggregateFunction;
use datafusion_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion_expr::{
    Accumulator, AggregateUDF, AggregateUDFImpl, Expr, Signature, Volatility, cast,
};
use std::collections::HashMap;
use std::sync::Arc;

/// Expression that is true if the variance of the cell's values must be withheld. Without a unit column each value is a unit of its
/// own.
/// NULL values are ignored; rows without a unit count together as one unit.
#[must_use]
pub fn variance_disclosure(unit: Option<Expr>, value: Expr) -> Expr {
    let mut kinds = vec![DataType::Float64];
    let mut arguments = vec![cast(value, DataType::Float64)];
    let by_unit = unit.is_some();
    if let Some(unit) = unit {
        kinds.push(TEXT);
        // A string view: the plain texts of one batch could have any size.
        arguments.push(cast(unit, TEXT));
    }
    let function = VarianceDisclosureAggregate {
        by_unit,
        signature: Signature::exact(kinds, Volatility::Immutable),
    };
    Expr::AggregateFunction(AggregateFunction::new_udf(
        Arc::new(AggregateUDF::from(function)),
        arguments,
        false,
        None,
        vec![],
        None,
    ))
}

/// Number of removed units.
const OUT: usize = 3;

/// Required remaining part of the squares: a tenth, with a margin for rounding.
const LEFT: f64 = 0.099_999_999_9;

/// Relative deviation from the mean below which values count as equal.
const ALIKE: f64 = 1e-12;

/// Largest number of units for which every choice is tested; for more units a bound covers all choices.
const FEW: usize = 12;

#[derive(Debug, PartialEq, Eq, Hash)]
struct VarianceDisclosureAggregate {
    by_unit: bool,
    signature: Signature,
}

impl AggregateUDFImpl for VarianceDisclosureAggregate {
    fn name(&self) -> &'static str {
        "narrow"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _arguments: &[DataType]) -> Result<DataType> {
        Ok(DataType::Boolean)
    }

    fn accumulator(&self, _args: AccumulatorArgs<'_>) -> Result<Box<dyn Accumulator>> {
        Ok(Box::new(VarianceDisclosureAccumulator::new(self.by_unit)))
    }

    fn state_fields(&self, args: StateFieldsArgs<'_>) -> Result<Vec<FieldRef>> {
        let list = |name: &str, kind| {
            let item = Field::new_list_field(kind, true);
            let name = format!("{}[{name}]", args.name);
            Arc::new(Field::new(name, DataType::List(Arc::new(item)), true))
        };
        Ok(vec![
            list("units", DataType::Utf8),
            list("counts", DataType::Float64),
            list("means", DataType::Float64),
            list("squares", DataType::Float64),
        ])
    }
}

/// Values by unit. Without a unit column, all values together and the extreme values at both ends.
#[derive(Debug)]
struct VarianceDisclosureAccumulator {
    by_unit: bool,
    of: HashMap<Option<String>, Moments>,
    single: Moments,
    ends: Vec<f64>,
    bytes: usize,
}

impl VarianceDisclosureAccumulator {
    fn new(by_unit: bool) -> Self {
        Self {
            by_unit,
            of: HashMap::new(),
            single: Moments::default(),
            ends: Vec::new(),
            bytes: 0,
        }
    }

    fn add_unit_value(&mut self, unit: Option<&str>, value: Moments) {
        match self.of.get_mut(&unit.map(str::to_owned)) {
            Some(part) => part.add(value),
            None => {
                let length = unit.map_or(0, str::len);
                self.bytes = self.bytes.saturating_add(length.saturating_add(96));
                self.of.insert(unit.map(str::to_owned), value);
            }
        }
    }

    fn insert_end(&mut self, value: f64) {
        let at = self
            .ends
            .partition_point(|known| known.total_cmp(&value).is_lt());
        self.ends.insert(at, value);
        if self.ends.len() > OUT * 2 {
            self.ends.remove(OUT);
        }
    }

    fn is_narrow(&self) -> bool {
        let mut all = self.single;
        let mut parts: Vec<Moments> = self.of.values().copied().collect();
        // A fixed order, since the last digit must not make the result depend on the order of the table.
        parts.sort_by(Moments::total_cmp);
        for part in &parts {
            all.add(*part);
        }
        let units: Vec<Moments> = if self.by_unit {
            parts
        } else {
            self.ends.iter().map(|end| Moments::of(*end)).collect()
        };
        let apart = all.mean * ALIKE;
        let wide = all.squares > all.count * apart * apart;
        // NaN satisfies no comparison, so the variance is withheld.
        !(wide && remaining_deviation(&all, &units) >= all.squares * LEFT)
    }
}

/// Remaining squared deviations after the removal of the three units that leave the least, or a lower bound of them.
fn remaining_deviation(all: &Moments, units: &[Moments]) -> f64 {
    // Decrease of the squares by the removal of a unit, apart from the shift of the mean.
    let parts: Vec<(f64, f64, f64)> = units
        .iter()
        .map(|unit| {
            let moved = unit.count * (unit.mean - all.mean);
            let squares = unit.squares + moved * (unit.mean - all.mean);
            (unit.count, moved, squares)
        })
        .collect();
    let without = |count: f64, moved: f64, squares: f64| -> f64 {
        let left = all.count - count;
        if left < 1.0 {
            return 0.0;
        }
        all.squares - squares - moved * moved / left
    };
    if parts.len() > FEW {
        let most = |of: &dyn Fn(&(f64, f64, f64)) -> f64| -> f64 {
            let mut sizes: Vec<f64> = parts.iter().map(of).collect();
            sizes.sort_by(|one, other| other.total_cmp(one));
            sizes.iter().take(OUT).sum()
        };
        let up = most(&|part| part.1.max(0.0));
        let down = most(&|part| (-part.1).max(0.0));
        return without(most(&|part| part.0), up.max(down), most(&|part| part.2));
    }
    let mut least = f64::INFINITY;
    for (first, one) in parts.iter().enumerate() {
        for (second, two) in parts.iter().enumerate().skip(first.saturating_add(1)) {
            for three in parts.iter().skip(second.saturating_add(1)) {
                let left = without(
                    one.0 + two.0 + three.0,
                    one.1 + two.1 + three.1,
                    one.2 + two.2 + three.2,
                );
                if left.is_nan() {
                    return 0.0;
                }
                least = least.min(left);
            }
        }
    }
    if least.is_finite() { least } else { 0.0 }
}

impl Accumulator for VarianceDisclosureAccumulator {
    fn update_batch(&mut self, columns: &[ArrayRef]) -> Result<()> {
        let (values, units) = match columns {
            [values] => (values, None),
            [values, units] => (values, Some(units)),
            _ => return exec_err!("a value, and its unit"),
        };
        let Some(values) = values.as_primitive_opt::<Float64Type>() else {
            return exec_err!("floating-point numbers");
        };
        let Some(units) = units else {
            for value in values.iter().flatten() {
                self.single.add(Moments::of(value));
                self.insert_end(value);
            }
            return Ok(());
        };
        let Some(units) = units.as_string_view_opt() else {
            return exec_err!("units are texts");
        };
        for (unit, value) in units.iter().zip(values) {
            if let Some(value) = value {
                self.add_unit_value(unit, Moments::of(value));
            }
        }
        Ok(())
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        Ok(ScalarValue::Boolean(Some(self.is_narrow())))
    }

    fn size(&self) -> usize {
        size_of_val(self)
            .saturating_add(self.bytes)
            .saturating_add(128)
    }

    /// Units with their values; without units, all values together and then the extreme values.
    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        let mut units = ListBuilder::new(StringBuilder::new());
        let mut numbers: [ListBuilder<Float64Builder>; 3] =
            std::array::from_fn(|_| ListBuilder::new(Float64Builder::new()));
        let mut push = |unit: Option<&str>, of: Moments| {
            units.values().append_option(unit);
            for (list, number) in numbers.iter_mut().zip([of.count, of.mean, of.squares]) {
                list.values().append_value(number);
            }
        };
        for (unit, of) in &self.of {
            push(unit.as_deref(), *of);
        }
        if !self.by_unit {
            push(None, self.single);
            for end in &self.ends {
                push(None, Moments::of(*end));
            }
        }
        units.append(true);
        let mut state = vec![ScalarValue::List(Arc::new(units.finish()))];
        for mut list in numbers {
            list.append(true);
            state.push(ScalarValue::List(Arc::new(list.finish())));
        }
        Ok(state)
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        let [units, numbers @ ..] = states else {
            return exec_err!("four states");
        };
        let units = units.as_list::<i32>();
        for (row, units) in units.iter().enumerate() {
            let Some(units) = units else { continue };
            let [counts, means, squares] = numbers else {
                return exec_err!("four states");
            };
            let of = |list: &ArrayRef| list.as_list::<i32>().value(row);
            let numbers = [counts, means, squares].map(of);
            let [counts, means, squares] = numbers
                .each_ref()
                .map(|list| list.as_primitive::<Float64Type>());
            let parts = counts.values().iter().zip(means.values());
            let parts = parts.zip(squares.values());
            for (at, ((count, mean), squares)) in parts.enumerate() {
                let part = Moments {
                    count: *count,
                    mean: *mean,
                    squares: *squares,
                };
                if self.by_unit {
                    let units = units.as_string::<i32>();
                    self.add_unit_value(units.is_valid(at).then(|| units.value(at)), part);
                } else if at == 0 {
                    self.single.add(part);
                } else {
                    self.insert_end(part.mean);
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
