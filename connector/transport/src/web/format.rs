//! Formats of rows: a streaming writer for each, which buffers no more than the given rows.

pub(super) mod arrow_stream;
pub(super) mod column_rules;
pub(crate) mod csv;
pub(crate) mod geojson;
pub(super) mod json;
pub(super) mod json_lines;
pub(super) mod row_pages;
pub(crate) mod workbook;
mod zip_file;

use arrow_array::RecordBatch;
use hansa_policy::refusal::Refusal;

/// Writer of an answer. Each function appends to `out`.
pub trait AnswerWriter: Send {
    /// Writes the part before the rows.
    ///
    /// # Errors
    /// The reason why it can't be written.
    fn write_begin(&mut self, out: &mut Vec<u8>) -> Result<(), Refusal>;

    /// Writes rows.
    ///
    /// # Errors
    /// The reason why they can't be written, such as a value without a representation in the format.
    fn write_rows(&mut self, rows: &RecordBatch, out: &mut Vec<u8>) -> Result<(), Refusal>;

    /// Writes the part after the last row; called only for a complete answer.
    ///
    /// # Errors
    /// The reason why it can't be written.
    fn write_end(&mut self, out: &mut Vec<u8>) -> Result<(), Refusal>;
}

/// Number of bytes in the type of HTTP headers.
pub(super) fn byte_length(bytes: usize) -> u64 {
    u64::try_from(bytes).unwrap_or(u64::MAX)
}
