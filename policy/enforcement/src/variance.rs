//! Sum of squared deviations from the mean, merged from parts without the cancellation of "sum of squares less square of sums"
//! (Chan, Golub and LeVeque).

use crate::power_sums::PowerSums;
use datafusion_common::arrow::array::{ArrayRef, AsArray, Float64Array};
use datafusion_common::arrow::datatypes::{DataType, Field, FieldRef, Float64Type};
use datafusion_common::{Result, ScalarValue, exec_err};
use datafusion_expr::expr::AggregateFunction;
use datafusion_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion_expr::{
    Accumulator, AggregateUDF, AggregateUDFImpl, Expr, Signature, Volatility, cast,
};
use std::cmp::Ordering;
use std::sync::Arc;

/// Expression for the sum of squared deviations of the values from their mean; NULL for no values.
#[must_use]
pub fn squared_deviation_expr(value: Expr) -> Expr {
    deviation_call(AccumulatorMode::Values, vec![value])
}

/// Expression for the sum of squared deviations of merged groups: of each group the number of values, their sum and its own
/// [`squared_deviation_expr`].
#[must_use]
pub fn merge_squares(count: Expr, sum: Expr, squares: Expr) -> Expr {
    deviation_call(AccumulatorMode::Groups, vec![count, sum, squares])
}

fn deviation_call(mode: AccumulatorMode, arguments: Vec<Expr>) -> Expr {
    let kinds = vec![DataType::Float64; arguments.len()];
    let function = SquaredDeviationAggregate {
        mode,
        signature: Signature::exact(kinds, Volatility::Immutable),
    };
    let arguments = arguments.into_iter();
    let arguments = arguments.map(|one| cast(one, DataType::Float64)).collect();
    Expr::AggregateFunction(AggregateFunction::new_udf(
        Arc::new(AggregateUDF::from(function)),
        arguments,
        false,
        None,
        vec![],
        None,
    ))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum AccumulatorMode {
    Values,
    Groups,
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct SquaredDeviationAggregate {
    mode: AccumulatorMode,
    signature: Signature,
}

impl AggregateUDFImpl for SquaredDeviationAggregate {
    fn name(&self) -> &'static str {
        match self.mode {
            AccumulatorMode::Values => "squares",
            AccumulatorMode::Groups => "squares_of_groups",
        }
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _arguments: &[DataType]) -> Result<DataType> {
        Ok(DataType::Float64)
    }

    fn accumulator(&self, _args: AccumulatorArgs<'_>) -> Result<Box<dyn Accumulator>> {
        Ok(match self.mode {
            AccumulatorMode::Values => Box::new(VarianceAccumulator(PowerSums::default())),
            AccumulatorMode::Groups => Box::new(VarianceMergeAccumulator(Vec::new())),
        })
    }

    fn state_fields(&self, args: StateFieldsArgs<'_>) -> Result<Vec<FieldRef>> {
        let name = format!("{}[moments]", args.name);
        Ok(vec![Arc::new(Field::new(name, DataType::Binary, true))])
    }
}

/// Number of values, their mean, and the sum of squared deviations.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Moments {
    pub(crate) count: f64,
    pub(crate) mean: f64,
    pub(crate) squares: f64,
}

impl Moments {
    /// Moments of one value.
    pub(crate) const fn of(value: f64) -> Self {
        Self {
            count: 1.0,
            mean: value,
            squares: 0.0,
        }
    }

    /// Total order, so that merging has a fixed order.
    pub(crate) fn total_cmp(&self, other: &Self) -> Ordering {
        let by = |of: fn(&Self) -> f64| of(self).total_cmp(&of(other));
        by(|of| of.mean)
            .then_with(|| by(|of| of.count))
            .then_with(|| by(|of| of.squares))
    }

    /// Merges the moments of further values.
    pub(crate) fn add(&mut self, other: Self) {
        if other.count <= 0.0 {
            return;
        }
        let all = self.count + other.count;
        let apart = other.mean - self.mean;
        self.squares += other.squares + apart * apart * self.count * other.count / all;
        self.mean += apart * other.count / all;
        self.count = all;
    }
}

/// Accumulator of values.
#[derive(Debug)]
struct VarianceAccumulator(PowerSums<1>);

impl Accumulator for VarianceAccumulator {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        let [values] = values else {
            return exec_err!("one column");
        };
        for value in float_column(values)?.iter().flatten() {
            self.0.add([value]);
        }
        Ok(())
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        let squares = self.0.deviation(0, 0);
        // An overflow counts as NaN, so that no comparison can admit it.
        let squares = if squares.is_finite() {
            squares
        } else {
            f64::NAN
        };
        let reported = (self.0.count() > 0.0).then_some(squares);
        Ok(ScalarValue::Float64(reported))
    }

    fn size(&self) -> usize {
        size_of_val(self) + self.0.heap_bytes()
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        Ok(vec![ScalarValue::Binary(self.0.write())])
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        for state in state_bytes(states)? {
            if self.0.merge(state).is_none() {
                return exec_err!("a state of `squares`");
            }
        }
        Ok(())
    }
}

/// Accumulator of groups. They are merged at the end in a fixed order, since the order of arrival is that of the rows and would
/// show in the last digit.
#[derive(Debug)]
struct VarianceMergeAccumulator(Vec<Moments>);

impl VarianceMergeAccumulator {
    /// Moments of all groups together.
    fn merge_groups(&mut self) -> Moments {
        self.0.sort_by(|one, other| {
            let order = one.count.total_cmp(&other.count);
            order
                .then(one.mean.total_cmp(&other.mean))
                .then(one.squares.total_cmp(&other.squares))
        });
        let mut whole = Moments::default();
        for one in &self.0 {
            whole.add(*one);
        }
        whole
    }
}

impl Accumulator for VarianceMergeAccumulator {
    fn update_batch(&mut self, columns: &[ArrayRef]) -> Result<()> {
        let [counts, sums, squares] = columns else {
            return exec_err!("three columns");
        };
        let (counts, sums, squares) = (
            float_column(counts)?,
            float_column(sums)?,
            float_column(squares)?,
        );
        for ((count, sum), squares) in counts.iter().zip(sums).zip(squares) {
            if let (Some(count), Some(sum), Some(squares)) = (count, sum, squares) {
                self.0.push(Moments {
                    count,
                    mean: sum / count,
                    squares,
                });
            }
        }
        Ok(())
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        let whole = self.merge_groups();
        let reported = (whole.count > 0.0).then_some(whole.squares);
        Ok(ScalarValue::Float64(reported))
    }

    fn size(&self) -> usize {
        size_of_val(self) + self.0.capacity() * size_of::<Moments>()
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        let parts = self.0.iter();
        let parts = parts.flat_map(|one| [one.count, one.mean, one.squares]);
        let bytes = parts.flat_map(f64::to_le_bytes).collect();
        Ok(vec![ScalarValue::Binary(Some(bytes))])
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        for state in state_bytes(states)? {
            let numbers = state.as_chunks::<8>().0.iter();
            let numbers: Vec<f64> = numbers.map(|bytes| f64::from_le_bytes(*bytes)).collect();
            let moments = numbers.as_chunks::<3>().0.iter();
            self.0.extend(moments.map(|[count, mean, squares]| Moments {
                count: *count,
                mean: *mean,
                squares: *squares,
            }));
        }
        Ok(())
    }
}

fn float_column(column: &ArrayRef) -> Result<&Float64Array> {
    let floats = column.as_primitive_opt::<Float64Type>();
    floats.map_or_else(|| exec_err!("floating-point numbers"), Ok)
}

/// States written by other partitions.
fn state_bytes(states: &[ArrayRef]) -> Result<impl Iterator<Item = &[u8]>> {
    let states = states.first().and_then(|one| one.as_binary_opt::<i32>());
    let Some(states) = states else {
        return exec_err!("bytes");
    };
    Ok(states.iter().flatten())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(values: &[f64]) -> Moments {
        let mut all = Moments::default();
        for value in values {
            all.add(Moments::of(*value));
        }
        all
    }

    /// Sum of squares of the values, after a check that merging parts of three gives an equal one.
    fn reported_variance(values: &[f64]) -> Option<f64> {
        let column = |values: &[f64]| -> ArrayRef { Arc::new(Float64Array::from(values.to_vec())) };
        let mut whole = VarianceAccumulator(PowerSums::default());
        whole.update_batch(&[column(values)]).unwrap();
        let mut parts = VarianceAccumulator(PowerSums::default());
        for part in values.chunks(3).rev().chain([&[][..]]) {
            let mut one = VarianceAccumulator(PowerSums::default());
            one.update_batch(&[column(part)]).unwrap();
            let state = one.state().unwrap()[0].to_array().unwrap();
            parts.merge_batch(&[state]).unwrap();
        }
        let report = |values: &mut VarianceAccumulator| match values.evaluate().unwrap() {
            ScalarValue::Float64(reported) => reported,
            other => panic!("{other}"),
        };
        let (whole, parts) = (report(&mut whole), report(&mut parts));
        assert_eq!(whole.map(f64::to_bits), parts.map(f64::to_bits));
        whole
    }

    #[test]
    fn squares_of_values_are_exact_and_none_where_they_are_no_number() {
        assert_eq!(reported_variance(&[]), None);
        assert_eq!(reported_variance(&[1e9, 1e9 + 1.0, 1e9 + 2.0]), Some(2.0));
        assert_eq!(reported_variance(&[1e15, -1e15]), Some(2e30));
        assert_eq!(reported_variance(&[1e-3; 1000]), Some(0.0));
        assert_eq!(
            reported_variance(&[3e100, 3e100, 0.0, 3e100]),
            Some(9e200 / 4.0 * 3.0)
        );
        // Equal numbers whose squares overflow.
        assert_eq!(reported_variance(&[1e200; 5]), Some(0.0));
        for odd in [f64::NAN, f64::INFINITY, 1e200] {
            assert!(
                reported_variance(&[1.0, odd, 2.0]).unwrap().is_nan(),
                "{odd}"
            );
        }
    }

    /// The last digit does not depend on the order of the groups or on the order of merging.
    #[test]
    fn groups_are_put_together_alike_in_every_order() {
        let groups: Vec<[f64; 3]> = (0..40_u32)
            .map(|at| {
                let at = f64::from(at * 7919 % 101);
                [at + 1.0, (at * 0.3).sin() * 1e3, at / 7.0]
            })
            .collect();
        let column = |rows: &[[f64; 3]], at: usize| -> ArrayRef {
            Arc::new(Float64Array::from_iter_values(
                rows.iter().map(|row| row[at]),
            ))
        };
        let fresh = || VarianceMergeAccumulator(Vec::new());
        let part = |rows: &[[f64; 3]]| {
            let mut part = fresh();
            let columns = [0, 1, 2].map(|at| column(rows, at));
            part.update_batch(&columns).unwrap();
            part.state().unwrap()[0].to_array().unwrap()
        };
        let mut reported = Vec::new();
        for turn in 0..groups.len() {
            let mut turned = groups.clone();
            turned.rotate_left(turn);
            let (one, other) = turned.split_at(turn);
            let mut whole = fresh();
            for rows in [other, one] {
                whole.merge_batch(&[part(rows)]).unwrap();
            }
            reported.push(whole.evaluate().unwrap());
        }
        assert!(
            reported.iter().all(|one| *one == reported[0]),
            "{reported:?}"
        );
        // Merging in the order of arrival gives differences, so the test is sensitive.
        let as_they_come = |rows: &[[f64; 3]]| {
            let mut all = Moments::default();
            for [count, sum, squares] in rows {
                all.add(Moments {
                    count: *count,
                    mean: sum / count,
                    squares: *squares,
                });
            }
            all.squares
        };
        let mut back = groups.clone();
        back.reverse();
        assert_ne!(
            as_they_come(&groups).to_bits(),
            as_they_come(&back).to_bits()
        );
    }

    #[test]
    fn groups_are_put_together_without_loss() {
        // Far from zero and close together: the sum of squares less the square of sums has no correct digit here.
        let values: Vec<f64> = (0..60).map(|at| 1e9 + f64::from(at % 7)).collect();
        let mean: f64 = values.iter().map(|value| value - 1e9).sum::<f64>() / 60.0;
        let exact: f64 = values
            .iter()
            .map(|value| (value - 1e9 - mean).powi(2))
            .sum();
        let whole = of(&values).squares;
        let mut parts = of(&[]);
        for part in values.chunks(11) {
            parts.add(of(part));
        }
        parts.add(Moments {
            mean: f64::NAN,
            ..Moments::default()
        });
        for found in [whole, parts.squares] {
            assert!((found - exact).abs() < 1e-7 * exact, "{found} of {exact}");
        }
    }
}
