//! How far values are from their mean: the sum of the squares, put together from parts without the cancellation that a sum of
//! squares less a square of sums has (Chan, Golub and LeVeque).

use datafusion_common::arrow::array::{ArrayRef, AsArray};
use datafusion_common::arrow::datatypes::{DataType, Field, FieldRef, Float64Type};
use datafusion_common::{Result, ScalarValue, exec_err};
use datafusion_expr::expr::AggregateFunction;
use datafusion_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion_expr::{
    Accumulator, AggregateUDF, AggregateUDFImpl, Expr, Signature, Volatility, cast,
};
use std::sync::Arc;

/// The sum of the squares of what the values are from their mean; NULL of no values.
#[must_use]
pub fn squares(value: Expr) -> Expr {
    call(Way::Values, vec![value])
}

/// The same of groups that are put together: of each how many values it has, their sum, and its own [`squares`].
#[must_use]
pub fn merged(count: Expr, sum: Expr, squares: Expr) -> Expr {
    call(Way::Groups, vec![count, sum, squares])
}

fn call(way: Way, arguments: Vec<Expr>) -> Expr {
    let kinds = vec![DataType::Float64; arguments.len()];
    let function = Squares {
        way,
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
enum Way {
    Values,
    Groups,
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Squares {
    way: Way,
    signature: Signature,
}

impl AggregateUDFImpl for Squares {
    fn name(&self) -> &'static str {
        match self.way {
            Way::Values => "squares",
            Way::Groups => "squares_of_groups",
        }
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _arguments: &[DataType]) -> Result<DataType> {
        Ok(DataType::Float64)
    }

    fn accumulator(&self, _args: AccumulatorArgs<'_>) -> Result<Box<dyn Accumulator>> {
        Ok(Box::new(Spread {
            way: self.way,
            of: Moments::default(),
        }))
    }

    fn state_fields(&self, args: StateFieldsArgs<'_>) -> Result<Vec<FieldRef>> {
        let field = |name: &str| {
            let name = format!("{}[{name}]", args.name);
            Arc::new(Field::new(name, DataType::Float64, true))
        };
        Ok(vec![field("count"), field("mean"), field("squares")])
    }
}

/// How many values there are, their mean, and the squares of what they are from it.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Moments {
    pub(crate) count: f64,
    pub(crate) mean: f64,
    pub(crate) squares: f64,
}

impl Moments {
    /// Of one value.
    pub(crate) const fn of(value: f64) -> Self {
        Self {
            count: 1.0,
            mean: value,
            squares: 0.0,
        }
    }

    /// Together with others.
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

/// What is known of the values so far.
#[derive(Debug)]
struct Spread {
    way: Way,
    of: Moments,
}

impl Spread {
    fn groups(&mut self, columns: &[ArrayRef], is_mean: bool) -> Result<()> {
        let [counts, middles, squares] = columns else {
            return exec_err!("three columns");
        };
        let float = |column: &ArrayRef| column.as_primitive_opt::<Float64Type>().cloned();
        let (Some(counts), Some(middles), Some(squares)) =
            (float(counts), float(middles), float(squares))
        else {
            return exec_err!("floating-point numbers");
        };
        for ((count, middle), squares) in counts.iter().zip(&middles).zip(&squares) {
            let (Some(count), Some(middle), Some(squares)) = (count, middle, squares) else {
                continue;
            };
            let mean = if is_mean { middle } else { middle / count };
            self.of.add(Moments {
                count,
                mean,
                squares,
            });
        }
        Ok(())
    }
}

impl Accumulator for Spread {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        if self.way == Way::Groups {
            return self.groups(values, false);
        }
        let values = values.first();
        let Some(values) = values.and_then(|one| one.as_primitive_opt::<Float64Type>()) else {
            return exec_err!("floating-point numbers");
        };
        for value in values.iter().flatten() {
            self.of.add(Moments::of(value));
        }
        Ok(())
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        let told = (self.of.count > 0.0).then_some(self.of.squares);
        Ok(ScalarValue::Float64(told))
    }

    fn size(&self) -> usize {
        size_of_val(self)
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        let parts = [self.of.count, self.of.mean, self.of.squares];
        Ok(parts.map(ScalarValue::from).to_vec())
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        self.groups(states, true)
    }
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

    #[test]
    fn groups_are_put_together_without_loss() {
        // Far from zero and close together: a sum of squares less a square of sums has no digit of this.
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
