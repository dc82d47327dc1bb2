//! Totals of integers that can't overflow before disclosure is decided. A hidden total must not fail the question, since the
//! failure would disclose its size.

use datafusion_common::arrow::array::{ArrayRef, AsArray, Int64Builder};
use datafusion_common::arrow::datatypes::{DataType, Decimal128Type};
use datafusion_common::{DataFusionError, Result, exec_err};
use datafusion_expr::{
    ColumnarValue, Expr, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};
use hansa_policy::refusal::{ErrorCode, Refusal};
use std::sync::Arc;

/// Type of integer sums before disclosure. No sum of fewer than 2^63 integers exceeds it.
pub const WHOLE: DataType = DataType::Decimal128(38, 0);

/// Expression for `total`, of type [`WHOLE`], as an integer where it is `disclosed`, and NULL elsewhere.
#[must_use]
pub fn integer_total_expr(disclosed: Expr, total: Expr) -> Expr {
    let function = IntegerTotalFunction {
        signature: Signature::exact(vec![DataType::Boolean, WHOLE], Volatility::Immutable),
    };
    ScalarUDF::from(function).call(vec![disclosed, total])
}

/// Refusal of a total that exceeds its type.
#[must_use]
pub fn total_overflow_refusal() -> Refusal {
    Refusal::new(
        ErrorCode::SumOverflow,
        "a sum is beyond the range of its type, so no correct number can be shown",
    )
    .with_help("sum fewer rows at once, or sum(CAST(… AS DECIMAL(28, 0)))")
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct IntegerTotalFunction {
    signature: Signature,
}

impl ScalarUDFImpl for IntegerTotalFunction {
    fn name(&self) -> &'static str {
        "whole"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _arguments: &[DataType]) -> Result<DataType> {
        Ok(DataType::Int64)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let arrays = ColumnarValue::values_to_arrays(&args.args)?;
        let (Some(reported), Some(totals)) = (
            arrays
                .first()
                .and_then(|reported| reported.as_boolean_opt()),
            arrays
                .get(1)
                .and_then(|totals| totals.as_primitive_opt::<Decimal128Type>()),
        ) else {
            return exec_err!("a total of integers, and whether it is told");
        };
        let mut made = Int64Builder::with_capacity(totals.len());
        for (reported, total) in reported.iter().zip(totals) {
            let total = total.filter(|_| reported == Some(true));
            let narrow = total.map(i64::try_from).transpose();
            // The error says only that the total does not fit.
            made.append_option(
                narrow
                    .map_err(|_| DataFusionError::External(Box::new(total_overflow_refusal())))?,
            );
        }
        let made: ArrayRef = Arc::new(made.finish());
        Ok(ColumnarValue::Array(made))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use datafusion_common::arrow::array::{BooleanArray, Decimal128Array};
    use datafusion_common::arrow::datatypes::Field;
    use datafusion_common::config::ConfigOptions;

    fn made(reported: Vec<Option<bool>>, totals: Vec<Option<i128>>) -> Result<Vec<Option<i64>>> {
        let rows = totals.len();
        let reported: ArrayRef = Arc::new(BooleanArray::from(reported));
        let totals = Decimal128Array::from(totals).with_data_type(WHOLE);
        let totals: ArrayRef = Arc::new(totals);
        let field = |kind| Arc::new(Field::new("x", kind, true));
        let Expr::ScalarFunction(call) = integer_total_expr(
            datafusion_expr::lit(true),
            datafusion_expr::lit(datafusion_common::ScalarValue::Null),
        ) else {
            panic!("a call");
        };
        let made = call.func.invoke_with_args(ScalarFunctionArgs {
            args: vec![ColumnarValue::Array(reported), ColumnarValue::Array(totals)],
            arg_fields: vec![field(DataType::Boolean), field(WHOLE)],
            number_rows: rows,
            return_field: field(DataType::Int64),
            config_options: Arc::new(ConfigOptions::default()),
        })?;
        let made = made.into_array(rows)?;
        Ok(made
            .as_primitive::<datafusion_common::arrow::datatypes::Int64Type>()
            .iter()
            .collect())
    }

    #[test]
    fn a_total_that_is_not_reported_fails_nothing() {
        let edge = i128::from(i64::MAX);
        let totals = vec![Some(edge), Some(-edge - 1), Some(edge + 1), Some(1), None];
        let reported = vec![Some(true), Some(true), Some(false), None, Some(true)];
        let expected = vec![Some(i64::MAX), Some(i64::MIN), None, None, None];
        assert_eq!(made(reported, totals.clone()).unwrap(), expected);
        let error = made(vec![Some(true); 5], totals).unwrap_err();
        let DataFusionError::External(inner) = error else {
            panic!("{error}");
        };
        let refusal = inner.downcast_ref::<Refusal>().unwrap();
        assert_eq!(refusal.code, ErrorCode::SumOverflow);
        assert!(!refusal.to_string().contains("922337"), "{refusal}");
    }
}
