//! A reader that stops where one row takes more bytes than it may: an endless line, quoted field or JSON feature would be held
//! in memory whole before anybody looked at it.
//!
//! What counts are the bytes of UTF-8, whatever the encoding of the file. Of text they are those of the fields of a row, without what
//! stands between and around them; of GeoJSON those of a feature from its `{` to its `}`; of Parquet those of the texts of a row. One
//! more is refused, and none less. Reading ends no later than where text has twice as many bytes and [`AHEAD`]: with its quotes
//! doubled and between the most columns a row has no more. Blank lines before a row count to these.

use crate::ingest::config::SourceConfig;
use hansa_policy::refusal::Refusal;
use std::cell::Cell;
use std::fmt;
use std::io::{self, Read};

/// The most bytes of one row, as the head of this file counts them, unless the source says otherwise.
pub const USUAL_ROW_BYTES: u32 = 1 << 20;

/// The most that a source may say: rows are held in memory.
pub const MOST_ROW_BYTES: u32 = 1 << 28;

/// The most columns of a file; what is kept of each is more than a byte.
pub const MOST_COLUMNS: usize = 16_384;

/// Bytes of text that may be read ahead of a row; what stands between the most columns, and around them, is less.
pub const AHEAD: usize = 64 * 1024;

/// What may still be read for the row that is being read.
#[derive(Debug)]
pub struct RowByteAllowance {
    most: usize,
    /// The most that is read of one.
    whole: usize,
    left: Cell<usize>,
}

impl RowByteAllowance {
    /// For rows of this source whose fields are counted, once they are read.
    #[must_use]
    pub fn of_fields(config: &SourceConfig) -> Self {
        let most = most(config);
        Self::new(most, most.saturating_mul(2).saturating_add(AHEAD))
    }

    /// For features of this source, of which every byte counts and nothing is read ahead.
    #[must_use]
    pub fn of_features(config: &SourceConfig) -> Self {
        let most = most(config);
        Self::new(most, most)
    }

    const fn new(most: usize, whole: usize) -> Self {
        Self {
            most,
            whole,
            left: Cell::new(whole),
        }
    }

    /// A row begins.
    pub fn renew(&self) {
        self.begin_row(0);
    }

    /// A row has begun, of which so many bytes were read.
    pub fn begin_row(&self, read: usize) {
        self.left.set(self.whole.saturating_sub(read));
    }

    /// Whether a row whose fields have so many bytes is longer than it may be.
    #[must_use]
    pub const fn is_exceeded(&self, bytes: usize) -> bool {
        bytes > self.most
    }

    /// Why such a row is refused.
    #[must_use]
    pub fn sentence(&self) -> String {
        format!("a row has more than {} bytes", self.most)
    }
}

fn most(config: &SourceConfig) -> usize {
    usize::try_from(config.max_row_bytes).unwrap_or(usize::MAX)
}

/// The refusal with what would help where rows are really so long.
#[must_use]
pub fn with_help(refusal: Refusal) -> Refusal {
    refusal.with_help(
        "a quote that is opened and not closed makes one row of all that follows; where rows are so long, say \
         max_row_bytes in [dataset.source]",
    )
}

/// Gives no more than is allowed.
#[derive(Debug)]
pub struct BoundedReader<'a, R> {
    inner: R,
    allowance: &'a RowByteAllowance,
}

impl<'a, R: Read> BoundedReader<'a, R> {
    /// Of what `inner` gives.
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

/// That a row was too long, as an error of input.
#[derive(Debug)]
pub struct RowTooLongError(String);

impl fmt::Display for RowTooLongError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for RowTooLongError {}

/// Whether that is why reading ended.
#[must_use]
pub fn is_too_long(error: &io::Error) -> bool {
    error
        .get_ref()
        .is_some_and(|inner| inner.is::<RowTooLongError>())
}

#[cfg(test)]
mod tests;
