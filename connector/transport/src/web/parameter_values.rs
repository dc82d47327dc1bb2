//! Values of the parameters of saved queries: text in a request, converted to their types before planning.

use super::ClientSavedQuery;
use super::problem::WebError;
use arrow_array::{
    ArrayRef, BooleanArray, Date32Array, Decimal128Array, Float64Array, Int64Array, NullArray,
    RecordBatch, StringArray, TimestampMicrosecondArray,
};
use hansa_catalog::{ColumnType, ParameterValue, SavedQueryParameter};
use hansa_policy::refusal::{ErrorCode, Refusal};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;

fn to_column(value: ParameterValue) -> ArrayRef {
    match value {
        ParameterValue::Text(text) => Arc::new(StringArray::from(vec![text])),
        ParameterValue::Int(number) => Arc::new(Int64Array::from(vec![number])),
        ParameterValue::Float(number) => Arc::new(Float64Array::from(vec![number])),
        ParameterValue::Decimal { units, kind } => {
            let column = Decimal128Array::from(vec![units]);
            Arc::new(column.with_data_type(ColumnType::Decimal(kind).to_arrow()))
        }
        ParameterValue::Bool(value) => Arc::new(BooleanArray::from(vec![value])),
        ParameterValue::Date(day) => Arc::new(Date32Array::from(vec![day])),
        ParameterValue::Instant(instant) => {
            let column = TimestampMicrosecondArray::from(vec![instant.micros()]);
            Arc::new(column.with_timezone("UTC"))
        }
    }
}

/// Single row of a saved query's values, taken out of the request's parameters; none without parameters.
///
/// # Errors
/// `USAGE` when a value is missing or not of its type.
pub(super) fn of_request(
    query: &ClientSavedQuery,
    given: &mut BTreeMap<String, String>,
) -> Result<Option<RecordBatch>, WebError> {
    let mut columns = Vec::new();
    for parameter in &query.query.parameters {
        let value = given.remove(parameter.name.as_str());
        let value = value.or_else(|| parameter.default.clone()).ok_or_else(|| {
            let sentence = format!("the parameter `{}` is missing", parameter.name);
            let refusal = Refusal::new(ErrorCode::UsageWrong, sentence);
            let what = parameter.description.as_deref().unwrap_or("its value");
            refusal.with_help(format!("{what}: write {}", parameter.spelling()))
        })?;
        let value = to_column(parameter.read_value(&value)?);
        columns.push((parameter.name.to_string(), value));
    }
    to_row(columns)
}

/// Single row of the values in a body, in their order.
///
/// # Errors
/// `USAGE` when a value is not a text, a number, a Boolean or null.
pub(super) fn of_body(values: &[Value]) -> Result<Option<RecordBatch>, WebError> {
    let mut columns = Vec::new();
    for (number, value) in (1_usize..).zip(values) {
        let column: Option<ArrayRef> = match value {
            Value::Null => Some(Arc::new(NullArray::new(1))),
            Value::Bool(value) => Some(Arc::new(BooleanArray::from(vec![*value]))),
            Value::String(text) => {
                let fits = text.chars().count() <= SavedQueryParameter::LONGEST_VALUE
                    && !text.contains('\0');
                fits.then(|| -> ArrayRef { Arc::new(StringArray::from(vec![text.as_str()])) })
            }
            Value::Number(number) => match (number.as_i64(), number.as_f64()) {
                (Some(whole), _) => Some(Arc::new(Int64Array::from(vec![whole]))),
                (None, Some(number)) if number.is_finite() => {
                    Some(Arc::new(Float64Array::from(vec![number])))
                }
                (None, _) => None,
            },
            Value::Array(_) | Value::Object(_) => None,
        };
        let column = column.ok_or_else(|| {
            let sentence = format!("the value of parameter {number} can't stand in a statement");
            let refusal = Refusal::new(ErrorCode::UsageWrong, sentence);
            refusal.with_help("send text, a number, true, false or null")
        })?;
        columns.push((format!("${number}"), column));
    }
    to_row(columns)
}

fn to_row(columns: Vec<(String, ArrayRef)>) -> Result<Option<RecordBatch>, WebError> {
    if columns.is_empty() {
        return Ok(None);
    }
    let columns = columns
        .into_iter()
        .map(|(name, column)| (name, column, true));
    let row = RecordBatch::try_from_iter_with_nullable(columns);
    row.map(Some).map_err(|cause| {
        Refusal::new(ErrorCode::Internal, "parameters can't be put together")
            .caused_by(cause)
            .into()
    })
}
