//! Chain of records: place, time, hash of the preceding record, and the tree over all records.

use crate::digest::Digest;
use crate::note::Checkpoint;
use crate::record::header::RecordHeader;
use crate::record::{Record, RecordError};
use crate::time::UtcTimestamp;
use crate::tree::{CompactRange, leaf_hash};
use std::borrow::Cow;

/// End of a log, to which the next record must fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChainState {
    log: String,
    prev: Digest,
    last: UtcTimestamp,
    frontier: CompactRange,
}

impl ChainState {
    /// Start of the log `origin`.
    #[must_use]
    pub fn new(origin: &str) -> Self {
        Self {
            log: origin.to_owned(),
            prev: Digest::from_bytes([0; 32]),
            last: UtcTimestamp::EARLIEST,
            frontier: CompactRange::new(),
        }
    }

    /// Origin of the log.
    #[must_use]
    pub fn log_origin(&self) -> &str {
        &self.log
    }

    /// Place of the next record.
    #[must_use]
    pub const fn next(&self) -> u64 {
        self.frontier.size()
    }

    /// Leaf hash of the last record.
    #[must_use]
    pub const fn last_leaf(&self) -> Digest {
        self.prev
    }

    /// Time of the last record.
    #[must_use]
    pub const fn last_time(&self) -> UtcTimestamp {
        self.last
    }

    /// Head over all records so far.
    #[must_use]
    pub fn head(&self) -> Checkpoint {
        Checkpoint {
            origin: self.log.clone(),
            size: self.frontier.size(),
            root: self.frontier.root(),
        }
    }

    /// Skips a record that is not available, by its leaf hash.
    pub(crate) fn skip_record(&mut self, leaf: Digest) {
        self.frontier.push(leaf);
        self.prev = leaf;
    }

    /// Takes the next record and returns it if it fits. If it does not fit, the chain is unchanged.
    ///
    /// # Errors
    /// The reason why the record does not fit.
    pub fn accept_record(&mut self, bytes: &[u8]) -> Result<Record, ChainError> {
        let record = Record::from_bytes(bytes)?;
        self.check_header(&record.log, record.seq, record.prev, record.at)?;
        self.add(leaf_hash(bytes), record.at);
        Ok(record)
    }

    /// Takes the next record like [`Self::accept_record`], without parsing its body. `leaf` is its leaf hash. Returns its time and its
    /// kind.
    pub(crate) fn accept_header<'a>(
        &mut self,
        bytes: &'a [u8],
        leaf: Digest,
    ) -> Result<(UtcTimestamp, Cow<'a, str>), ChainError> {
        let (at, kind) = match RecordHeader::of(bytes) {
            Some(header) => {
                self.check_header(header.log, header.seq, header.prev, header.at)?;
                (header.at, Cow::Borrowed(header.kind))
            }
            None => {
                let record = Record::from_bytes(bytes)?;
                self.check_header(&record.log, record.seq, record.prev, record.at)?;
                (record.at, Cow::Owned(record.kind))
            }
        };
        self.add(leaf, at);
        Ok((at, kind))
    }

    fn check_header(
        &self,
        log: &str,
        seq: u64,
        prev: Digest,
        at: UtcTimestamp,
    ) -> Result<(), ChainError> {
        if log != self.log {
            return Err(ChainError::Log);
        }
        if seq != self.next() {
            return Err(ChainError::Place { says: seq });
        }
        if prev != self.prev {
            return Err(ChainError::Previous);
        }
        if at < self.last {
            return Err(ChainError::Time);
        }
        Ok(())
    }

    /// Adds a record that is known to fit, by its leaf hash.
    pub(crate) fn add(&mut self, leaf: Digest, at: UtcTimestamp) {
        self.skip_record(leaf);
        self.last = at;
    }
}

/// Reason why a record does not follow the preceding one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChainError {
    /// The bytes are not a record.
    #[error("{0}")]
    Record(#[from] RecordError),
    /// The record belongs to another log.
    #[error("it is of another log")]
    Log,
    /// The record states another place.
    #[error("it says that it is record {says}")]
    Place {
        /// Stated place.
        says: u64,
    },
    /// The hash of the preceding record does not match.
    #[error("it does not follow the record before it")]
    Previous,
    /// The record is older than the preceding one.
    #[error("it is older than the record before it")]
    Time,
}
