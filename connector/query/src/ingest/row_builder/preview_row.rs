//! Rows of a preview, with the text of the file.

use crate::ingest::field_value::{RawField, TypedValue};

/// Row in its published form.
#[derive(Debug, Clone, PartialEq)]
pub struct PreviewRow {
    /// Line number, from 1.
    pub line: u64,
    /// Cell of each column.
    pub cells: Vec<PreviewCell>,
}

/// Value with the text from which it was converted.
#[derive(Debug, Clone, PartialEq)]
pub struct PreviewCell {
    /// Text in the file, if there is one.
    pub source: Option<String>,
    /// Published value, or the reason why the text can't be read.
    pub value: Result<TypedValue, String>,
}

impl PreviewCell {
    /// Creates a cell.
    pub(super) fn new<E: ToString>(raw: RawField<'_>, value: &Result<TypedValue, E>) -> Self {
        let value = match value {
            Ok(value) => Ok(value.clone()),
            Err(why) => Err(why.to_string()),
        };
        Self {
            source: (raw != RawField::Null).then(|| raw.display_text()),
            value,
        }
    }
}
