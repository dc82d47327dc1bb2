//! Types whose averages are exact to the last decimal place.

use super::exact_sum::{AccumulatedSum, ExactSumType};
use super::too_large;
use crate::sql::functions::exact_arithmetic::decimal_cast::{divide_rounding, power_of_ten};
use datafusion::arrow::datatypes::{
    DataType, Decimal128Type, Decimal256Type, DecimalType, DurationMicrosecondType,
    DurationMillisecondType, DurationNanosecondType, DurationSecondType, i256,
};
use datafusion_common::Result;

/// Type with an exact average.
pub(super) trait ExactMeanType: ExactSumType {
    /// Average of `many` values of the type `kind`, in the type `to`.
    fn divide(
        sum: AccumulatedSum<Self>,
        many: u64,
        kind: &DataType,
        to: &DataType,
    ) -> Option<Self::Native>;
}

macro_rules! durations {
    ($($kind:ty)*) => {$(
        impl ExactMeanType for $kind {
            fn divide(sum: i128, many: u64, _: &DataType, to: &DataType) -> Option<i64> {
                Self::narrow(sum.checked_div(i128::from(many))?, to)
            }
        }
    )*};
}

durations!(DurationSecondType DurationMillisecondType DurationMicrosecondType DurationNanosecondType);

impl ExactMeanType for Decimal128Type {
    fn divide(sum: i256, many: u64, kind: &DataType, to: &DataType) -> Option<i128> {
        let (DataType::Decimal128(_, from), DataType::Decimal128(digits, scale)) = (kind, to)
        else {
            return None;
        };
        let value = decimal_mean(sum, many, scale.checked_sub(*from)?)?.to_i128()?;
        Self::is_valid_decimal_precision(value, *digits).then_some(value)
    }
}

impl ExactMeanType for Decimal256Type {
    fn divide(sum: i256, many: u64, kind: &DataType, to: &DataType) -> Option<i256> {
        let (DataType::Decimal256(_, from), DataType::Decimal256(digits, scale)) = (kind, to)
        else {
            return None;
        };
        let value = decimal_mean(sum, many, scale.checked_sub(*from)?)?;
        Self::is_valid_decimal_precision(value, *digits).then_some(value)
    }
}

/// Mean with additional decimal places, rounded half away from zero.
fn decimal_mean(sum: i256, many: u64, places: i8) -> Option<i256> {
    let value = sum.checked_mul(power_of_ten(places)?)?;
    divide_rounding(value, i256::from_i128(i128::from(many)))
}

/// Average of `many` values of the type `kind`, in the type `to`.
pub(super) fn exact_mean<T: ExactMeanType>(
    sum: AccumulatedSum<T>,
    many: u64,
    kind: &DataType,
    to: &DataType,
) -> Result<T::Native> {
    T::divide(sum, many, kind, to).ok_or_else(too_large)
}
