//! One object of JSON for each row, each on a line.

use super::AnswerWriter;
use super::column_rules::{distinct, json_lines};
use arrow_array::RecordBatch;
use arrow_schema::Schema;
use hansa_policy::refusal::Refusal;

/// Writes them.
#[derive(Debug)]
pub(crate) struct JsonLinesWriter(());

impl JsonLinesWriter {
    /// Rows of these columns.
    ///
    /// # Errors
    /// `USAGE` where two have one name.
    pub(crate) fn new(columns: &Schema) -> Result<Self, Refusal> {
        distinct(columns)?;
        Ok(Self(()))
    }
}

impl AnswerWriter for JsonLinesWriter {
    fn begin(&mut self, _out: &mut Vec<u8>) -> Result<(), Refusal> {
        Ok(())
    }

    fn rows(&mut self, rows: &RecordBatch, out: &mut Vec<u8>) -> Result<(), Refusal> {
        let lines = json_lines(rows)?;
        out.extend_from_slice(&lines);
        if !lines.is_empty() && !lines.ends_with(b"\n") {
            out.push(b'\n');
        }
        Ok(())
    }

    fn end(&mut self, _out: &mut Vec<u8>) -> Result<(), Refusal> {
        Ok(())
    }
}
