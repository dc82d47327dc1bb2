//! Averages of durations and decimals, whose sum wraps around in the engine or whose last digit it truncates. Averages of integers
//! and floating-point numbers use floating-point sums without intermediate rounding.

use super::exact_mean::{ExactMeanType, exact_mean};
use super::exact_sum::state;
use super::group_means::MeanGroupsAccumulator;
use super::scalar_sum::{DistinctSum, ScalarSum, count_values, only_column, typed_column};
use crate::sql::decimal_types::QUOTIENT_PLACES;
use crate::sql::functions::reproducible_aggregate::{
    DistinctValueAccumulator, NumericSummary, SummaryAccumulator, SummaryGroupsAccumulator,
    distinct_field, state_field,
};
use datafusion::arrow::array::ArrayRef;
use datafusion::arrow::datatypes::{
    DECIMAL128_MAX_PRECISION, DataType, Decimal128Type, Decimal256Type, DurationMicrosecondType,
    DurationMillisecondType, DurationNanosecondType, DurationSecondType, Field, FieldRef, TimeUnit,
    UInt64Type,
};
use datafusion::functions_aggregate::average::avg_udaf;
use datafusion_common::{Result, ScalarValue, exec_err, plan_err};
use datafusion_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion_expr::utils::{AggregateOrderSensitivity, format_state_name};
use datafusion_expr::{
    Accumulator, AggregateUDF, AggregateUDFImpl, GroupsAccumulator, ReversedUDAF, Signature,
};
use hansa_enforcement::exact_sum::ExactSum;
use std::sync::{Arc, LazyLock};

/// Function `avg`, exact for types whose sum wraps around in the engine.
pub(super) fn exact_average_function() -> Arc<AggregateUDF> {
    Arc::clone(&AVERAGE)
}

static AVERAGE: LazyLock<Arc<AggregateUDF>> =
    LazyLock::new(|| Arc::new(AggregateUDF::from(AverageFunction { inner: avg_udaf() })));

#[derive(Debug, PartialEq, Eq, Hash)]
struct AverageFunction {
    inner: Arc<AggregateUDF>,
}

/// Applies an operation with the value type as `T`. Other types are left to the engine.
macro_rules! by_type {
    ($kind:expr, $made:ident, $floats:expr, $engine:expr) => {
        match $kind {
            DataType::Duration(TimeUnit::Second) => $made!(DurationSecondType),
            DataType::Duration(TimeUnit::Millisecond) => $made!(DurationMillisecondType),
            DataType::Duration(TimeUnit::Microsecond) => $made!(DurationMicrosecondType),
            DataType::Duration(TimeUnit::Nanosecond) => $made!(DurationNanosecondType),
            DataType::Decimal128(_, _) => $made!(Decimal128Type),
            DataType::Decimal256(_, _) => $made!(Decimal256Type),
            DataType::Float64 => $floats,
            _ => $engine,
        }
    };
}

impl AggregateUDFImpl for AverageFunction {
    fn name(&self) -> &str {
        self.inner.name()
    }

    fn aliases(&self) -> &[String] {
        self.inner.aliases()
    }

    fn signature(&self) -> &Signature {
        self.inner.signature()
    }

    fn return_type(&self, arguments: &[DataType]) -> Result<DataType> {
        let engine = self.inner.return_type(arguments)?;
        Ok(match (arguments, &engine) {
            ([DataType::Decimal128(precision, scale)], DataType::Decimal128(_, fewest)) => {
                widen_places(*precision, *scale, *fewest).unwrap_or(engine)
            }
            _ => engine,
        })
    }

    fn accumulator(&self, args: AccumulatorArgs<'_>) -> Result<Box<dyn Accumulator>> {
        let kind = input(args.expr_fields)?;
        let to = args.return_field.data_type().clone();
        macro_rules! made {
            ($kind:ty) => {
                Ok(Box::new(MeanAccumulator::<$kind>::of(
                    args.is_distinct,
                    kind,
                    to,
                )))
            };
        }
        by_type!(
            kind,
            made,
            if args.is_distinct {
                Ok(Box::new(DistinctValueAccumulator::<FloatMean>::new(
                    FloatMean::mean,
                )))
            } else {
                Ok(Box::new(SummaryAccumulator::<FloatMean, 1>::new(
                    FloatMean::mean,
                )))
            },
            self.inner.accumulator(args)
        )
    }

    fn state_fields(&self, args: StateFieldsArgs<'_>) -> Result<Vec<FieldRef>> {
        let kind = input(args.input_fields)?;
        macro_rules! made {
            ($kind:ty) => {
                Ok(if args.is_distinct {
                    let name = format_state_name(args.name, "avg distinct");
                    let item = Field::new_list_field(kind, true);
                    vec![Arc::new(Field::new_list(name, item, false))]
                } else {
                    let field = |name, kind| {
                        Arc::new(Field::new(format_state_name(args.name, name), kind, true))
                    };
                    let sum =
                        state(&<$kind as datafusion::arrow::array::ArrowPrimitiveType>::DATA_TYPE);
                    vec![field("count", DataType::UInt64), field("sum", sum)]
                })
            };
        }
        by_type!(
            kind,
            made,
            Ok(if args.is_distinct {
                distinct_field(args.name)
            } else {
                state_field(args.name)
            }),
            self.inner.state_fields(args)
        )
    }

    fn groups_accumulator_supported(&self, args: AccumulatorArgs<'_>) -> bool {
        let is_ours = args.expr_fields.iter().any(|field| {
            matches!(
                field.data_type(),
                DataType::Float64
                    | DataType::Duration(_)
                    | DataType::Decimal128(_, _)
                    | DataType::Decimal256(_, _)
            )
        });
        if is_ours {
            !args.is_distinct
        } else {
            self.inner.groups_accumulator_supported(args)
        }
    }

    fn create_groups_accumulator(
        &self,
        args: AccumulatorArgs<'_>,
    ) -> Result<Box<dyn GroupsAccumulator>> {
        let kind = input(args.expr_fields)?;
        let to = args.return_field.data_type().clone();
        macro_rules! made {
            ($kind:ty) => {
                Ok(Box::new(MeanGroupsAccumulator::<$kind>::of(kind, to)))
            };
        }
        by_type!(
            kind,
            made,
            Ok(Box::new(SummaryGroupsAccumulator::<FloatMean, 1>::new(
                FloatMean::mean
            ))),
            self.inner.create_groups_accumulator(args)
        )
    }

    fn order_sensitivity(&self) -> AggregateOrderSensitivity {
        AggregateOrderSensitivity::Insensitive
    }

    fn reverse_expr(&self) -> ReversedUDAF {
        ReversedUDAF::Identical
    }
}

/// Type of an average of decimals with the decimal places of a quotient. The engine's fewer places would affect further
/// computations.
fn widen_places(precision: u8, scale: i8, fewest: i8) -> Option<DataType> {
    let whole = precision.checked_sub(u8::try_from(scale).ok()?)?;
    let room = DECIMAL128_MAX_PRECISION.checked_sub(whole)?;
    let places = QUOTIENT_PLACES.min(room);
    let scale = i8::try_from(places).ok()?;
    (scale > fewest).then(|| DataType::Decimal128(whole.saturating_add(places), scale))
}

fn input(fields: &[FieldRef]) -> Result<DataType> {
    match fields {
        [field] => Ok(field.data_type().clone()),
        _ => plan_err!("`avg` takes one argument"),
    }
}

/// Sum of floating-point numbers, and their count.
#[derive(Debug, Clone, Default)]
struct FloatMean {
    total: ExactSum,
    count: u64,
}

impl FloatMean {
    fn mean(&self) -> Option<f64> {
        (self.count > 0).then(|| self.total.mean(self.count))?
    }
}

impl NumericSummary<1> for FloatMean {
    fn add(&mut self, [value]: [f64; 1]) {
        self.count = self.count.saturating_add(1);
        self.total.add(value);
    }

    fn remove_row(&mut self, [value]: [f64; 1]) {
        self.count = self.count.saturating_sub(1);
        self.total.remove(value);
    }

    fn merge(&mut self, bytes: &[u8]) -> Option<()> {
        let (count, total) = bytes.split_first_chunk::<8>()?;
        self.count = self.count.checked_add(u64::from_le_bytes(*count))?;
        self.total.merge(total)
    }

    fn write(&self) -> Option<Vec<u8>> {
        let total = self.total.write()?;
        let count = self.count.to_le_bytes().into_iter();
        Some(count.chain(total).collect())
    }

    fn heap_bytes(&self) -> usize {
        self.total.heap_bytes()
    }
}

/// Accumulator for the average of all values or of the distinct ones.
#[derive(Debug)]
struct MeanAccumulator<T: ExactMeanType> {
    values: MeanValues<T>,
    kind: DataType,
    to: DataType,
}

#[derive(Debug)]
enum MeanValues<T: ExactMeanType> {
    All(ScalarSum<T>, u64),
    Different(DistinctSum<T>),
}

impl<T: ExactMeanType> MeanAccumulator<T> {
    fn of(different: bool, kind: DataType, to: DataType) -> Self {
        let values = if different {
            MeanValues::Different(DistinctSum::of(kind.clone(), to.clone()))
        } else {
            MeanValues::All(ScalarSum::of(to.clone()), 0)
        };
        Self { values, kind, to }
    }
}

impl<T: ExactMeanType> Accumulator for MeanAccumulator<T> {
    fn update_batch(&mut self, columns: &[ArrayRef]) -> Result<()> {
        match &mut self.values {
            MeanValues::All(sum, many) => {
                *many = many.saturating_add(count_values(only_column(columns)?));
                sum.update_batch(columns)
            }
            MeanValues::Different(values) => values.update_batch(columns),
        }
    }

    fn retract_batch(&mut self, columns: &[ArrayRef]) -> Result<()> {
        match &mut self.values {
            MeanValues::All(sum, many) => {
                *many = many.saturating_sub(count_values(only_column(columns)?));
                sum.retract_batch(columns)
            }
            MeanValues::Different(values) => values.retract_batch(columns),
        }
    }

    fn supports_retract_batch(&self) -> bool {
        true
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        let (sum, many) = match &self.values {
            MeanValues::All(sum, many) => (sum.accumulated_sum(), *many),
            MeanValues::Different(values) => values.sum_and_count(),
        };
        let mean = (many > 0)
            .then(|| exact_mean::<T>(sum, many, &self.kind, &self.to))
            .transpose()?;
        ScalarValue::new_primitive::<T>(mean, &self.to)
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        match &mut self.values {
            MeanValues::All(sum, many) => {
                let mut state = vec![ScalarValue::from(*many)];
                state.append(&mut sum.state()?);
                Ok(state)
            }
            MeanValues::Different(values) => values.state(),
        }
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        match &mut self.values {
            MeanValues::All(sum, many) => {
                let [counts, sums] = states else {
                    return exec_err!("a count and a sum");
                };
                for count in typed_column::<UInt64Type>(std::slice::from_ref(counts))?
                    .iter()
                    .flatten()
                {
                    *many = many.saturating_add(count);
                }
                sum.merge_batch(std::slice::from_ref(sums))
            }
            MeanValues::Different(values) => values.merge_batch(states),
        }
    }

    fn size(&self) -> usize {
        let held = match &self.values {
            MeanValues::All(sum, _) => sum.size(),
            MeanValues::Different(values) => values.size(),
        };
        size_of_val(self).saturating_add(held)
    }
}
