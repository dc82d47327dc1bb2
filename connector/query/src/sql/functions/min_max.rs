//! `min` and `max` of floating-point numbers by a total order (IEEE 754-2019, section 5.10), independent of row order. The engine's
//! grouped version (55.2) keeps the first of two values that do not compare or differ in the sign of zero alone, and ignores
//! infinities.

use datafusion::arrow::datatypes::{DataType, FieldRef, Float32Type, Float64Type};
use datafusion::functions_aggregate::min_max::{max_udaf, min_udaf};
use datafusion_common::Result;
use datafusion_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion_expr::utils::AggregateOrderSensitivity;
use datafusion_expr::{
    Accumulator, AggregateUDF, AggregateUDFImpl, GroupsAccumulator, ReversedUDAF, SetMonotonicity,
    Signature,
};
use datafusion_functions_aggregate_common::aggregate::groups_accumulator::prim_op::PrimitiveGroupsAccumulator;
use std::cmp::Ordering;
use std::sync::Arc;

/// Function `min`.
#[must_use]
pub fn min_function() -> Arc<AggregateUDF> {
    Arc::new(AggregateUDF::from(MinMaxFunction {
        inner: min_udaf(),
        goes: Ordering::Less,
    }))
}

/// Function `max`.
#[must_use]
pub fn max_function() -> Arc<AggregateUDF> {
    Arc::new(AggregateUDF::from(MinMaxFunction {
        inner: max_udaf(),
        goes: Ordering::Greater,
    }))
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct MinMaxFunction {
    inner: Arc<AggregateUDF>,
    /// Order in which a value replaces the kept one.
    goes: Ordering,
}

/// Creates an accumulator that keeps the first number of each group in the order. `$number` is its type; the initial value comes
/// after all numbers.
macro_rules! kept {
    ($self:ident, $kind:ident, $type:ty, $number:ident, $above:expr) => {{
        let goes = $self.goes;
        let start = match goes {
            Ordering::Less => $above,
            Ordering::Equal | Ordering::Greater => -$above,
        };
        Ok(Box::new(
            PrimitiveGroupsAccumulator::<$type, _>::new(
                $kind,
                move |known: &mut $number, new: $number| {
                    if new.total_cmp(known) == goes {
                        *known = new;
                    }
                },
            )
            .with_starting_value(start),
        ))
    }};
}

impl AggregateUDFImpl for MinMaxFunction {
    fn name(&self) -> &str {
        self.inner.name()
    }

    fn aliases(&self) -> &[String] {
        self.inner.aliases()
    }

    fn signature(&self) -> &Signature {
        self.inner.signature()
    }

    fn coerce_types(&self, arguments: &[DataType]) -> Result<Vec<DataType>> {
        self.inner.coerce_types(arguments)
    }

    fn return_type(&self, arguments: &[DataType]) -> Result<DataType> {
        self.inner.return_type(arguments)
    }

    fn accumulator(&self, args: AccumulatorArgs<'_>) -> Result<Box<dyn Accumulator>> {
        self.inner.accumulator(args)
    }

    fn create_sliding_accumulator(
        &self,
        args: AccumulatorArgs<'_>,
    ) -> Result<Box<dyn Accumulator>> {
        self.inner.create_sliding_accumulator(args)
    }

    fn state_fields(&self, args: StateFieldsArgs<'_>) -> Result<Vec<FieldRef>> {
        self.inner.state_fields(args)
    }

    fn groups_accumulator_supported(&self, args: AccumulatorArgs<'_>) -> bool {
        self.inner.groups_accumulator_supported(args)
    }

    fn create_groups_accumulator(
        &self,
        args: AccumulatorArgs<'_>,
    ) -> Result<Box<dyn GroupsAccumulator>> {
        let kind = args.return_field.data_type();
        match kind {
            // The largest value in the total order has all bits set except the sign bit.
            DataType::Float64 => {
                kept!(self, kind, Float64Type, f64, f64::from_bits(u64::MAX >> 1))
            }
            DataType::Float32 => {
                kept!(self, kind, Float32Type, f32, f32::from_bits(u32::MAX >> 1))
            }
            _ => self.inner.create_groups_accumulator(args),
        }
    }

    fn is_descending(&self) -> Option<bool> {
        self.inner.is_descending()
    }

    fn reverse_expr(&self) -> ReversedUDAF {
        ReversedUDAF::Identical
    }

    fn order_sensitivity(&self) -> AggregateOrderSensitivity {
        AggregateOrderSensitivity::Insensitive
    }

    /// The engine ignores that NULL, the result for no rows, is at the other end of the order (DataFusion 55.2).
    fn set_monotonicity(&self, _kind: &DataType) -> SetMonotonicity {
        SetMonotonicity::NotMonotonic
    }
}
