//! Casts between decimals and other numbers, and division of decimals, rounded half away from zero.

use super::overflow_refusal;
use crate::engine_error;
use datafusion::arrow::array::{Array, ArrayRef, AsArray, Datum, PrimitiveArray};
use datafusion::arrow::compute::cast;
use datafusion::arrow::compute::kernels::numeric::div;
use datafusion::arrow::datatypes::{
    ArrowPrimitiveType, DECIMAL128_MAX_PRECISION, DECIMAL128_MAX_SCALE, DataType, Decimal128Type,
    Float64Type, Int64Type, i256,
};
use datafusion::arrow::error::ArrowError;
use datafusion_common::{Result, exec_err};
use hansa_policy::value::decimal_type::DecimalType;
use std::sync::Arc;

/// Converts the values to the type `to`.
///
/// # Errors
/// `ARITHMETIC_OVERFLOW` if the type can't hold a value.
pub(super) fn convert_array(array: &ArrayRef, to: &DataType) -> Result<ArrayRef> {
    match (array.data_type(), to) {
        (DataType::Decimal128(precision, scale), DataType::Float64) => {
            let kind = decimal_type(*precision, *scale)?;
            convert_values::<Decimal128Type, Float64Type>(array, to, |units| {
                // Parsing the digits always gives the nearest number, whereas a division does not.
                kind.format_units(units).parse().ok()
            })
        }
        (DataType::Decimal128(_, scale), to) if to.is_integer() => {
            let factor = power_of_ten(*scale);
            let whole =
                convert_values::<Decimal128Type, Int64Type>(array, &DataType::Int64, |units| {
                    divide_rounding(i256::from_i128(units), factor?)?
                        .to_i128()?
                        .try_into()
                        .ok()
                })?;
            cast(&whole, to).map_err(|_| engine_error::wrap_refusal(overflow_refusal()))
        }
        (DataType::Float64, DataType::Decimal128(precision, scale)) => {
            let kind = decimal_type(*precision, *scale)?;
            convert_values::<Float64Type, Decimal128Type>(array, to, |number| {
                nearest_decimal(number, kind)
            })
        }
        (from, to) => exec_err!("a cast of {from} to {to} that is none of decimals"),
    }
}

/// Applies `value` to all values.
fn convert_values<From: ArrowPrimitiveType, To: ArrowPrimitiveType>(
    array: &ArrayRef,
    to: &DataType,
    value: impl Fn(From::Native) -> Option<To::Native>,
) -> Result<ArrayRef> {
    let values = array.as_primitive::<From>().iter();
    let values = values.map(|one| {
        one.map(|one| value(one).ok_or_else(|| engine_error::wrap_refusal(overflow_refusal())))
            .transpose()
    });
    let values: PrimitiveArray<To> = values.collect::<Result<_>>()?;
    Ok(Arc::new(values.with_data_type(to.clone())))
}

/// Decimal nearest to the shortest decimal representation of a floating-point number.
fn nearest_decimal(number: f64, kind: DecimalType) -> Option<i128> {
    if !number.is_finite() {
        return None;
    }
    // This text never has an exponent.
    let text = number.to_string();
    let (whole, places) = text.split_once('.').unwrap_or((&text, ""));
    let scale = usize::from(kind.scale());
    let Some((kept, cut)) = places.split_at_checked(scale) else {
        return kind.parse(&text).ok();
    };
    let units = kind.parse(&format!("{whole}.{kept}")).ok()?;
    let goes_up = cut.starts_with(['5', '6', '7', '8', '9']);
    let step = match (goes_up, whole.starts_with('-')) {
        (false, _) => 0,
        (true, true) => -1,
        (true, false) => 1,
    };
    let units = units.checked_add(step)?;
    kind.parse(&kind.format_units(units)).ok()
}

/// Divides two arrays or values. Quotients of decimals are rounded, whereas the engine truncates them.
///
/// # Errors
/// An error if a divisor is zero or a quotient exceeds its type.
pub(super) fn divide_arrays(
    left: &dyn Datum,
    right: &dyn Datum,
) -> std::result::Result<ArrayRef, ArrowError> {
    let (dividends, is_one_dividend) = left.get();
    let (divisors, is_one_divisor) = right.get();
    let (DataType::Decimal128(precision, from), DataType::Decimal128(_, by)) =
        (dividends.data_type(), divisors.data_type())
    else {
        return div(left, right);
    };
    let overflow = || ArrowError::ArithmeticOverflow("a quotient of decimals".to_owned());
    // Type that the engine assigns to a quotient.
    let scale = from.saturating_add(4).min(DECIMAL128_MAX_SCALE);
    let places = scale.saturating_sub(*from).saturating_add(*by);
    let digits = precision.saturating_add(u8::try_from(places).unwrap_or_default());
    let kind = DataType::Decimal128(digits.min(DECIMAL128_MAX_PRECISION), scale);
    let factor = power_of_ten(places).ok_or_else(overflow)?;
    let dividends = dividends.as_primitive::<Decimal128Type>();
    let divisors = divisors.as_primitive::<Decimal128Type>();
    let rows = if is_one_dividend {
        divisors.len()
    } else {
        dividends.len()
    };
    let value = |values: &PrimitiveArray<Decimal128Type>, is_one: bool, row: usize| {
        let row = if is_one { 0 } else { row };
        values
            .is_valid(row)
            .then(|| i256::from_i128(values.value(row)))
    };
    let quotient = |row: usize| {
        let (Some(dividend), Some(divisor)) = (
            value(dividends, is_one_dividend, row),
            value(divisors, is_one_divisor, row),
        ) else {
            return Ok(None);
        };
        if divisor == i256::ZERO {
            return Err(ArrowError::DivideByZero);
        }
        let whole = dividend.checked_mul(factor);
        let quotient = whole.and_then(|whole| divide_rounding(whole, divisor));
        quotient
            .and_then(i256::to_i128)
            .map(Some)
            .ok_or_else(overflow)
    };
    let quotients: PrimitiveArray<Decimal128Type> = (0..rows)
        .map(quotient)
        .collect::<std::result::Result<_, _>>()?;
    Ok(Arc::new(quotients.with_data_type(kind)))
}

/// Quotient rounded to the nearest integer, half away from zero.
pub(in crate::sql::functions) fn divide_rounding(dividend: i256, divisor: i256) -> Option<i256> {
    // Most decimals have few digits, and 256-bit division is slow.
    let narrow = dividend.to_i128().zip(divisor.to_i128());
    let narrow = narrow.and_then(|(dividend, divisor)| divide_in_128_bits(dividend, divisor));
    match narrow {
        Some(quotient) => Some(i256::from_i128(quotient)),
        None => divide_in_256_bits(dividend, divisor),
    }
}

/// Quotient as in [`divide_rounding`], or `None` if the divisor is zero or the quotient needs more bits.
fn divide_in_128_bits(dividend: i128, divisor: i128) -> Option<i128> {
    let quotient = dividend.checked_div(divisor)?;
    let rest = dividend.checked_rem(divisor)?.unsigned_abs();
    // Twice the remainder may overflow.
    if rest < divisor.unsigned_abs().checked_sub(rest)? {
        return Some(quotient);
    }
    let is_negative = (dividend < 0) != (divisor < 0);
    quotient.checked_add(if is_negative { -1 } else { 1 })
}

/// Quotient as in [`divide_rounding`], for numbers of any size.
pub(super) fn divide_in_256_bits(dividend: i256, divisor: i256) -> Option<i256> {
    let quotient = dividend.checked_div(divisor)?;
    let rest = dividend.checked_rem(divisor)?;
    let twice = rest.checked_abs()?.checked_mul(i256::from_i128(2))?;
    if twice < divisor.checked_abs()? {
        return Some(quotient);
    }
    let is_negative = (dividend < i256::ZERO) != (divisor < i256::ZERO);
    let step = if is_negative {
        i256::MINUS_ONE
    } else {
        i256::ONE
    };
    quotient.checked_add(step)
}

/// Power of ten for a number of decimal places.
pub(in crate::sql::functions) fn power_of_ten(places: i8) -> Option<i256> {
    i256::from_i128(10).checked_pow(u32::try_from(places).ok()?)
}

fn decimal_type(precision: u8, scale: i8) -> Result<DecimalType> {
    let kind = u8::try_from(scale).ok();
    match kind.and_then(|scale| DecimalType::new(precision, scale)) {
        Some(kind) => Ok(kind),
        None => exec_err!("a decimal type of {precision} digits and {scale} places"),
    }
}
