//! `round` and `trunc` of floating-point numbers to so many places that the engine's own factor is beyond their range: the
//! right number, where the engine's own would give NaN, infinity, or the number cut to other places.

use datafusion::arrow::array::{Array, AsArray, PrimitiveArray};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{
    ArrowPrimitiveType, DataType, FieldRef, Float32Type, Float64Type, Int32Type, Int64Type,
};
use datafusion_common::{Result, ScalarValue};
use datafusion_expr::{
    ColumnarValue, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
};
use std::fmt;
use std::sync::Arc;

/// `function`, right for any number of places if it takes one.
#[must_use]
pub(super) fn wrapped(function: &Arc<ScalarUDF>) -> Arc<ScalarUDF> {
    match function.name() {
        "round" | "trunc" => Arc::new(ScalarUDF::from(Placed(Arc::clone(function)))),
        _ => Arc::clone(function),
    }
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Placed(Arc<ScalarUDF>);

/// Beyond that no floating-point number has a place, on either side of the point.
const MOST: i64 = 400;

/// A floating-point type, as far as its places go.
trait Floating: ArrowPrimitiveType<Native: fmt::Display> {
    fn is_finite(value: Self::Native) -> bool;
    fn read(digits: &str) -> Option<Self::Native>;
}

impl Floating for Float64Type {
    fn is_finite(value: f64) -> bool {
        value.is_finite()
    }

    fn read(digits: &str) -> Option<f64> {
        digits.parse().ok()
    }
}

impl Floating for Float32Type {
    fn is_finite(value: f32) -> bool {
        value.is_finite()
    }

    fn read(digits: &str) -> Option<f32> {
        digits.parse().ok()
    }
}

impl ScalarUDFImpl for Placed {
    fn name(&self) -> &str {
        self.0.name()
    }

    fn aliases(&self) -> &[String] {
        self.0.aliases()
    }

    fn signature(&self) -> &Signature {
        self.0.signature()
    }

    fn return_type(&self, arguments: &[DataType]) -> Result<DataType> {
        self.0.return_type(arguments)
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs<'_>) -> Result<FieldRef> {
        self.0.return_field_from_args(args)
    }

    fn coerce_types(&self, arguments: &[DataType]) -> Result<Vec<DataType>> {
        self.0.coerce_types(arguments)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let (Some(values), Some(places)) = (args.args.first(), args.args.get(1)) else {
            return self.0.invoke_with_args(args);
        };
        let (values, places, rows) = (values.clone(), places.clone(), args.number_rows);
        match values.data_type() {
            DataType::Float64 => self.placed::<Float64Type>(args, (&values, &places), rows),
            DataType::Float32 => self.placed::<Float32Type>(args, (&values, &places), rows),
            _ => self.0.invoke_with_args(args),
        }
    }
}

impl Placed {
    fn placed<T: Floating>(
        &self,
        mut args: ScalarFunctionArgs,
        (values, places): (&ColumnarValue, &ColumnarValue),
        rows: usize,
    ) -> Result<ColumnarValue> {
        // The engine casts them to 32 bits, and wraps round.
        if let Some(slot) = args.args.get_mut(1) {
            *slot = within(places)?;
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
        let near = places.iter().flatten().all(|places| places > -FAR);
        if near && numbers.values().iter().all(|number| T::is_finite(*number)) {
            return Ok(made);
        }
        let values = values.to_array(rows)?;
        let Some(values) = values.as_primitive_opt::<T>() else {
            return Ok(made);
        };
        let cuts = self.name() == "trunc";
        let right: PrimitiveArray<T> = numbers
            .iter()
            .zip(values)
            .zip(places)
            .map(|((number, value), places)| right::<T>(cuts, (number?, value?), places?))
            .collect();
        Ok(match made {
            ColumnarValue::Array(_) => ColumnarValue::Array(Arc::new(right)),
            ColumnarValue::Scalar(_) => {
                ColumnarValue::Scalar(ScalarValue::try_from_array(&right, 0)?)
            }
        })
    }
}

/// What is right for a value to so many places, where the engine made `number` of it.
fn right<T: Floating>(
    cuts: bool,
    (number, value): (T::Native, T::Native),
    places: i64,
) -> Option<T::Native> {
    if !T::is_finite(value) {
        return Some(value);
    }
    if places > -FAR && T::is_finite(number) {
        return Some(number);
    }
    // By its digits, which end.
    let of = |places: i64| usize::try_from(places.unsigned_abs()).map_or(DIGITS, |n| n.min(DIGITS));
    if places < 0 {
        return T::read(&left(cuts, &format!("{value:.DIGITS$}"), of(places))?);
    }
    if cuts {
        let digits = format!("{value:.DIGITS$}");
        let point = digits.find('.')?;
        T::read(digits.get(..=point.saturating_add(of(places)))?)
    } else {
        let places = of(places);
        T::read(&format!("{value:.places$}"))
    }
}

/// A number that is written out whole, cut or rounded `places` left of its point: a half goes away from zero, as in the engine.
fn left(cuts: bool, digits: &str, places: usize) -> Option<String> {
    let (sign, digits) = match digits.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", digits),
    };
    let (whole, _) = digits.split_once('.')?;
    // One more digit in front, which rounding may need.
    let whole = format!(
        "{}{whole}",
        "0".repeat(places.saturating_add(1).saturating_sub(whole.len()))
    );
    let (head, tail) = whole.split_at_checked(whole.len().saturating_sub(places))?;
    let up = !cuts && tail.starts_with(['5', '6', '7', '8', '9']);
    let head = if up { next(head) } else { head.to_owned() };
    Some(format!("{sign}{head}{}", "0".repeat(places)))
}

/// The whole number after that one.
fn next(digits: &str) -> String {
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

/// From so many places left of the point on a number is rounded by its digits: the engine's factor is none of its type.
const FAR: i64 = 16;

/// A floating-point number of 64 bits has no more digits behind the point.
const DIGITS: usize = 1074;

/// The places, as far as numbers have any.
fn within(places: &ColumnarValue) -> Result<ColumnarValue> {
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
