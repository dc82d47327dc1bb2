//! Descriptions of columns, and requirements of formats on columns.

use arrow_array::RecordBatch;
use arrow_array::cast::AsArray as _;
use arrow_array::types::{Float32Type, Float64Type};
use arrow_schema::{ArrowError, DataType, Schema};
use hansa_catalog::ColumnType;
use hansa_policy::refusal::{ErrorCode, Refusal};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Columns with their types, in the words of the catalogue where it has one.
pub(crate) fn describe_columns(columns: &Schema) -> Value {
    let columns = columns
        .fields()
        .iter()
        .map(|field| json!({"name": field.name(), "type": type_word(field.data_type())}));
    columns.collect()
}

/// Word of a type.
pub(crate) fn type_word(data_type: &DataType) -> String {
    match data_type {
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => "text".to_owned(),
        DataType::Boolean => "bool".to_owned(),
        DataType::Date32 | DataType::Date64 => "date".to_owned(),
        DataType::Timestamp(_, Some(_)) => "instant".to_owned(),
        integer if integer.is_integer() => "int".to_owned(),
        float if float.is_floating() => "float".to_owned(),
        other => {
            ColumnType::of_arrow(other).map_or_else(|| other.to_string(), |kind| kind.to_string())
        }
    }
}

/// Reads of an answer, from the metadata of its columns.
pub(crate) fn answer_reads(columns: &Schema) -> Value {
    let text = columns.metadata().get("hansa.reads");
    text.and_then(|text| serde_json::from_str(text).ok())
        .unwrap_or_else(|| json!([]))
}

/// Checks that all columns have distinct names.
///
/// # Errors
/// `USAGE` with the duplicate name.
pub(super) fn check_distinct_names(columns: &Schema) -> Result<(), Refusal> {
    let mut names = BTreeSet::new();
    match columns
        .fields()
        .iter()
        .find(|field| !names.insert(field.name()))
    {
        None => Ok(()),
        Some(field) => Err(Refusal::new(
            ErrorCode::UsageWrong,
            format!(
                "two columns are named `{}`, and JSON keeps one of them",
                field.name()
            ),
        )
        .with_help("give each a name of its own with AS, or ask for csv")),
    }
}

/// Checks that JSON can represent all numbers.
///
/// # Errors
/// `EVALUATION_FAILED` with the column.
pub(super) fn check_finite_numbers(rows: &RecordBatch) -> Result<(), Refusal> {
    for (field, column) in rows.schema_ref().fields().iter().zip(rows.columns()) {
        let is_finite = match field.data_type() {
            DataType::Float64 => {
                let column = column.as_primitive::<Float64Type>();
                column.iter().flatten().all(f64::is_finite)
            }
            DataType::Float32 => {
                let column = column.as_primitive::<Float32Type>();
                column.iter().flatten().all(f32::is_finite)
            }
            _ => true,
        };
        if !is_finite {
            return Err(Refusal::new(
                ErrorCode::EvaluationFailed,
                format!("the column `{}` holds what is no number", field.name()),
            )
            .with_help("JSON has no word for it: guard the expression, or ask for csv"));
        }
    }
    Ok(())
}

/// Rows as JSON objects, one a line.
pub(crate) fn json_lines(rows: &RecordBatch) -> Result<Vec<u8>, Refusal> {
    check_finite_numbers(rows)?;
    let mut writer = arrow_json::WriterBuilder::new()
        .with_explicit_nulls(true)
        .build::<_, arrow_json::writer::LineDelimited>(Vec::new());
    writer.write(rows).map_err(unwritten_rows_refusal)?;
    writer.finish().map_err(unwritten_rows_refusal)?;
    Ok(writer.into_inner())
}

pub(super) fn unwritten_rows_refusal(cause: ArrowError) -> Refusal {
    Refusal::new(ErrorCode::Internal, "rows can't be written").caused_by(cause)
}
