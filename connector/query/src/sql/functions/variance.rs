//! Variance, standard deviation, covariance and correlation that do not depend on row order. They are computed from sums without
//! rounding (`hansa_enforcement::power_sums`). Names and types are those of the engine.

mod whole_numbers;

use self::whole_numbers::{DistinctWholeNumbers, UnitOutput, WholeNumbers, is_whole};
use super::reproducible_aggregate::{
    DistinctValueAccumulator, SummaryAccumulator, SummaryGroupsAccumulator, SummaryOutput,
    distinct_field, state_field,
};
use datafusion::arrow::datatypes::{DataType, FieldRef};
use datafusion_common::{Result, plan_err};
use datafusion_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion_expr::utils::AggregateOrderSensitivity;
use datafusion_expr::{
    Accumulator, AggregateUDF, AggregateUDFImpl, GroupsAccumulator, ReversedUDAF, Signature,
    Volatility,
};
use hansa_enforcement::power_sums::{PowerSums, ScaledNumber};
use std::sync::Arc;

/// Replacement of the engine's function, if it is one of these.
pub(super) fn replacement_function(engine: &Arc<AggregateUDF>) -> Option<Arc<AggregateUDF>> {
    let of = match engine.name() {
        "var" => VarianceFormula::Square(|all| sample_covariance(all, 0).map(ScaledNumber::value)),
        "var_pop" => {
            VarianceFormula::Square(|all| population_covariance(all, 0).map(ScaledNumber::value))
        }
        "stddev" => VarianceFormula::Root(|all| sample_covariance(all, 0).map(ScaledNumber::root)),
        "stddev_pop" => {
            VarianceFormula::Root(|all| population_covariance(all, 0).map(ScaledNumber::root))
        }
        "covar_samp" => {
            VarianceFormula::Pairs(|all| sample_covariance(all, 1).map(ScaledNumber::value))
        }
        "covar_pop" => {
            VarianceFormula::Pairs(|all| population_covariance(all, 1).map(ScaledNumber::value))
        }
        "corr" => VarianceFormula::Pairs(compute_correlation),
        _ => return None,
    };
    let signature = match of {
        VarianceFormula::Square(_) | VarianceFormula::Root(_) => {
            Signature::user_defined(Volatility::Immutable)
        }
        VarianceFormula::Pairs(_) => engine.signature().clone(),
    };
    Some(Arc::new(AggregateUDF::from(VarianceFunction {
        inner: Arc::clone(engine),
        signature,
        of: VarianceComputation(of),
    })))
}

/// Sample covariance of the first number with another, or its variance.
fn sample_covariance<const N: usize>(all: &PowerSums<N>, other: usize) -> Option<ScaledNumber> {
    let count = all.count();
    (count > 1.0).then(|| {
        all.scaled_deviation(0, other)
            .multiply_by_number(count - 1.0)
    })
}

/// Population covariance of the first number with another, or its variance.
fn population_covariance<const N: usize>(all: &PowerSums<N>, other: usize) -> Option<ScaledNumber> {
    let count = all.count();
    (count > 0.0).then(|| all.scaled_deviation(0, other).multiply_by_number(count))
}

/// Correlation; `None` for fewer than two rows or a constant number.
fn compute_correlation(all: &PowerSums<2>) -> Option<f64> {
    if all.count() <= 1.0 {
        return None;
    }
    all.scaled_deviation(0, 1)
        .by_roots(all.scaled_deviation(0, 0), all.scaled_deviation(1, 1))
}

#[derive(Debug, Clone, Copy)]
enum VarianceFormula {
    /// Result in squares of the number's unit.
    Square(SummaryOutput<PowerSums<1>>),
    /// Result in the number's unit.
    Root(SummaryOutput<PowerSums<1>>),
    Pairs(SummaryOutput<PowerSums<2>>),
}

impl VarianceFormula {
    /// Output for values of the type `kind`, which are integers of a unit.
    const fn tell_units(self, kind: &DataType) -> Option<UnitOutput> {
        let (output, power) = match self {
            Self::Square(output) => (output, 2),
            Self::Root(output) => (output, 1),
            Self::Pairs(_) => return None,
        };
        let scale = match kind {
            DataType::Decimal128(_, scale) => *scale,
            _ => 0,
        };
        Some(UnitOutput {
            output,
            power,
            scale,
        })
    }
}

/// Function with the formula of the engine's function of this name.
#[derive(Debug, Clone, Copy)]
struct VarianceComputation(VarianceFormula);

#[derive(Debug)]
struct VarianceFunction {
    inner: Arc<AggregateUDF>,
    signature: Signature,
    of: VarianceComputation,
}

impl VarianceFunction {
    /// Output for these arguments, if they are integers of a unit.
    fn find_unit_output(&self, fields: &[FieldRef]) -> Option<UnitOutput> {
        match fields {
            [field] if is_whole(field.data_type()) => self.of.0.tell_units(field.data_type()),
            _ => None,
        }
    }
}

impl PartialEq for VarianceFunction {
    fn eq(&self, other: &Self) -> bool {
        self.inner == other.inner
    }
}

impl Eq for VarianceFunction {}

impl std::hash::Hash for VarianceFunction {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.inner.hash(state);
    }
}

impl AggregateUDFImpl for VarianceFunction {
    fn name(&self) -> &str {
        self.inner.name()
    }

    fn aliases(&self) -> &[String] {
        self.inner.aliases()
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _arguments: &[DataType]) -> Result<DataType> {
        Ok(DataType::Float64)
    }

    fn coerce_types(&self, arguments: &[DataType]) -> Result<Vec<DataType>> {
        match arguments {
            [kind] if is_whole(kind) => Ok(vec![kind.clone()]),
            [kind] if kind.is_numeric() || kind.is_null() => Ok(vec![DataType::Float64]),
            _ => plan_err!("`{}` takes one number", self.name()),
        }
    }

    fn accumulator(&self, args: AccumulatorArgs<'_>) -> Result<Box<dyn Accumulator>> {
        if let Some(output) = self.find_unit_output(args.expr_fields) {
            return Ok(match args.is_distinct {
                true => Box::new(DistinctWholeNumbers::new(output)),
                false => Box::new(WholeNumbers::new(output)),
            });
        }
        Ok(match self.of.0 {
            VarianceFormula::Square(output) | VarianceFormula::Root(output) => {
                match args.is_distinct {
                    true => Box::new(DistinctValueAccumulator::new(output)),
                    false => Box::new(SummaryAccumulator::new(output)),
                }
            }
            VarianceFormula::Pairs(_) if args.is_distinct => {
                return plan_err!("`{}` takes no DISTINCT", self.name());
            }
            VarianceFormula::Pairs(output) => Box::new(SummaryAccumulator::new(output)),
        })
    }

    fn create_sliding_accumulator(
        &self,
        args: AccumulatorArgs<'_>,
    ) -> Result<Box<dyn Accumulator>> {
        self.accumulator(args)
    }

    fn state_fields(&self, args: StateFieldsArgs<'_>) -> Result<Vec<FieldRef>> {
        Ok(
            match (args.is_distinct, self.find_unit_output(args.input_fields)) {
                (true, Some(_)) => whole_numbers::make_distinct_field(args.name),
                (true, None) => distinct_field(args.name),
                (false, _) => state_field(args.name),
            },
        )
    }

    fn groups_accumulator_supported(&self, args: AccumulatorArgs<'_>) -> bool {
        !args.is_distinct && self.find_unit_output(args.expr_fields).is_none()
    }

    fn create_groups_accumulator(
        &self,
        _args: AccumulatorArgs<'_>,
    ) -> Result<Box<dyn GroupsAccumulator>> {
        Ok(match self.of.0 {
            VarianceFormula::Square(output) | VarianceFormula::Root(output) => {
                Box::new(SummaryGroupsAccumulator::new(output))
            }
            VarianceFormula::Pairs(output) => Box::new(SummaryGroupsAccumulator::new(output)),
        })
    }

    fn reverse_expr(&self) -> ReversedUDAF {
        ReversedUDAF::Identical
    }

    fn order_sensitivity(&self) -> AggregateOrderSensitivity {
        AggregateOrderSensitivity::Insensitive
    }
}
