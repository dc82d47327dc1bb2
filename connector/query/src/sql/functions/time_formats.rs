//! Time formats in the notation of `strftime`.
//!
//! The engine returns a format without `%` unchanged, so a format of another database would appear as a text in every row
//! (DataFusion 55.2).

use crate::engine_error;
use crate::sql::functions::adapted_function::{CallAdapter, adapt_calls};
use datafusion::arrow::array::Array as _;
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::DataType;
use datafusion_common::cast::as_string_array;
use datafusion_common::{Result, ScalarValue};
use datafusion_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDF};
use hansa_policy::refusal::{ErrorCode, Refusal};
use std::sync::Arc;

/// Makes `function` refuse formats without `%`, if it takes formats.
pub(super) fn adapt_function(function: &Arc<ScalarUDF>) -> Arc<ScalarUDF> {
    match function.name() {
        "to_char"
        | "to_date"
        | "to_timestamp"
        | "to_timestamp_micros"
        | "to_timestamp_millis"
        | "to_timestamp_nanos"
        | "to_timestamp_seconds"
        | "to_unixtime" => adapt_calls(function, CheckedFormats),
        _ => Arc::clone(function),
    }
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct CheckedFormats;

impl CallAdapter for CheckedFormats {
    fn call(&self, engine: &ScalarUDF, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        args.args.iter().skip(1).try_for_each(check_formats)?;
        engine.invoke_with_args(args)
    }
}

fn check_formats(formats: &ColumnarValue) -> Result<()> {
    match formats {
        ColumnarValue::Scalar(
            ScalarValue::Utf8(Some(format))
            | ScalarValue::Utf8View(Some(format))
            | ScalarValue::LargeUtf8(Some(format)),
        ) => check_format(format),
        ColumnarValue::Array(formats) if formats.data_type().is_string() => {
            let formats = cast(formats, &DataType::Utf8)?;
            let formats = as_string_array(&formats)?.iter().flatten();
            formats.into_iter().try_for_each(check_format)
        }
        _ => Ok(()),
    }
}

fn check_format(format: &str) -> Result<()> {
    if format.contains('%') {
        return Ok(());
    }
    let format = format.escape_debug();
    let refusal = Refusal::new(
        ErrorCode::SqlInvalid,
        format!("`{format}` is no format of times: it has no %"),
    );
    let help = "write parts of times as strftime does: '%Y-%m-%d %H:%M'";
    Err(engine_error::wrap_refusal(refusal.with_help(help)))
}
