//! The forms in which rows leave: a writer for each, which holds no more than the rows that it is given.

pub(super) mod arrow_stream;
pub(super) mod column_rules;
pub(super) mod csv;
pub(super) mod geojson;
pub(super) mod json;
pub(super) mod json_lines;
pub(super) mod row_pages;
pub(super) mod workbook;
mod zip_file;

use arrow_array::RecordBatch;
use hansa_policy::refusal::Refusal;

/// Writes an answer, piece by piece, each to the end of `out`.
pub trait AnswerWriter: Send {
    /// What stands before the rows.
    ///
    /// # Errors
    /// Why it can't be written.
    fn begin(&mut self, out: &mut Vec<u8>) -> Result<(), Refusal>;

    /// Rows.
    ///
    /// # Errors
    /// Why they can't be written, such as a value for which the form has no word.
    fn rows(&mut self, rows: &RecordBatch, out: &mut Vec<u8>) -> Result<(), Refusal>;

    /// What stands behind the last row; written of a whole answer alone.
    ///
    /// # Errors
    /// Why it can't be written.
    fn end(&mut self, out: &mut Vec<u8>) -> Result<(), Refusal>;
}

/// Bytes, as a number that HTTP has.
pub(super) fn length(bytes: usize) -> u64 {
    u64::try_from(bytes).unwrap_or(u64::MAX)
}
