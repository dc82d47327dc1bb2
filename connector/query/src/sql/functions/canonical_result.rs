//! Functions whose floating-point results are made canonical.

use crate::sql::functions::adapted_function::{CallAdapter, adapt_calls};
use datafusion_common::Result;
use datafusion_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDF};
use hansa_enforcement::canonical_float::canonical_value;
use std::sync::Arc;

/// Functions that can return -0 or another NaN for canonical arguments.
const MAKING: &str = "\
    abs acos acosh asin asinh atan atan2 atanh cbrt ceil cos cosh cot degrees exp floor ln log log10 log2 nanvl pow \
    power radians round signum sin sinh sqrt tan tanh trunc";

/// Makes the floating-point results of `function` canonical, if it has any.
pub(super) fn adapt_function(function: &Arc<ScalarUDF>) -> Arc<ScalarUDF> {
    match MAKING.split(' ').any(|name| name == function.name()) {
        true => adapt_calls(function, CanonicalResult),
        false => Arc::clone(function),
    }
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct CanonicalResult;

impl CallAdapter for CanonicalResult {
    fn call(&self, engine: &ScalarUDF, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        engine.invoke_with_args(args).map(canonical_value)
    }
}
