//! Whether a variance would tell single values: an aggregate over pairs of unit and value.
//!
//! Beside number `n` and sum, a variance tells the squares of what the values are from their mean. That they are 0 tells all
//! values. Where one unit differs from others that are alike, that unit and the others follow at any `n`: of values that are
//! not negative the squares are then as large as the sum allows. And whoever knows values takes them out of all three
//! numbers, and is told the same of those that are left.
//!
//! So a variance is told where, whichever three units are taken out, the rest is apart from its own mean by at least a tenth
//! of all squares: whoever knows the values of up to two units can't be told those of a third, for they are one of many
//! ways in which the others, which are not alike, can be apart. Of four known units nothing is promised; no rule that looks
//! at one cell could promise it for all.

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

/// Whether the variance of the cell's values must be withheld. Without a unit each value is one of its own. NULL values count
/// for nothing; rows without a unit count together as one.
#[must_use]
pub fn variance_disclosure(unit: Option<Expr>, value: Expr) -> Expr {
    let mut kinds = vec![DataType::Float64];
    let mut arguments = vec![cast(value, DataType::Float64)];
    let by_unit = unit.is_some();
    if let Some(unit) = unit {
        kinds.push(TEXT);
        // A view: written out, the units of one batch have no bound.
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

/// Units that are taken out.
const OUT: usize = 3;

/// The part of the squares that must be left: a tenth, but for rounding.
const LEFT: f64 = 0.099_999_999_9;

/// Values that differ from their mean by less than this share of it are the same.
const ALIKE: f64 = 1e-12;

/// Of so many units each choice is looked at; of more, a bound for all choices.
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
        Ok(Box::new(VarianceDisclosureAccumulator::of(self.by_unit)))
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

/// The values by their units; of values without a unit, all together and those at either end.
#[derive(Debug)]
struct VarianceDisclosureAccumulator {
    by_unit: bool,
    of: HashMap<Option<String>, Moments>,
    single: Moments,
    ends: Vec<f64>,
    bytes: usize,
}

impl VarianceDisclosureAccumulator {
    fn of(by_unit: bool) -> Self {
        Self {
            by_unit,
            of: HashMap::new(),
            single: Moments::default(),
            ends: Vec::new(),
            bytes: 0,
        }
    }

    fn unit(&mut self, unit: Option<&str>, value: Moments) {
        match self.of.get_mut(&unit.map(str::to_owned)) {
            Some(part) => part.add(value),
            None => {
                let length = unit.map_or(0, str::len);
                self.bytes = self.bytes.saturating_add(length.saturating_add(96));
                self.of.insert(unit.map(str::to_owned), value);
            }
        }
    }

    fn end(&mut self, value: f64) {
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
        // In an order of their own, whatever that of the table is: the last digit must not decide now so and now otherwise.
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
        // What is no number passes no comparison.
        !(wide && rest(&all, &units) >= all.squares * LEFT)
    }
}

/// What is left of the squares, around the mean of what is left, when those three units are taken out that leave least; or
/// less than that.
fn rest(all: &Moments, units: &[Moments]) -> f64 {
    // How much less there is of all when a unit goes, beside what the mean then moves by.
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
                self.end(value);
            }
            return Ok(());
        };
        let Some(units) = units.as_string_view_opt() else {
            return exec_err!("units are texts");
        };
        for (unit, value) in units.iter().zip(values) {
            if let Some(value) = value {
                self.unit(unit, Moments::of(value));
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

    /// The units, each with its values; or, where there are none, all values together and then the ends.
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
                    self.unit(units.is_valid(at).then(|| units.value(at)), part);
                } else if at == 0 {
                    self.single.add(part);
                } else {
                    self.end(part.mean);
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
