//! Reader with a limit on the bytes of one row. Without it an endless line, quoted field or JSON feature would be read into memory
//! completely.
//!
//! The size is counted in bytes of UTF-8, independent of the file's encoding. For delimited text it is the size of a row's fields
//! without delimiters and quotation marks; for GeoJSON the size of a feature from its `{` to its `}`; for Parquet the size of a
//! row's texts. The limit is exact. For delimited text, reading ends after at most twice the limit plus [`AHEAD`] bytes, which
//! suffices for doubled quotation marks and the delimiters of the maximum number of columns. Blank lines before a row count towards
//! this bound.

use crate::ingest::config::SourceConfig;
use hansa_policy::refusal::Refusal;
use std::cell::Cell;
use std::fmt;
use std::io::{self, Read};

/// Default limit of one row, in bytes as defined in the head of this file.
pub const USUAL_ROW_BYTES: u32 = 1 << 20;

/// Maximum limit that a source may declare. Rows are held in memory.
pub const MOST_ROW_BYTES: u32 = 1 << 28;

/// Maximum number of columns in a file. The state for each column takes more than a byte.
pub const MOST_COLUMNS: usize = 16_384;

/// Number of bytes that may be read beyond a row of text. The delimiters of the maximum number of columns take less.
pub const AHEAD: usize = 64 * 1024;

/// Remaining bytes for the current row.
#[derive(Debug)]
pub struct RowByteAllowance {
    most: usize,
    /// Maximum bytes read for one row.
    whole: usize,
    left: Cell<usize>,
}

impl RowByteAllowance {
    /// Allowance for sources whose fields are counted after reading.
    #[must_use]
    pub fn of_fields(config: &SourceConfig) -> Self {
        let most = row_byte_limit(config);
        Self::new(most, most.saturating_mul(2).saturating_add(AHEAD))
    }

    /// Allowance for features, where every byte counts and nothing is read ahead.
    #[must_use]
    pub fn of_features(config: &SourceConfig) -> Self {
        let most = row_byte_limit(config);
        Self::new(most, most)
    }

    const fn new(most: usize, whole: usize) -> Self {
        Self {
            most,
            whole,
            left: Cell::new(whole),
        }
    }

    /// Resets the allowance at the start of a row.
    pub fn renew(&self) {
        self.begin_row(0);
    }

    /// Resets the allowance for a row of which `read` bytes were already read.
    pub fn begin_row(&self, read: usize) {
        self.left.set(self.whole.saturating_sub(read));
    }

    /// Checks that the fields of a row exceed the limit.
    #[must_use]
    pub const fn is_exceeded(&self, bytes: usize) -> bool {
        bytes > self.most
    }

    /// Sentence of the refusal for such a row.
    #[must_use]
    pub fn sentence(&self) -> String {
        format!("a row has more than {} bytes", self.most)
    }
}

fn row_byte_limit(config: &SourceConfig) -> usize {
    usize::try_from(config.max_row_bytes).unwrap_or(usize::MAX)
}

/// Adds the remedy for sources with really long rows.
#[must_use]
pub fn with_help(refusal: Refusal) -> Refusal {
    refusal.with_help(
        "a quote that is opened and not closed makes one row of all that follows; where rows are so long, say \
         max_row_bytes in [dataset.source]",
    )
}

/// Reader that returns at most the allowed bytes.
#[derive(Debug)]
pub struct BoundedReader<'a, R> {
    inner: R,
    allowance: &'a RowByteAllowance,
}

impl<'a, R: Read> BoundedReader<'a, R> {
    /// Creates a reader over `inner`.
    pub const fn new(inner: R, allowance: &'a RowByteAllowance) -> Self {
        Self { inner, allowance }
    }
}

impl<R: Read> Read for BoundedReader<'_, R> {
    fn read(&mut self, target: &mut [u8]) -> io::Result<usize> {
        let left = self.allowance.left.get();
        if left == 0 {
            return Err(io::Error::other(RowTooLongError(self.allowance.sentence())));
        }
        let room = target.len().min(left);
        let count = self
            .inner
            .read(target.get_mut(..room).unwrap_or_default())?;
        self.allowance.left.set(left.saturating_sub(count));
        Ok(count)
    }
}

/// I/O error for a row that exceeds the limit.
#[derive(Debug)]
pub struct RowTooLongError(String);

impl fmt::Display for RowTooLongError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for RowTooLongError {}

/// Checks that an I/O error is a [`RowTooLongError`].
#[must_use]
pub fn is_too_long(error: &io::Error) -> bool {
    error
        .get_ref()
        .is_some_and(|inner| inner.is::<RowTooLongError>())
}

#[cfg(test)]
mod tests;
