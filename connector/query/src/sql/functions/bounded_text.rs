//! Text functions with potentially large or slow results, and a limit for each call.

use crate::engine_error;
use crate::sql::functions::adapted_function::{CallAdapter, adapt_calls};
use datafusion::arrow::array::{Array, AsArray};
use datafusion::arrow::datatypes::{DataType, Int64Type};
use datafusion_common::{Result, ScalarValue};
use datafusion_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDF};
use hansa_policy::refusal::{ErrorCode, Refusal};
use std::sync::Arc;

/// Maximum size of one value from `repeat`, `lpad`, `rpad` and `to_char`, in bytes.
pub const VALUE: i64 = 100_000;

/// Maximum size of one stored or computed text in a question, in bytes. A batch of such texts can be written out even if they are
/// shared views.
pub const TEXT: usize = 256 * 1024 - 1;

/// Maximum result size of one call for a batch, in bytes.
pub const BATCH: usize = 64 * 1024 * 1024;

/// Adds limits to `function` if its results can be large.
#[must_use]
pub fn adapt_function(function: &Arc<ScalarUDF>) -> Arc<ScalarUDF> {
    let growth = match function.name() {
        "repeat" | "lpad" | "rpad" => OutputGrowth::Count,
        "replace" | "regexp_replace" | "translate" => OutputGrowth::Product,
        "concat" | "concat_ws" | "overlay" => OutputGrowth::Sum,
        // `date_format` is an alias.
        "to_char" => OutputGrowth::Format,
        "levenshtein" => OutputGrowth::Pairs,
        _ => return Arc::clone(function),
    };
    adapt_calls(function, growth)
}

/// Maximum size in bytes for one character of a format: `%c` is a date of 24 bytes.
const LETTER: usize = 16;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum OutputGrowth {
    /// The second argument is the length of the result or the number of repetitions.
    Count,
    /// Each character can be replaced by the last argument.
    Product,
    /// The result is a concatenation of the arguments.
    Sum,
    /// The second argument is a format, of which each character can become a complete date.
    Format,
    /// The result is small, but each character of one text is compared with each character of the other.
    Pairs,
}

impl OutputGrowth {
    /// Checks a call of the function `name` against the limits.
    fn fits(self, name: &str, args: &ScalarFunctionArgs) -> bool {
        let rows = args.number_rows.max(1);
        let widths: Vec<usize> = args.args.iter().map(longest_value_bytes).collect();
        let batch = match self {
            Self::Count => {
                let count = args.args.get(1).map_or(0, largest_integer);
                if count > VALUE {
                    return false;
                }
                let count = usize::try_from(count.max(0)).unwrap_or(usize::MAX);
                let one = if name == "repeat" {
                    let text = widths.first().copied().unwrap_or(0);
                    if text.saturating_mul(count) > usize::try_from(VALUE).unwrap_or(0) {
                        return false;
                    }
                    text.saturating_mul(count)
                } else {
                    count.saturating_mul(4)
                };
                one.saturating_mul(rows)
            }
            Self::Product => {
                let text = args.args.first().map_or(0, |text| total_bytes(text, rows));
                let with = args.args.get(2).map_or(0, longest_value_bytes);
                let pattern_can_be_empty = rows;
                text.saturating_add(pattern_can_be_empty)
                    .saturating_mul(with.saturating_add(1))
            }
            Self::Sum => {
                // The first argument of concat_ws is the separator between all others.
                let between = args.args.first().map_or(0, longest_value_bytes);
                args.args
                    .iter()
                    .map(|argument| {
                        total_bytes(argument, rows).saturating_add(between.saturating_mul(rows))
                    })
                    .fold(0_usize, usize::saturating_add)
            }
            Self::Format => {
                let format = args.args.get(1).map_or(0, longest_value_bytes);
                let most = usize::try_from(VALUE).unwrap_or(0);
                if format.saturating_mul(LETTER) > most {
                    return false;
                }
                let all = args
                    .args
                    .get(1)
                    .map_or(0, |format| total_bytes(format, rows));
                all.saturating_mul(LETTER)
            }
            Self::Pairs => {
                let text = args.args.first().map_or(0, |text| total_bytes(text, rows));
                text.saturating_mul(args.args.get(1).map_or(0, longest_value_bytes))
            }
        };
        batch <= BATCH
    }
}

impl CallAdapter for OutputGrowth {
    fn call(&self, engine: &ScalarUDF, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        if self.fits(engine.name(), &args) {
            check_text_length(engine.invoke_with_args(args)?)
        } else if *self == Self::Pairs {
            Err(engine_error::wrap_refusal(Refusal::new(
                ErrorCode::ResourceLimit,
                format!("`{}` would compare texts that are too long", engine.name()),
            )))
        } else {
            Err(engine_error::wrap_refusal(too_large()))
        }
    }
}

/// Refusal for a value above the limits.
#[must_use]
pub fn too_large() -> Refusal {
    Refusal::new(
        ErrorCode::ResourceLimit,
        format!("a text function would make a value of more than {VALUE} bytes, or too many such"),
    )
}

/// Checks that no result is longer than [`TEXT`].
///
/// # Errors
/// `RESOURCE_LIMIT`.
pub fn check_text_length(made: ColumnarValue) -> Result<ColumnarValue> {
    if longest_value_bytes(&made) > TEXT {
        return Err(engine_error::wrap_refusal(too_large()));
    }
    Ok(made)
}

/// Size of the longest value, in bytes.
fn longest_value_bytes(argument: &ColumnarValue) -> usize {
    match argument {
        ColumnarValue::Scalar(value) => text_of(value).map_or(0, str::len),
        ColumnarValue::Array(array) => match array.data_type() {
            DataType::Utf8 => array
                .as_string::<i32>()
                .iter()
                .flatten()
                .map(str::len)
                .max()
                .unwrap_or(0),
            DataType::LargeUtf8 => array
                .as_string::<i64>()
                .iter()
                .flatten()
                .map(str::len)
                .max()
                .unwrap_or(0),
            DataType::Utf8View => array
                .as_string_view()
                .iter()
                .flatten()
                .map(str::len)
                .max()
                .unwrap_or(0),
            _ => 32,
        },
    }
}

/// Size of all values in a batch of `rows`, in bytes.
pub(super) fn total_bytes(argument: &ColumnarValue, rows: usize) -> usize {
    match argument {
        ColumnarValue::Scalar(value) => text_of(value).map_or(32, str::len).saturating_mul(rows),
        ColumnarValue::Array(array) => match array.data_type() {
            DataType::Utf8 => array
                .as_string::<i32>()
                .iter()
                .flatten()
                .map(str::len)
                .sum(),
            DataType::LargeUtf8 => array
                .as_string::<i64>()
                .iter()
                .flatten()
                .map(str::len)
                .sum(),
            DataType::Utf8View => array.as_string_view().iter().flatten().map(str::len).sum(),
            _ => rows.saturating_mul(32),
        },
    }
}

fn text_of(value: &ScalarValue) -> Option<&str> {
    value.try_as_str().flatten()
}

/// Maximum of an argument. Any value other than a 64-bit integer counts as too large.
fn largest_integer(argument: &ColumnarValue) -> i64 {
    match argument {
        ColumnarValue::Scalar(ScalarValue::Int64(count)) => count.unwrap_or(0),
        ColumnarValue::Array(array) if *array.data_type() == DataType::Int64 => array
            .as_primitive::<Int64Type>()
            .iter()
            .flatten()
            .max()
            .unwrap_or(0),
        ColumnarValue::Scalar(_) | ColumnarValue::Array(_) => i64::MAX,
    }
}
