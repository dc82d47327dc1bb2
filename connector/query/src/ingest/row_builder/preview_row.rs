//! Rows kept for a look at them, with what stood in the file.

use crate::ingest::field_value::{RawField, TypedValue};

/// A row as it would be published.
#[derive(Debug, Clone, PartialEq)]
pub struct PreviewRow {
    /// Line from 1.
    pub line: u64,
    /// A cell for each column.
    pub cells: Vec<PreviewCell>,
}

/// A cell beside what it was made of.
#[derive(Debug, Clone, PartialEq)]
pub struct PreviewCell {
    /// Text in the file; absent where there is none.
    pub source: Option<String>,
    /// Published value, or the reason why it can't be read.
    pub value: Result<TypedValue, String>,
}

impl PreviewCell {
    /// Keeps a cell.
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
