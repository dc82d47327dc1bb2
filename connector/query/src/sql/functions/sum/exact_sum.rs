//! Types whose values are added exactly.

use datafusion::arrow::array::ArrowPrimitiveType;
use datafusion::arrow::datatypes::{
    DECIMAL128_MAX_PRECISION, DECIMAL256_MAX_PRECISION, DataType, Decimal32Type, Decimal64Type,
    Decimal128Type, Decimal256Type, DecimalType, DurationMicrosecondType, DurationMillisecondType,
    DurationNanosecondType, DurationSecondType, Int64Type, UInt64Type, i256,
};
use hansa_enforcement::overflow_safe_sum::WHOLE;
use std::fmt::Debug;
use std::hash::Hash;

/// Type of the accumulated sum of values of `T`.
pub(super) type AccumulatedSum<T> = <<T as ExactSumType>::Wide as ArrowPrimitiveType>::Native;

/// Type with a wider type for the sum of its values.
pub(super) trait ExactSumType:
    ArrowPrimitiveType<Native: Hash + Eq + Debug> + Debug + Send + Sync
{
    /// Wider type.
    type Wide: ArrowPrimitiveType<Native: WideNumber>;

    /// Narrow accumulator for fast addition. The overflow of a sum is kept in the wider type.
    type Near: Copy + Default + Debug + Send + Sync;

    /// Adds to `near` and returns the overflow, if any.
    fn add(near: &mut Self::Near, value: Self::Native) -> Option<AccumulatedSum<Self>>;

    /// Value of the narrow accumulator in the wider type.
    fn near(near: Self::Near) -> AccumulatedSum<Self>;

    /// Value in the wider type.
    fn widen(value: Self::Native) -> AccumulatedSum<Self>;

    /// Sum as a value, if it fits.
    fn native(sum: AccumulatedSum<Self>) -> Option<Self::Native>;

    /// Sum as a value of the type `to`, if it fits.
    fn narrow(sum: AccumulatedSum<Self>, to: &DataType) -> Option<Self::Native>;
}

/// Number type of accumulated sums.
pub(super) trait WideNumber: Copy + Default + Debug + Send + Sync {
    /// Adds a number.
    fn plus(self, other: Self) -> Option<Self>;
    /// Subtracts a number.
    fn minus(self, other: Self) -> Option<Self>;
}

/// Type of a partial sum of values of `kind`.
pub(super) fn state(kind: &DataType) -> DataType {
    match kind {
        DataType::Decimal128(_, _) | DataType::Decimal256(_, _) => {
            DataType::Decimal256(DECIMAL256_MAX_PRECISION, 0)
        }
        _ => DataType::Decimal128(DECIMAL128_MAX_PRECISION, 0),
    }
}

/// Checks that a sum in the type `to` has the accumulated type.
pub(super) fn stays_wide<T: ExactSumType>(to: &DataType) -> bool {
    T::DATA_TYPE == DataType::Int64 && *to == WHOLE
}

impl WideNumber for i128 {
    fn plus(self, other: Self) -> Option<Self> {
        self.checked_add(other)
    }

    fn minus(self, other: Self) -> Option<Self> {
        self.checked_sub(other)
    }
}

impl WideNumber for i256 {
    fn plus(self, other: Self) -> Option<Self> {
        self.checked_add(other)
    }

    fn minus(self, other: Self) -> Option<Self> {
        self.checked_sub(other)
    }
}

/// Modulus of 64-bit arithmetic, which is indistinguishable from 0 in 64 bits.
const AROUND: i128 = 1 << 64;

/// Implements sums of integers: 2^64 values of 64 bits fit in 128 bits, and most sums never exceed the lower 64 bits.
macro_rules! integers {
    ($($kind:ty, $near:ty;)*) => {$(
        impl ExactSumType for $kind {
            type Wide = Decimal128Type;
            type Near = $near;

            #[inline]
            fn add(near: &mut $near, value: $near) -> Option<i128> {
                let (sum, beyond) = near.overflowing_add(value);
                *near = sum;
                beyond.then(|| if value > 0 { AROUND } else { -AROUND })
            }

            fn near(near: $near) -> i128 {
                i128::from(near)
            }

            fn widen(value: Self::Native) -> i128 {
                i128::from(value)
            }

            fn native(sum: i128) -> Option<Self::Native> {
                sum.try_into().ok()
            }

            fn narrow(sum: i128, _to: &DataType) -> Option<Self::Native> {
                Self::native(sum)
            }
        }
    )*};
}

integers! {
    Int64Type, i64;
    UInt64Type, u64;
    DurationSecondType, i64;
    DurationMillisecondType, i64;
    DurationMicrosecondType, i64;
    DurationNanosecondType, i64;
}

macro_rules! decimals {
    ($($kind:ty, $held:ty, $wide:ty, $near:ty, $add:expr, $widen_near:expr, $widen:expr, $native:expr;)*) => {$(
        impl ExactSumType for $kind {
            type Wide = $held;
            type Near = $near;

            #[inline]
            fn add(near: &mut $near, value: Self::Native) -> Option<$wide> {
                $add(near, value)
            }

            fn near(near: $near) -> $wide {
                $widen_near(near)
            }

            fn widen(value: Self::Native) -> $wide {
                $widen(value)
            }

            fn native(sum: $wide) -> Option<Self::Native> {
                $native(sum)
            }

            fn narrow(sum: $wide, to: &DataType) -> Option<Self::Native> {
                let value = Self::native(sum)?;
                let digits = precision(to)?;
                Self::is_valid_decimal_precision(value, digits).then_some(value)
            }
        }
    )*};
}

decimals! {
    Decimal32Type, Decimal128Type, i128, i64, |near, value: i32| add_in_64_bits(near, i64::from(value)),
        i128::from, i128::from, |sum: i128| i32::try_from(sum).ok();
    Decimal64Type, Decimal128Type, i128, i64, add_in_64_bits,
        i128::from, i128::from, |sum: i128| i64::try_from(sum).ok();
    Decimal128Type, Decimal256Type, i256, i128, add_in_128_bits,
        i256::from_i128, i256::from_i128, |sum: i256| sum.to_i128();
    Decimal256Type, Decimal256Type, i256, (), |(): &mut (), value| Some(value),
        |()| i256::ZERO, |value| value, Some;
}

/// Adds to `near` with wraparound, and returns the difference to the exact sum.
#[inline]
fn add_in_64_bits(near: &mut i64, value: i64) -> Option<i128> {
    let (sum, is_beyond) = near.overflowing_add(value);
    *near = sum;
    is_beyond.then_some(if value > 0 { AROUND } else { -AROUND })
}

/// Adds as [`add_in_64_bits`] does, in 128 bits.
#[inline]
fn add_in_128_bits(near: &mut i128, value: i128) -> Option<i256> {
    let (sum, is_beyond) = near.overflowing_add(value);
    *near = sum;
    // Plus or minus 2^128.
    is_beyond.then_some(i256::from_parts(0, if value > 0 { 1 } else { -1 }))
}

const fn precision(kind: &DataType) -> Option<u8> {
    match kind {
        DataType::Decimal32(digits, _)
        | DataType::Decimal64(digits, _)
        | DataType::Decimal128(digits, _)
        | DataType::Decimal256(digits, _) => Some(*digits),
        _ => None,
    }
}
