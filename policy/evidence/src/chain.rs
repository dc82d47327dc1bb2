//! How records follow each other: place, time, the hash of the one before, and the tree over all of them.

use crate::digest::Digest;
use crate::note::Checkpoint;
use crate::record::{Record, RecordFault};
use crate::time::Time;
use crate::tree::{Frontier, leaf_hash};

/// The end of a log: what the next record must fit to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chain {
    log: String,
    prev: Digest,
    last: Time,
    frontier: Frontier,
}

impl Chain {
    /// The beginning of the log `origin`.
    #[must_use]
    pub fn new(origin: &str) -> Self {
        Self {
            log: origin.to_owned(),
            prev: Digest::from_bytes([0; 32]),
            last: Time::EARLIEST,
            frontier: Frontier::new(),
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

    /// The hash of the last record's bytes.
    #[must_use]
    pub const fn prev(&self) -> Digest {
        self.prev
    }

    /// The time of the last record.
    #[must_use]
    pub const fn last(&self) -> Time {
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

    /// Takes the next record if it fits; the chain is unchanged if it does not.
    ///
    /// # Errors
    /// How it does not fit.
    pub fn accept(&mut self, bytes: &[u8]) -> Result<Record, Misfit> {
        let record = Record::from_bytes(bytes)?;
        if record.log != self.log {
            return Err(Misfit::Log);
        }
        if record.seq != self.next() {
            return Err(Misfit::Place { says: record.seq });
        }
        if record.prev != self.prev {
            return Err(Misfit::Previous);
        }
        if record.at < self.last {
            return Err(Misfit::Time);
        }
        self.add(bytes, record.at);
        Ok(record)
    }

    /// Adds the bytes of a record that is known to fit; gives its leaf hash.
    pub(crate) fn add(&mut self, bytes: &[u8], at: Time) -> Digest {
        let leaf = leaf_hash(bytes);
        self.frontier.push(leaf);
        self.prev = Digest::of(bytes);
        self.last = at;
        leaf
    }
}

/// Why a record does not follow the one before it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Misfit {
    /// The bytes are no record.
    #[error("{0}")]
    Record(#[from] RecordFault),
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
