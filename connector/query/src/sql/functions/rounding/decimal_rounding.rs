//! `round`, `trunc`, `ceil` and `floor` of decimals: exact, half away from zero as in PostgreSQL. The engine converts truncated
//! decimals to floating-point numbers, keeps removed decimal places in the type, and has no room for a carry digit (DataFusion
//! 55.2).

use crate::engine_error;
use crate::sql::functions::exact_arithmetic::decimal_cast::{divide_rounding, power_of_ten};
use crate::sql::functions::exact_arithmetic::overflow_refusal;
use datafusion::arrow::array::{Array, AsArray, PrimitiveArray};
use datafusion::arrow::datatypes::{
    DECIMAL128_MAX_PRECISION, DataType, Decimal128Type, DecimalType, Int64Type, i256,
};
use datafusion_common::{Result, ScalarValue, exec_err};
use datafusion_expr::{ColumnarValue, ReturnFieldArgs, ScalarFunctionArgs};
use std::sync::Arc;

/// Type of a rounded decimal: the requested decimal places if they are constant, and one more digit before the point. `None` for
/// other numbers.
pub(super) fn result_type(args: &ReturnFieldArgs<'_>) -> Option<DataType> {
    let number = args.arg_fields.first()?;
    let DataType::Decimal128(precision, scale) = number.data_type() else {
        return None;
    };
    let asked = match (args.arg_fields.len(), args.scalar_arguments.get(1)) {
        (1, _) => 0,
        (_, Some(Some(ScalarValue::Int64(Some(places))))) => *places,
        _ => i64::from(*scale),
    };
    let kept = i8::try_from(asked.clamp(0, i64::from(*scale))).unwrap_or(*scale);
    let cut = u8::try_from(scale.saturating_sub(kept)).unwrap_or_default();
    let precision = precision.saturating_sub(cut).saturating_add(1);
    Some(DataType::Decimal128(
        precision.min(DECIMAL128_MAX_PRECISION),
        kept,
    ))
}

/// Rounding mode.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RoundingDirection {
    /// Nearest value, half away from zero.
    Nearest,
    ToZero,
    Up,
    Down,
}

impl RoundingDirection {
    /// Rounding mode of the function with this name.
    pub(super) fn of_function(name: &str) -> Self {
        match name {
            "trunc" => Self::ToZero,
            "ceil" => Self::Up,
            "floor" => Self::Down,
            _ => Self::Nearest,
        }
    }

    /// Quotient of `value` and `cut` in this mode.
    fn divide(self, value: i256, cut: i256) -> Option<i256> {
        let whole = value.checked_div(cut)?;
        let rest = value.checked_rem(cut)?;
        match self {
            Self::Nearest => divide_rounding(value, cut),
            Self::Up if rest > i256::ZERO => whole.checked_add(i256::ONE),
            Self::Down if rest < i256::ZERO => whole.checked_sub(i256::ONE),
            Self::ToZero | Self::Up | Self::Down => Some(whole),
        }
    }
}

/// Rounds decimals.
///
/// # Errors
/// `ARITHMETIC_OVERFLOW` if a result has more than 38 digits.
pub(super) fn round_decimals(
    args: &ScalarFunctionArgs,
    direction: RoundingDirection,
) -> Result<ColumnarValue> {
    let to = args.return_field.data_type();
    let (Some(values), DataType::Decimal128(precision, kept)) = (args.args.first(), to) else {
        return exec_err!("rounding without a decimal");
    };
    let is_scalar = args
        .args
        .iter()
        .all(|value| matches!(value, ColumnarValue::Scalar(_)));
    // A scalar has its value even in a batch without rows.
    let rows = if is_scalar { 1 } else { args.number_rows };
    let values = values.to_array(rows)?;
    let DataType::Decimal128(_, scale) = values.data_type() else {
        return exec_err!("rounding of what is no decimal");
    };
    let scale = *scale;
    let places = match args.args.get(1) {
        Some(places) => places.to_array(rows)?,
        None => ScalarValue::Int64(Some(0)).to_array_of_size(rows)?,
    };
    let values = values.as_primitive::<Decimal128Type>();
    let Some(places) = places.as_primitive_opt::<Int64Type>() else {
        return exec_err!("places that are no whole number");
    };
    let value = |value: i128, places: i64| {
        let places = places.clamp(-i64::from(DECIMAL128_MAX_PRECISION) - 1, i64::from(scale));
        let cut = power_of_ten(i8::try_from(i64::from(scale) - places).ok()?)?;
        let value = i256::from_i128(value);
        let whole = direction.divide(value, cut)?;
        // Converted to units of the result's last decimal place.
        let units = whole.checked_mul(cut)?;
        let units = units
            .checked_div(power_of_ten(scale.checked_sub(*kept)?)?)?
            .to_i128()?;
        Decimal128Type::is_valid_decimal_precision(units, *precision).then_some(units)
    };
    let made = values.iter().zip(places).map(|(one, places)| {
        let (Some(one), Some(places)) = (one, places) else {
            return Ok(None);
        };
        let made = value(one, places).map(Some);
        made.ok_or_else(|| engine_error::wrap_refusal(overflow_refusal()))
    });
    let made: PrimitiveArray<Decimal128Type> = made.collect::<Result<_>>()?;
    let made = made.with_data_type(to.clone());
    Ok(match is_scalar {
        true => ColumnarValue::Scalar(ScalarValue::try_from_array(&made, 0)?),
        false => ColumnarValue::Array(Arc::new(made)),
    })
}
