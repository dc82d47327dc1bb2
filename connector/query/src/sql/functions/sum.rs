//! Checked `sum`: integers, durations and decimals are added exactly, and an overflow of the result type ends the question. The
//! engine's sum wraps around. Floating-point numbers are added without intermediate rounding, so that the result does not depend on
//! their order.

mod average;
mod exact_mean;
mod exact_sum;
mod group_means;
mod group_sums;
mod scalar_sum;

use super::reproducible_aggregate::{
    DistinctValueAccumulator, SummaryAccumulator, SummaryGroupsAccumulator, distinct_field,
    state_field,
};
use crate::engine_error;
use datafusion::arrow::datatypes::{
    DataType, Decimal32Type, Decimal64Type, Decimal128Type, Decimal256Type,
    DurationMicrosecondType, DurationMillisecondType, DurationNanosecondType, DurationSecondType,
    Field, FieldRef, Int64Type, TimeUnit, UInt64Type,
};
use datafusion::functions_aggregate::sum::sum_udaf;
use datafusion_common::{DataFusionError, Result, plan_err};
use datafusion_expr::expr::AggregateFunction;
use datafusion_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion_expr::utils::{AggregateOrderSensitivity, format_state_name};
use datafusion_expr::{
    Accumulator, AggregateUDF, AggregateUDFImpl, Expr, GroupsAccumulator, ReversedUDAF,
    SetMonotonicity, Signature,
};
use exact_sum::ExactSumType;
use group_sums::SumGroupsAccumulator;
use hansa_enforcement::exact_sum::ExactSum;
use hansa_enforcement::overflow_safe_sum::{WHOLE, total_overflow_refusal};
pub(super) use scalar_sum::only_column;
use scalar_sum::{DistinctSum, ScalarSum};
use std::sync::{Arc, LazyLock};

/// Function `sum` with the result type of SQL.
#[must_use]
pub fn checked_sum() -> Arc<AggregateUDF> {
    Arc::clone(&CHECKED)
}

/// Function `avg`, correct also for durations and for the widest decimals, whose sum wraps around in the engine.
#[must_use]
pub fn average_function() -> Arc<AggregateUDF> {
    average::exact_average_function()
}

/// Function `sum` that never overflows for integers: it returns a decimal.
/// [`hansa_enforcement::overflow_safe_sum::integer_total_expr`] converts it to the result type once the total is known to be shown.
#[must_use]
pub fn decimal_sum_function() -> Arc<AggregateUDF> {
    Arc::clone(&WIDE)
}

/// Call of [`decimal_sum_function`].
pub(crate) fn whole_of(value: Expr) -> Expr {
    Expr::AggregateFunction(AggregateFunction::new_udf(
        decimal_sum_function(),
        vec![value],
        false,
        None,
        vec![],
        None,
    ))
}

static CHECKED: LazyLock<Arc<AggregateUDF>> =
    LazyLock::new(|| Arc::new(SumFunction::create_function(false)));
static WIDE: LazyLock<Arc<AggregateUDF>> =
    LazyLock::new(|| Arc::new(SumFunction::create_function(true)));

#[derive(Debug, PartialEq, Eq, Hash)]
struct SumFunction {
    wide: bool,
    inner: Arc<AggregateUDF>,
    signature: Signature,
}

impl SumFunction {
    fn create_function(wide: bool) -> AggregateUDF {
        let inner = sum_udaf();
        let signature = inner.signature().clone();
        AggregateUDF::from(Self {
            wide,
            inner,
            signature,
        })
    }
}

/// Applies an operation with the value type as `T`, or with floating-point numbers.
macro_rules! by_type {
    ($args:ident, $made:ident, $floats:expr) => {
        match input(&$args)? {
            DataType::Int64 => $made!(Int64Type),
            DataType::UInt64 => $made!(UInt64Type),
            DataType::Duration(TimeUnit::Second) => $made!(DurationSecondType),
            DataType::Duration(TimeUnit::Millisecond) => $made!(DurationMillisecondType),
            DataType::Duration(TimeUnit::Microsecond) => $made!(DurationMicrosecondType),
            DataType::Duration(TimeUnit::Nanosecond) => $made!(DurationNanosecondType),
            DataType::Decimal32(_, _) => $made!(Decimal32Type),
            DataType::Decimal64(_, _) => $made!(Decimal64Type),
            DataType::Decimal128(_, _) => $made!(Decimal128Type),
            DataType::Decimal256(_, _) => $made!(Decimal256Type),
            DataType::Float64 => $floats,
            _ => not_here(),
        }
    };
}

impl AggregateUDFImpl for SumFunction {
    fn name(&self) -> &'static str {
        // The engine splits a function named `sum` if its result has the type of its values.
        if self.wide { "whole_sum" } else { "sum" }
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, arguments: &[DataType]) -> Result<DataType> {
        match arguments {
            [DataType::Int64] if self.wide => Ok(WHOLE),
            [DataType::Interval(_)] => not_here(),
            [_] => self.inner.return_type(arguments),
            _ => plan_err!("`sum` takes one argument"),
        }
    }

    fn accumulator(&self, args: AccumulatorArgs<'_>) -> Result<Box<dyn Accumulator>> {
        let to = args.return_field.data_type().clone();
        macro_rules! made {
            ($kind:ty) => {
                if args.is_distinct {
                    Ok(Box::new(DistinctSum::<$kind>::of(input(&args)?, to)))
                } else {
                    Ok(Box::new(ScalarSum::<$kind>::of(to)))
                }
            };
        }
        by_type!(
            args,
            made,
            if args.is_distinct {
                Ok(Box::new(DistinctValueAccumulator::<ExactSum>::new(
                    ExactSum::rounded_value,
                )))
            } else {
                Ok(Box::new(SummaryAccumulator::<ExactSum, 1>::new(
                    ExactSum::rounded_value,
                )))
            }
        )
    }

    fn create_sliding_accumulator(
        &self,
        args: AccumulatorArgs<'_>,
    ) -> Result<Box<dyn Accumulator>> {
        self.accumulator(args)
    }

    fn state_fields(&self, args: StateFieldsArgs<'_>) -> Result<Vec<FieldRef>> {
        let [field] = args.input_fields else {
            return plan_err!("`sum` takes one argument");
        };
        if *field.data_type() == DataType::Float64 {
            return Ok(if args.is_distinct {
                distinct_field(args.name)
            } else {
                state_field(args.name)
            });
        }
        Ok(vec![Arc::new(if args.is_distinct {
            Field::new_list(
                format_state_name(args.name, "sum distinct"),
                Field::new_list_field(field.data_type().clone(), true),
                false,
            )
        } else {
            let name = format_state_name(args.name, "sum");
            Field::new(name, exact_sum::state(field.data_type()), true)
        })])
    }

    fn groups_accumulator_supported(&self, args: AccumulatorArgs<'_>) -> bool {
        !args.is_distinct
    }

    fn create_groups_accumulator(
        &self,
        args: AccumulatorArgs<'_>,
    ) -> Result<Box<dyn GroupsAccumulator>> {
        let to = args.return_field.data_type().clone();
        macro_rules! made {
            ($kind:ty) => {
                Ok(Box::new(SumGroupsAccumulator::<$kind>::of(to)))
            };
        }
        by_type!(
            args,
            made,
            Ok(Box::new(SummaryGroupsAccumulator::<ExactSum, 1>::new(
                ExactSum::rounded_value
            )))
        )
    }

    fn reverse_expr(&self) -> ReversedUDAF {
        ReversedUDAF::Identical
    }

    fn order_sensitivity(&self) -> AggregateOrderSensitivity {
        AggregateOrderSensitivity::Insensitive
    }

    /// The engine ignores that NULL, the sum of no rows, is at the other end of the order (DataFusion 55.2).
    fn set_monotonicity(&self, _kind: &DataType) -> SetMonotonicity {
        SetMonotonicity::NotMonotonic
    }
}

fn input(args: &AccumulatorArgs<'_>) -> Result<DataType> {
    match args.expr_fields {
        [field] => Ok(field.data_type().clone()),
        _ => plan_err!("`sum` takes one argument"),
    }
}

fn not_here<T>() -> Result<T> {
    plan_err!("there is no `sum` of values of this type")
}

/// Total as a value of the type `to`.
fn narrowed_sum<T: ExactSumType>(
    sum: exact_sum::AccumulatedSum<T>,
    to: &DataType,
) -> Result<T::Native> {
    T::narrow(sum, to).ok_or_else(too_large)
}

fn too_large() -> DataFusionError {
    engine_error::wrap_refusal(total_overflow_refusal())
}

#[cfg(test)]
mod tests;
