//! Replacement texts of `regexp_replace` in the notation of PostgreSQL (manual, 9.7.3): `\1` to `\9` are groups, `\&` is the match,
//! `\\` is a backslash, and a dollar is literal. The engine interprets a dollar as the start of a group name (DataFusion 55.2).

use crate::sql::functions::adapted_function::{CallAdapter, adapt_calls};
use datafusion::arrow::array::{ArrayRef, StringArray};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::DataType;
use datafusion_common::cast::as_string_array;
use datafusion_common::{Result, ScalarValue};
use datafusion_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDF};
use std::sync::Arc;

/// Adapts `regexp_replace` to replacement texts of PostgreSQL. Other functions are unchanged.
pub(super) fn adapt_function(function: &Arc<ScalarUDF>) -> Arc<ScalarUDF> {
    match function.name() {
        "regexp_replace" => adapt_calls(function, PostgresReplacement),
        _ => Arc::clone(function),
    }
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct PostgresReplacement;

impl CallAdapter for PostgresReplacement {
    fn call(&self, engine: &ScalarUDF, mut args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        if let Some(replacement) = args.args.get_mut(2) {
            *replacement = translate_replacements(replacement)?;
        }
        engine.invoke_with_args(args)
    }
}

/// Replacement texts in the engine's notation.
fn translate_replacements(replacement: &ColumnarValue) -> Result<ColumnarValue> {
    let kind = replacement.data_type();
    if !kind.is_string() {
        return Ok(replacement.clone());
    }
    let texts = replacement.to_array(1)?;
    let texts = cast(&texts, &DataType::Utf8)?;
    let texts = as_string_array(&texts)?.iter();
    let texts: StringArray = texts.map(|text| text.map(translate_replacement)).collect();
    let texts: ArrayRef = cast(&texts, &kind)?;
    Ok(match replacement {
        ColumnarValue::Scalar(_) => ColumnarValue::Scalar(ScalarValue::try_from_array(&texts, 0)?),
        ColumnarValue::Array(_) => ColumnarValue::Array(texts),
    })
}

fn translate_replacement(text: &str) -> String {
    let mut written = String::with_capacity(text.len());
    let mut rest = text.chars().peekable();
    while let Some(letter) = rest.next() {
        match (letter, rest.peek()) {
            ('\\', Some(group @ '1'..='9')) => {
                written.push_str("${");
                written.push(*group);
                written.push('}');
                rest.next();
            }
            ('\\', Some('&')) => {
                written.push_str("${0}");
                rest.next();
            }
            ('\\', next) => {
                if next == Some(&'\\') {
                    rest.next();
                }
                // The engine reads a backslash with digits as a group. This name of a missing group inserts nothing and separates
                // them.
                written.push_str("\\${_}");
            }
            ('$', _) => written.push_str("$$"),
            (letter, _) => written.push(letter),
        }
    }
    written
}
