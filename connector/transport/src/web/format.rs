//! The forms in which rows leave: a writer for each, which holds no more than the rows that it is given.

pub(super) mod column_rules;
pub(super) mod csv;
pub(super) mod geojson;
pub(super) mod json;
pub(super) mod workbook;
mod zip_file;

use arrow_array::RecordBatch;
use hansa_policy::refusal::Refusal;

/// Writes an answer, piece by piece, each to the end of `out`.
pub(super) trait AnswerWriter: Send {
    /// What stands before the rows.
    fn begin(&mut self, out: &mut Vec<u8>) -> Result<(), Refusal>;

    /// Rows.
    fn rows(&mut self, rows: &RecordBatch, out: &mut Vec<u8>) -> Result<(), Refusal>;

    /// What stands behind the last row; written of a whole answer alone.
    fn end(&mut self, out: &mut Vec<u8>) -> Result<(), Refusal>;
}
