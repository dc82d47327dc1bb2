//! Rows as JSON in pages of equal length, written one after another, with the offset of each page.

use super::AnswerWriter;
use super::column_rules::{check_distinct_names, json_lines};
use arrow_array::RecordBatch;
use arrow_schema::Schema;
use hansa_policy::refusal::Refusal;
use parking_lot::Mutex;
use std::sync::Arc;

/// Number of rows on a page.
pub(crate) const ROWS: usize = 1_000;

/// Writer of pages.
#[derive(Debug)]
pub(crate) struct RowPagesWriter {
    pages: PageBeginnings,
    rows: usize,
    bytes: u64,
}

/// Offsets of the pages, bytes.
pub(crate) type PageBeginnings = Arc<Mutex<Vec<u64>>>;

impl RowPagesWriter {
    /// Writer for rows of these columns, and the list that receives the offsets of the pages.
    ///
    /// # Errors
    /// `USAGE` when two columns have one name.
    pub(crate) fn new(columns: &Schema) -> Result<(Self, PageBeginnings), Refusal> {
        check_distinct_names(columns)?;
        let pages = PageBeginnings::default();
        let writer = Self {
            pages: Arc::clone(&pages),
            rows: 0,
            bytes: 0,
        };
        Ok((writer, pages))
    }
}

impl AnswerWriter for RowPagesWriter {
    fn write_begin(&mut self, _: &mut Vec<u8>) -> Result<(), Refusal> {
        Ok(())
    }

    fn write_rows(&mut self, rows: &RecordBatch, out: &mut Vec<u8>) -> Result<(), Refusal> {
        let before = out.len();
        let written = |out: &Vec<u8>| super::byte_length(out.len().saturating_sub(before));
        for line in json_lines(rows)?.split(|byte| *byte == b'\n') {
            if line.is_empty() {
                continue;
            }
            if self.rows.is_multiple_of(ROWS) {
                let begin = self.bytes.saturating_add(written(out));
                self.pages.lock().push(begin);
            } else {
                out.extend_from_slice(b",\n");
            }
            out.extend_from_slice(line);
            self.rows = self.rows.saturating_add(1);
        }
        self.bytes = self.bytes.saturating_add(written(out));
        Ok(())
    }

    fn write_end(&mut self, _: &mut Vec<u8>) -> Result<(), Refusal> {
        Ok(())
    }
}
