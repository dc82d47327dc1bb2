//! JSON lines: one object for each row.

use super::AnswerWriter;
use super::column_rules::{check_distinct_names, json_lines};
use arrow_array::RecordBatch;
use arrow_schema::Schema;
use hansa_policy::refusal::Refusal;

/// Writer of JSON lines.
#[derive(Debug)]
pub(crate) struct JsonLinesWriter(());

impl JsonLinesWriter {
    /// Writer for rows of these columns.
    ///
    /// # Errors
    /// `USAGE` when two columns have one name.
    pub(crate) fn new(columns: &Schema) -> Result<Self, Refusal> {
        check_distinct_names(columns)?;
        Ok(Self(()))
    }
}

impl AnswerWriter for JsonLinesWriter {
    fn write_begin(&mut self, _out: &mut Vec<u8>) -> Result<(), Refusal> {
        Ok(())
    }

    fn write_rows(&mut self, rows: &RecordBatch, out: &mut Vec<u8>) -> Result<(), Refusal> {
        let lines = json_lines(rows)?;
        out.extend_from_slice(&lines);
        if !lines.is_empty() && !lines.ends_with(b"\n") {
            out.push(b'\n');
        }
        Ok(())
    }

    fn write_end(&mut self, _out: &mut Vec<u8>) -> Result<(), Refusal> {
        Ok(())
    }
}
