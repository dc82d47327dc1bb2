//! JSON values as fields of a row.

use crate::ingest::config::SourceConfig;
use crate::ingest::field_value::RawField;
use crate::ingest::json_reader::JsonValue;

/// The texts of values that are nested, each at its place; a field that borrows one lives as long as the row.
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

/// A value as a field, with the text of it where it is nested.
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
