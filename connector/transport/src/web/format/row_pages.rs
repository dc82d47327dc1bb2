//! Rows as JSON in pages of the same length: written one after the other, and where each page begins.

use super::AnswerWriter;
use super::column_rules::{distinct, json_lines};
use arrow_array::RecordBatch;
use arrow_schema::Schema;
use hansa_policy::refusal::Refusal;
use parking_lot::Mutex;
use std::sync::Arc;

/// Rows of a page.
pub(crate) const ROWS: usize = 1_000;

/// Writes them.
#[derive(Debug)]
pub(crate) struct RowPagesWriter {
    pages: PageBeginnings,
    rows: usize,
    bytes: u64,
}

/// Where the pages begin, in bytes.
pub(crate) type PageBeginnings = Arc<Mutex<Vec<u64>>>;

impl RowPagesWriter {
    /// Rows of these columns, and the place where the beginnings of pages are noted.
    ///
    /// # Errors
    /// `USAGE` where two have one name.
    pub(crate) fn new(columns: &Schema) -> Result<(Self, PageBeginnings), Refusal> {
        distinct(columns)?;
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
    fn begin(&mut self, _: &mut Vec<u8>) -> Result<(), Refusal> {
        Ok(())
    }

    fn rows(&mut self, rows: &RecordBatch, out: &mut Vec<u8>) -> Result<(), Refusal> {
        let before = out.len();
        let written = |out: &Vec<u8>| super::length(out.len().saturating_sub(before));
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

    fn end(&mut self, _: &mut Vec<u8>) -> Result<(), Refusal> {
        Ok(())
    }
}
