//! Floating-point numbers with a single zero and a single NaN.
//!
//! Arrow compares, hashes and sorts numbers by IEEE 754-2019, section 5.10 (totalOrder), where -0 and 0 differ, and so do NaN
//! values with and without a sign. In SQL they are equal. So every number is made canonical when it is read or computed.

use datafusion_common::arrow::array::{
    Array, ArrayRef, ArrowPrimitiveType, AsArray, PrimitiveArray,
};
use datafusion_common::arrow::datatypes::{DataType, FieldRef, Float32Type, Float64Type};
use datafusion_common::{Result, ScalarValue, exec_err};
use datafusion_expr::{
    ColumnarValue, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
    Volatility,
};
use std::sync::Arc;

/// Canonical form of the number.
#[must_use]
pub const fn canonical_float(number: f64) -> f64 {
    if number.is_nan() {
        f64::NAN
    } else {
        // The addition turns -0 into 0.
        number + 0.0
    }
}

/// Column with canonical numbers; a column of another type is unchanged.
#[must_use]
pub fn canonical_floats(column: &ArrayRef) -> ArrayRef {
    match column.data_type() {
        DataType::Float64 => canonical_array::<Float64Type>(column, is_canonical, canonical_float),
        DataType::Float32 => canonical_array::<Float32Type>(
            column,
            |number| number.to_bits() != NEGATIVE_ZERO && !number.is_nan(),
            |number| {
                if number.is_nan() {
                    f32::NAN
                } else {
                    number + 0.0
                }
            },
        ),
        _ => Arc::clone(column),
    }
}

/// Scalar value with a canonical number; a value of another type is unchanged.
#[must_use]
pub fn canonical_scalar(value: ScalarValue) -> ScalarValue {
    match value {
        ScalarValue::Float64(Some(number)) => ScalarValue::Float64(Some(canonical_float(number))),
        ScalarValue::Float32(Some(number)) => ScalarValue::Float32(Some(match number.is_nan() {
            true => f32::NAN,
            false => number + 0.0,
        })),
        other => other,
    }
}

/// Column or scalar value with canonical numbers.
#[must_use]
pub fn canonical_value(value: ColumnarValue) -> ColumnarValue {
    match value {
        ColumnarValue::Array(column) => ColumnarValue::Array(canonical_floats(&column)),
        ColumnarValue::Scalar(value) => ColumnarValue::Scalar(canonical_scalar(value)),
    }
}

const NEGATIVE_ZERO: u32 = 0x8000_0000;

const fn is_canonical(number: f64) -> bool {
    !number.is_nan() && number.to_bits() != 0x8000_0000_0000_0000
}

fn canonical_array<T: ArrowPrimitiveType>(
    column: &ArrayRef,
    is_canonical: impl Fn(T::Native) -> bool,
    canonical: impl Fn(T::Native) -> T::Native,
) -> ArrayRef {
    let numbers: &PrimitiveArray<T> = column.as_primitive::<T>();
    // Most columns contain canonical numbers only, and are not copied.
    if numbers.values().iter().all(|number| is_canonical(*number)) {
        return Arc::clone(column);
    }
    Arc::new(numbers.unary::<_, T>(canonical))
}

/// Function that makes the numbers of its argument canonical.
#[must_use]
pub fn canonical_function() -> Arc<ScalarUDF> {
    Arc::new(ScalarUDF::from(CanonicalFloatFunction {
        signature: Signature::any(1, Volatility::Immutable),
    }))
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct CanonicalFloatFunction {
    signature: Signature,
}

impl ScalarUDFImpl for CanonicalFloatFunction {
    fn name(&self) -> &'static str {
        "canonical_float"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, arguments: &[DataType]) -> Result<DataType> {
        match arguments {
            [number] => Ok(number.clone()),
            _ => exec_err!("one argument"),
        }
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs<'_>) -> Result<FieldRef> {
        match args.arg_fields {
            [number] => Ok(FieldRef::clone(number)),
            _ => exec_err!("one argument"),
        }
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        match <[ColumnarValue; 1]>::try_from(args.args) {
            Ok([number]) => Ok(canonical_value(number)),
            Err(_) => exec_err!("one argument"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use datafusion_common::arrow::array::{Float32Array, Float64Array, Int64Array};

    #[test]
    fn there_is_one_zero_and_one_nan() {
        let negative_nan = f64::from_bits(0xFFF8_0000_0000_0001);
        let numbers: ArrayRef = Arc::new(Float64Array::from(vec![
            Some(-0.0),
            Some(0.0),
            Some(negative_nan),
            Some(f64::NAN),
            None,
            Some(-1.5),
            Some(f64::NEG_INFINITY),
        ]));
        let canonical = canonical_floats(&numbers);
        let bits: Vec<Option<u64>> = canonical
            .as_primitive::<Float64Type>()
            .iter()
            .map(|number| number.map(f64::to_bits))
            .collect();
        let expected = [
            Some(0.0),
            Some(0.0),
            Some(f64::NAN),
            Some(f64::NAN),
            None,
            Some(-1.5),
            Some(f64::NEG_INFINITY),
        ];
        assert_eq!(bits, expected.map(|number| number.map(f64::to_bits)));
        let short: ArrayRef = Arc::new(Float32Array::from(vec![-0.0_f32, -f32::NAN]));
        let short = canonical_floats(&short);
        let short = short.as_primitive::<Float32Type>();
        assert_eq!(short.value(0).to_bits(), 0);
        assert_eq!(short.value(1).to_bits(), f32::NAN.to_bits());
        let whole: ArrayRef = Arc::new(Int64Array::from(vec![0]));
        assert_eq!(&canonical_floats(&whole), &whole);
    }
}
