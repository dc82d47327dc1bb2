//! Check that a scalar subquery has at most one row.

use crate::engine_error;
use datafusion::arrow::array::AsArray;
use datafusion::arrow::datatypes::{DataType, FieldRef, Int64Type};
use datafusion_common::{Result, exec_err};
use datafusion_expr::{
    ColumnarValue, Expr, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
    Volatility,
};

/// Returns `value` if `rows` is at most one.
pub(super) fn only_value(value: Expr, rows: Expr) -> Expr {
    ScalarUDF::from(OnlyValueFunction {
        signature: Signature::any(2, Volatility::Immutable),
    })
    .call(vec![value, rows])
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct OnlyValueFunction {
    signature: Signature,
}

impl ScalarUDFImpl for OnlyValueFunction {
    fn name(&self) -> &'static str {
        "only_value"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, arguments: &[DataType]) -> Result<DataType> {
        match arguments {
            [value, _] => Ok(value.clone()),
            _ => exec_err!("two arguments"),
        }
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs<'_>) -> Result<FieldRef> {
        match args.arg_fields {
            [value, _] => Ok(FieldRef::clone(value)),
            _ => exec_err!("two arguments"),
        }
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let [value, rows] = args.args.as_slice() else {
            return exec_err!("two arguments");
        };
        let counts = rows.to_array(args.number_rows)?;
        let counts = counts.as_primitive::<Int64Type>();
        if counts.iter().flatten().any(|count| count > 1) {
            return Err(engine_error::wrap_refusal(engine_error::several_rows()));
        }
        Ok(value.clone())
    }
}
