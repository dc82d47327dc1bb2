//! `round` and `trunc` of floating-point numbers to decimal places, and `round`, `trunc`, `ceil` and `floor` of decimals. The
//! results are correct for the decimal digits of the number. The engine's versions can return NaN, infinity or a number with other
//! digits changed, because their factor or product is not exact.

mod decimal_rounding;

use self::decimal_rounding::RoundingDirection;
use datafusion::arrow::array::{Array, AsArray, PrimitiveArray};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{
    ArrowPrimitiveType, DataType, Field, FieldRef, Float32Type, Float64Type, Int32Type, Int64Type,
};
use datafusion_common::{Result, ScalarValue};
use datafusion_expr::type_coercion::functions::fields_with_udf;
use datafusion_expr::{
    ColumnarValue, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
    TypeSignature, Volatility,
};
use std::fmt;
use std::sync::Arc;

/// Corrects `function` if it takes a number of decimal places.
#[must_use]
pub(super) fn adapt_function(function: &Arc<ScalarUDF>) -> Arc<ScalarUDF> {
    match function.name() {
        "round" | "trunc" | "ceil" | "floor" => Arc::new(ScalarUDF::from(RoundingFunction(
            Arc::clone(function),
            Signature::user_defined(Volatility::Immutable),
        ))),
        _ => Arc::clone(function),
    }
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct RoundingFunction(Arc<ScalarUDF>, Signature);

/// Argument fields of these types.
fn arguments_of(kinds: &[DataType]) -> Vec<FieldRef> {
    let kinds = kinds.iter();
    kinds
        .map(|kind| FieldRef::new(Field::new("argument", kind.clone(), true)))
        .collect()
}

/// Number of decimal places beyond which no floating-point number has digits, on either side of the point.
const MOST: i64 = 400;

/// Floating-point type with its limits for rounding.
trait RoundableFloat: ArrowPrimitiveType<Native: fmt::Display> {
    /// Value from which all numbers are integers.
    const WHOLE: f64;
    /// Maximum exponent of a power of ten that is exact.
    const EXACT: i64;

    fn to_f64(value: Self::Native) -> f64;
    fn parse_digits(digits: &str) -> Option<Self::Native>;

    fn is_finite(value: Self::Native) -> bool {
        Self::to_f64(value).is_finite()
    }

    /// Absolute value after a shift of the decimal point. The shift has two steps, since a single power of ten may be infinite.
    fn scaled_magnitude(value: Self::Native, places: i64) -> f64 {
        let half = i32::try_from(places / 2).unwrap_or_default();
        let rest = i32::try_from(places - places / 2).unwrap_or_default();
        Self::to_f64(value).abs() * 10_f64.powi(half) * 10_f64.powi(rest)
    }
}

impl RoundableFloat for Float64Type {
    const WHOLE: f64 = 9_007_199_254_740_992.0;
    const EXACT: i64 = 22;

    fn to_f64(value: f64) -> f64 {
        value
    }

    fn parse_digits(digits: &str) -> Option<f64> {
        digits.parse().ok()
    }
}

impl RoundableFloat for Float32Type {
    const WHOLE: f64 = 16_777_216.0;
    const EXACT: i64 = 10;

    fn to_f64(value: f32) -> f64 {
        value.into()
    }

    fn parse_digits(digits: &str) -> Option<f32> {
        digits.parse().ok()
    }
}

impl ScalarUDFImpl for RoundingFunction {
    fn name(&self) -> &str {
        self.0.name()
    }

    fn aliases(&self) -> &[String] {
        self.0.aliases()
    }

    fn signature(&self) -> &Signature {
        &self.1
    }

    fn return_type(&self, arguments: &[DataType]) -> Result<DataType> {
        self.0.return_type(arguments)
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs<'_>) -> Result<FieldRef> {
        if let Some(kind) = decimal_rounding::result_type(&args) {
            let is_nullable = args.arg_fields.iter().any(|field| field.is_nullable());
            return Ok(Arc::new(Field::new(self.name(), kind, is_nullable)));
        }
        self.0.return_field_from_args(args)
    }

    fn coerce_types(&self, arguments: &[DataType]) -> Result<Vec<DataType>> {
        match arguments {
            [number @ DataType::Decimal128(..)] => Ok(vec![number.clone()]),
            [number @ DataType::Decimal128(..), places] if places.is_integer() => {
                Ok(vec![number.clone(), DataType::Int64])
            }
            _ => match self.0.signature().type_signature {
                TypeSignature::UserDefined => self.0.coerce_types(arguments),
                _ => fields_with_udf(&arguments_of(arguments), self.0.as_ref()).map(|fields| {
                    fields
                        .iter()
                        .map(|field| field.data_type().clone())
                        .collect()
                }),
            },
        }
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        if args
            .args
            .first()
            .is_some_and(|value| matches!(value.data_type(), DataType::Decimal128(..)))
        {
            let direction = RoundingDirection::of_function(self.name());
            return decimal_rounding::round_decimals(&args, direction);
        }
        let (Some(values), Some(places)) = (args.args.first(), args.args.get(1)) else {
            return self.0.invoke_with_args(args);
        };
        let (values, places) = (values.clone(), places.clone());
        match values.data_type() {
            DataType::Float64 => self.round_to_places::<Float64Type>(args, &values, &places),
            DataType::Float32 => self.round_to_places::<Float32Type>(args, &values, &places),
            _ => self.0.invoke_with_args(args),
        }
    }
}

impl RoundingFunction {
    fn round_to_places<T: RoundableFloat>(
        &self,
        mut args: ScalarFunctionArgs,
        values: &ColumnarValue,
        places: &ColumnarValue,
    ) -> Result<ColumnarValue> {
        let rows = args.number_rows;
        // The engine casts them to 32 bits, and wraps round.
        if let Some(slot) = args.args.get_mut(1) {
            *slot = clamp_places(places)?;
        }
        let made = self.0.invoke_with_args(args)?;
        let numbers = made.to_array(rows)?;
        let places = cast(places.to_array(rows)?.as_ref(), &DataType::Int64)?;
        let (Some(numbers), Some(places)) = (
            numbers.as_primitive_opt::<T>(),
            places.as_primitive_opt::<Int64Type>(),
        ) else {
            return Ok(made);
        };
        let places: PrimitiveArray<Int64Type> = places.unary(|places| places.clamp(-MOST, MOST));
        let values = values.to_array(rows)?;
        let Some(values) = values.as_primitive_opt::<T>() else {
            return Ok(made);
        };
        let cuts = self.name() == "trunc";
        let all = numbers.values().iter().zip(values.values().iter());
        let mut all = all.zip(places.values().iter());
        let is_right = |((made, value), places): ((&T::Native, &T::Native), &i64)| {
            let (value, made) = (*value, *made);
            is_right(cuts, RoundedNumber::<T> { value, made }, *places)
        };
        if all.all(is_right) {
            return Ok(made);
        }
        let right: PrimitiveArray<T> = numbers
            .iter()
            .zip(values)
            .zip(&places)
            .map(|((made, value), places)| {
                let (value, made) = (value?, made?);
                round_right(cuts, RoundedNumber::<T> { value, made }, places?)
            })
            .collect();
        Ok(match made {
            ColumnarValue::Array(_) => ColumnarValue::Array(Arc::new(right)),
            ColumnarValue::Scalar(_) => {
                ColumnarValue::Scalar(ScalarValue::try_from_array(&right, 0)?)
            }
        })
    }
}

/// A value, and the number that the engine made of it.
#[derive(Clone, Copy)]
struct RoundedNumber<T: RoundableFloat> {
    value: T::Native,
    made: T::Native,
}

/// Whether what the engine made of a value is right: its factor is exact, and its product far from where all numbers are whole
/// and far from where it would be cut or rounded otherwise, since the product of 0.29 and 100 is below 29.
fn is_right<T: RoundableFloat>(cuts: bool, rounded: RoundedNumber<T>, places: i64) -> bool {
    let RoundedNumber { value, made } = rounded;
    if !T::is_finite(made) || places == 0 {
        return T::is_finite(made);
    }
    let moved = T::scaled_magnitude(value, places);
    let edge = if cuts {
        moved.round()
    } else {
        moved.trunc() + 0.5
    };
    // A number of so many places stays as it is if it is cut.
    let is_kept = cuts && T::to_f64(made) == T::to_f64(value);
    let is_clear = is_kept || (moved - edge).abs() > moved * ERROR / T::WHOLE;
    (1..=T::EXACT).contains(&places) && moved < T::WHOLE / FAR && is_clear
}

/// The right number for a value to so many places.
fn round_right<T: RoundableFloat>(
    cuts: bool,
    rounded: RoundedNumber<T>,
    places: i64,
) -> Option<T::Native> {
    let RoundedNumber { value, made } = rounded;
    // The numbers of the type beside it are further away than those of so many places.
    let has_no_more = places > 0 && T::scaled_magnitude(value, places) >= T::WHOLE;
    if !T::is_finite(value) || has_no_more {
        return Some(value);
    }
    if is_right::<T>(cuts, rounded, places) {
        return Some(made);
    }
    T::parse_digits(&round_decimal_text(cuts, &value.to_string(), places)?)
}

/// Number text truncated or rounded to a number of decimal places, half away from zero as in the engine.
fn round_decimal_text(cuts: bool, written: &str, places: i64) -> Option<String> {
    let (sign, digits) = match written.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", written),
    };
    let (whole, behind) = digits.split_once('.').unwrap_or((digits, ""));
    let count = usize::try_from(places.unsigned_abs()).ok()?;
    let is_up = |cut: &str| !cuts && cut.starts_with(['5', '6', '7', '8', '9']);
    if places >= 0 {
        let Some((kept, cut)) = behind.split_at_checked(count) else {
            return Some(written.to_owned());
        };
        let kept = format!("{whole}{kept}");
        let kept = if is_up(cut) {
            next_integer(&kept)
        } else {
            kept
        };
        let (whole, behind) = kept.split_at_checked(kept.len().saturating_sub(count))?;
        return Some(format!("{sign}{whole}.{behind}"));
    }
    // One more leading digit, for the carry of the rounding.
    let front = count.saturating_add(1).saturating_sub(whole.len());
    let whole = format!("{}{whole}", "0".repeat(front));
    let (kept, cut) = whole.split_at_checked(whole.len().saturating_sub(count))?;
    let kept = if is_up(cut) {
        next_integer(kept)
    } else {
        kept.to_owned()
    };
    Some(format!("{sign}{kept}{}", "0".repeat(count)))
}

/// Next integer, as digits.
fn next_integer(digits: &str) -> String {
    let kept = digits.trim_end_matches('9');
    let nines = digits.len().saturating_sub(kept.len());
    let raised = match kept.char_indices().next_back() {
        None => "1".to_owned(),
        Some((at, last)) => {
            let raised = last
                .to_digit(10)
                .and_then(|digit| char::from_digit(digit.saturating_add(1), 10));
            let before = kept.get(..at).unwrap_or_default();
            format!("{before}{}", raised.unwrap_or(last))
        }
    };
    format!("{raised}{}", "0".repeat(nines))
}

/// Minimum ratio of the integer limit to a product. The product then has four more fractional bits, so its own rounding has no
/// effect.
const FAR: f64 = 16.0;

/// Upper bound of a product's error, in units of its last binary digit.
const ERROR: f64 = 8.0;

/// Decimal places clamped to the range in which numbers have digits.
fn clamp_places(places: &ColumnarValue) -> Result<ColumnarValue> {
    let near = |places: i64| places.clamp(-MOST, MOST);
    Ok(match places {
        ColumnarValue::Scalar(ScalarValue::Int64(Some(places))) => {
            ColumnarValue::Scalar(ScalarValue::Int64(Some(near(*places))))
        }
        ColumnarValue::Scalar(ScalarValue::Int32(Some(places))) => {
            let places = i32::try_from(near(i64::from(*places))).unwrap_or_default();
            ColumnarValue::Scalar(ScalarValue::Int32(Some(places)))
        }
        ColumnarValue::Scalar(_) => places.clone(),
        ColumnarValue::Array(array) => match array.data_type() {
            DataType::Int64 => {
                let near: PrimitiveArray<Int64Type> = array.as_primitive::<Int64Type>().unary(near);
                ColumnarValue::Array(Arc::new(near))
            }
            DataType::Int32 => {
                let near = |places: i32| i32::try_from(near(places.into())).unwrap_or_default();
                let near: PrimitiveArray<Int32Type> = array.as_primitive::<Int32Type>().unary(near);
                ColumnarValue::Array(Arc::new(near))
            }
            _ => places.clone(),
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use datafusion::arrow::array::{ArrayRef, Float32Array, Float64Array, Int64Array};
    use datafusion::arrow::datatypes::Field;
    use datafusion::functions::math;
    use datafusion_common::config::ConfigOptions;

    /// Results of the function for these values, with a column of decimal places and with a constant.
    fn made(function: &Arc<ScalarUDF>, values: &ArrayRef, places: i64) -> Vec<Vec<f64>> {
        let rows = values.len();
        let cell = ScalarValue::Int64(Some(places));
        let each: ArrayRef = Arc::new(Int64Array::from(vec![places; rows]));
        let kind = values.data_type().clone();
        let call = |places: ColumnarValue| {
            // Cast as in the engine.
            let places = match function.name() {
                "round" => places.cast_to(&DataType::Int32, None).unwrap(),
                _ => places,
            };
            let field = |kind: DataType| Arc::new(Field::new("x", kind, true));
            let made = adapt_function(function)
                .invoke_with_args(ScalarFunctionArgs {
                    arg_fields: vec![field(kind.clone()), field(places.data_type())],
                    args: vec![ColumnarValue::Array(Arc::clone(values)), places],
                    number_rows: rows,
                    return_field: field(kind.clone()),
                    config_options: Arc::new(ConfigOptions::default()),
                })
                .unwrap();
            let made = cast(made.to_array(rows).unwrap().as_ref(), &DataType::Float64).unwrap();
            made.as_primitive::<Float64Type>().values().to_vec()
        };
        vec![
            call(ColumnarValue::Scalar(cell)),
            call(ColumnarValue::Array(each)),
        ]
    }

    /// Rounding of the decimal digits as on paper.
    fn on_paper(cuts: bool, value: f64, places: i64) -> f64 {
        let written = format!("{:e}", value.abs());
        let (digits, power) = written.split_once('e').unwrap();
        let digits: Vec<u32> = digits.chars().filter_map(|c| c.to_digit(10)).collect();
        // The last of these digits, counted from the first, is kept.
        let stay = power.parse::<i64>().unwrap() + places + 1;
        let Ok(stay) = usize::try_from(stay) else {
            return 0.0;
        };
        let mut kept = vec![0];
        kept.extend(digits.iter().take(stay));
        if !cuts && digits.get(stay).is_some_and(|next| *next >= 5) {
            for digit in kept.iter_mut().rev() {
                *digit = (*digit + 1) % 10;
                if *digit > 0 {
                    break;
                }
            }
        }
        let power = power.parse::<i64>().unwrap() + 2 - i64::try_from(kept.len()).unwrap();
        let kept: String = kept.iter().map(u32::to_string).collect();
        let found: f64 = format!("{kept}e{power}").parse().unwrap();
        found.copysign(value)
    }

    #[test]
    fn no_number_of_places_changes_other_digits() {
        let values = [
            52.217,
            -52.217,
            0.1,
            0.3,
            -7.2,
            47.376_886_9,
            8.541_694,
            123_456_789.123_456_78,
            1e-5,
            2.5e-7,
            1e15,
            9_007_199_254_740_994.0,
            1e22,
            -1e300,
            f64::MAX,
            1e-300,
            0.0,
        ];
        let array: ArrayRef = Arc::new(Float64Array::from(values.to_vec()));
        for function in [math::round(), math::trunc()] {
            let cuts = function.name() == "trunc";
            for places in (0..=400).chain([-400, -309, -20, -15, -11, -9, -5, -3, -1]) {
                for found in made(&function, &array, places) {
                    for (value, found) in values.into_iter().zip(found) {
                        let expect = on_paper(cuts, value, places);
                        let text = format!("{}({value}, {places})", function.name());
                        assert_eq!(found, expect, "{text}");
                        if places >= 17 && value.abs() >= 0.1 {
                            assert_eq!(found, value, "{text}");
                        }
                    }
                }
            }
        }
    }

    /// The engine returns 0.28 for `trunc(0.29, 2)` and 1.00 for `round(1.005, 2)`.
    #[test]
    fn digits_count_as_they_are_written() {
        let hundredths = (0..10_000).map(|whole| f64::from(whole) / 100.0);
        let thousandths = (0..10_000).map(|whole| f64::from(whole) / 1000.0);
        let values: Vec<f64> = hundredths
            .chain(thousandths)
            .flat_map(|value| [value, -value])
            .collect();
        let array: ArrayRef = Arc::new(Float64Array::from(values.clone()));
        for function in [math::round(), math::trunc()] {
            let cuts = function.name() == "trunc";
            for places in 1..=4 {
                for found in made(&function, &array, places) {
                    for (value, found) in values.iter().zip(found) {
                        let expect = on_paper(cuts, *value, places);
                        let text = format!("{}({value}, {places})", function.name());
                        assert_eq!(found, expect, "{text}");
                    }
                }
            }
        }
        let array: ArrayRef = Arc::new(Float64Array::from(vec![0.29, 4.35, 1.005]));
        let trunc = made(&math::trunc(), &array, 2);
        assert_eq!(trunc, vec![vec![0.29, 4.35, 1.0]; 2]);
        let round = made(&math::round(), &array, 2);
        assert_eq!(round, vec![vec![0.29, 4.35, 1.01]; 2]);
    }

    /// The result for a 32-bit number is the 32-bit number nearest to the digits.
    #[test]
    fn digits_of_short_numbers_count_as_they_are_written() {
        let values: Vec<f32> = (0..50_000_u16)
            .map(|whole| f32::from(whole) / 100.0)
            .collect();
        let array: ArrayRef = Arc::new(Float32Array::from(values.clone()));
        for found in made(&math::trunc(), &array, 2) {
            for (value, found) in values.iter().zip(found) {
                assert_eq!(found, f64::from(*value), "{value}");
            }
        }
    }

    #[test]
    fn thousands_and_more_are_whole() {
        let array: ArrayRef = Arc::new(Float64Array::from(vec![234_567.0, -250_000.0, 7e15]));
        let round = made(&math::round(), &array, -5);
        assert_eq!(round, vec![vec![200_000.0, -300_000.0, 7e15]; 2]);
        let trunc = made(&math::trunc(), &array, -5);
        assert_eq!(trunc, vec![vec![200_000.0, -200_000.0, 7e15]; 2]);
    }

    #[test]
    fn what_is_no_number_stays_and_short_ones_too() {
        let odd = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY];
        let wide: ArrayRef = Arc::new(Float64Array::from(odd.to_vec()));
        let short = [52.217_f32, -0.3, 1e10, f32::MAX, f32::MIN_POSITIVE];
        let narrow: ArrayRef = Arc::new(Float32Array::from(short.to_vec()));
        for function in [math::round(), math::trunc()] {
            for places in [-400, -7, 0, 3, 17, 20, 400] {
                for found in made(&function, &wide, places) {
                    for (value, found) in odd.into_iter().zip(found) {
                        assert!(found == value || found.is_nan() && value.is_nan());
                    }
                }
            }
            for places in [60, 100, 400] {
                for found in made(&function, &narrow, places) {
                    assert_eq!(found, short.map(f64::from), "{places}");
                }
            }
            for places in [8, 12, 20] {
                for found in made(&function, &narrow, places) {
                    assert_eq!(found[..4], short.map(f64::from)[..4], "{places}");
                }
            }
        }
    }
}
