//! How records follow each other: place, time, the hash of the one before, and the tree over all of them.

use crate::digest::Digest;
use crate::note::Checkpoint;
use crate::record::header::RecordHeader;
use crate::record::{Record, RecordError};
use crate::time::UtcTimestamp;
use crate::tree::{CompactRange, leaf_hash};
use std::borrow::Cow;

/// The end of a log: what the next record must fit to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChainState {
    log: String,
    prev: Digest,
    last: UtcTimestamp,
    frontier: CompactRange,
}

impl ChainState {
    /// The beginning of the log `origin`.
    #[must_use]
    pub fn new(origin: &str) -> Self {
        Self {
            log: origin.to_owned(),
            prev: Digest::from_bytes([0; 32]),
            last: UtcTimestamp::EARLIEST,
            frontier: CompactRange::new(),
        }
    }

    /// The log's origin.
    #[must_use]
    pub fn log(&self) -> &str {
        &self.log
    }

    /// The place of the next record.
    #[must_use]
    pub const fn next(&self) -> u64 {
        self.frontier.size()
    }

    /// The leaf hash of the last record.
    #[must_use]
    pub const fn prev(&self) -> Digest {
        self.prev
    }

    /// The time of the last record.
    #[must_use]
    pub const fn last(&self) -> UtcTimestamp {
        self.last
    }

    /// The head over all records so far.
    #[must_use]
    pub fn head(&self) -> Checkpoint {
        Checkpoint {
            origin: self.log.clone(),
            size: self.frontier.size(),
            root: self.frontier.root(),
        }
    }

    /// Passes over a record that is not at hand, by its leaf hash.
    pub(crate) fn pass(&mut self, leaf: Digest) {
        self.frontier.push(leaf);
        self.prev = leaf;
    }

    /// Takes the next record if it fits, and gives it; the chain is unchanged if it does not.
    ///
    /// # Errors
    /// How it does not fit.
    pub fn accept(&mut self, bytes: &[u8]) -> Result<Record, ChainError> {
        let record = Record::from_bytes(bytes)?;
        self.fit(&record.log, record.seq, record.prev, record.at)?;
        self.add(leaf_hash(bytes), record.at);
        Ok(record)
    }

    /// As [`Self::accept`], without building its body; `leaf` is its leaf hash. Gives its time and its type.
    pub(crate) fn follow<'a>(
        &mut self,
        bytes: &'a [u8],
        leaf: Digest,
    ) -> Result<(UtcTimestamp, Cow<'a, str>), ChainError> {
        let (at, kind) = match RecordHeader::of(bytes) {
            Some(header) => {
                self.fit(header.log, header.seq, header.prev, header.at)?;
                (header.at, Cow::Borrowed(header.kind))
            }
            None => {
                let record = Record::from_bytes(bytes)?;
                self.fit(&record.log, record.seq, record.prev, record.at)?;
                (record.at, Cow::Owned(record.kind))
            }
        };
        self.add(leaf, at);
        Ok((at, kind))
    }

    fn fit(&self, log: &str, seq: u64, prev: Digest, at: UtcTimestamp) -> Result<(), ChainError> {
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
        self.pass(leaf);
        self.last = at;
    }
}

/// Why a record does not follow the one before it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChainError {
    /// The bytes are no record.
    #[error("{0}")]
    Record(#[from] RecordError),
    /// It is of another log.
    #[error("it is of another log")]
    Log,
    /// It says that it stands elsewhere.
    #[error("it says that it is record {says}")]
    Place {
        /// Where it says that it stands.
        says: u64,
    },
    /// The hash of the record before does not match.
    #[error("it does not follow the record before it")]
    Previous,
    /// It is older than the record before.
    #[error("it is older than the record before it")]
    Time,
}
