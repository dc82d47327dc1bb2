//! JSON values as fields of a row.

use crate::ingest::config::SourceConfig;
use crate::ingest::field_value::RawField;
use crate::ingest::json_reader::JsonValue;

/// Texts of nested values by position. A field borrows its text for the time of a row.
#[must_use]
pub fn nested_texts(values: &[Option<&JsonValue>]) -> Vec<Option<String>> {
    let values = values.iter();
    values
        .map(|value| match value {
            Some(value @ (JsonValue::List(_) | JsonValue::Object(_))) => {
                Some(value.to_compact_text())
            }
            _ => None,
        })
        .collect()
}

/// Field of a JSON value. A nested value is represented by its text.
#[must_use]
pub fn json_field<'f>(
    value: &'f JsonValue,
    nested: Option<&'f String>,
    config: &SourceConfig,
) -> RawField<'f> {
    match (value, nested) {
        (_, Some(text)) => RawField::Text(text),
        (JsonValue::Null | JsonValue::List(_) | JsonValue::Object(_), None) => RawField::Null,
        (JsonValue::Bool(truth), None) => RawField::Bool(*truth),
        (JsonValue::Text(text), None) if config.nulls.contains(text) => RawField::Null,
        (JsonValue::Text(text), None) => RawField::Text(text),
        (JsonValue::Number(digits), None) => RawField::Digits(digits),
    }
}
