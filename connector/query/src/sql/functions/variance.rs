//! Variance, standard deviation, covariance and correlation of which no digit tells of the order of the rows: they are made of
//! sums without rounding (`hansa_enforcement::power_sums`). Names and types are those of the engine.

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
};
use hansa_enforcement::power_sums::{PowerSums, ScaledNumber};
use std::sync::Arc;

/// The function in the place of the engine's, where it is one of these.
pub(super) fn instead_of(engine: &Arc<AggregateUDF>) -> Option<Arc<AggregateUDF>> {
    let of = match engine.name() {
        "var" => VarianceFormula::Numbers(|all| sample(all, 0).map(ScaledNumber::value)),
        "var_pop" => VarianceFormula::Numbers(|all| population(all, 0).map(ScaledNumber::value)),
        "stddev" => VarianceFormula::Numbers(|all| sample(all, 0).map(ScaledNumber::root)),
        "stddev_pop" => VarianceFormula::Numbers(|all| population(all, 0).map(ScaledNumber::root)),
        "covar_samp" => VarianceFormula::Pairs(|all| sample(all, 1).map(ScaledNumber::value)),
        "covar_pop" => VarianceFormula::Pairs(|all| population(all, 1).map(ScaledNumber::value)),
        "corr" => VarianceFormula::Pairs(correlation),
        _ => return None,
    };
    Some(Arc::new(AggregateUDF::from(VarianceFunction {
        inner: Arc::clone(engine),
        of: VarianceComputation(of),
    })))
}

/// Of the first number with another, or with itself.
fn sample<const N: usize>(all: &PowerSums<N>, other: usize) -> Option<ScaledNumber> {
    let count = all.count();
    (count > 1.0).then(|| all.scaled(0, other).by(count - 1.0))
}

/// Of the first number with another, or with itself.
fn population<const N: usize>(all: &PowerSums<N>, other: usize) -> Option<ScaledNumber> {
    let count = all.count();
    (count > 0.0).then(|| all.scaled(0, other).by(count))
}

/// None of fewer than two rows, and where one of the numbers is always the same.
fn correlation(all: &PowerSums<2>) -> Option<f64> {
    if all.count() <= 1.0 {
        return None;
    }
    all.scaled(0, 1)
        .by_roots(all.scaled(0, 0), all.scaled(1, 1))
}

#[derive(Debug, Clone, Copy)]
enum VarianceFormula {
    Numbers(SummaryOutput<PowerSums<1>>),
    Pairs(SummaryOutput<PowerSums<2>>),
}

/// What is computed; which, the engine's function beside it says.
#[derive(Debug, Clone, Copy)]
struct VarianceComputation(VarianceFormula);

#[derive(Debug)]
struct VarianceFunction {
    inner: Arc<AggregateUDF>,
    of: VarianceComputation,
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
        self.inner.signature()
    }

    fn return_type(&self, _arguments: &[DataType]) -> Result<DataType> {
        Ok(DataType::Float64)
    }

    fn accumulator(&self, args: AccumulatorArgs<'_>) -> Result<Box<dyn Accumulator>> {
        Ok(match self.of.0 {
            VarianceFormula::Numbers(output) if args.is_distinct => {
                Box::new(DistinctValueAccumulator::new(output))
            }
            VarianceFormula::Numbers(output) => Box::new(SummaryAccumulator::new(output)),
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
        Ok(if args.is_distinct {
            distinct_field(args.name)
        } else {
            state_field(args.name)
        })
    }

    fn groups_accumulator_supported(&self, args: AccumulatorArgs<'_>) -> bool {
        !args.is_distinct
    }

    fn create_groups_accumulator(
        &self,
        _args: AccumulatorArgs<'_>,
    ) -> Result<Box<dyn GroupsAccumulator>> {
        Ok(match self.of.0 {
            VarianceFormula::Numbers(output) => Box::new(SummaryGroupsAccumulator::new(output)),
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
