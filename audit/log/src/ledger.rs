//! The ledger: an entry is staged, flushed to a storage that survives power loss, and only then confirmed.

use crate::chain::ChainState;
use crate::digest::Digest;
use crate::note::Checkpoint;
use crate::record::body::RecordBody;
use crate::record::{MAX_BODY_DEPTH, MAX_BYTES, Record, RecordSalt};
use crate::storage::{LogStorage, StorageError};
use crate::time::{ClockReading, UtcTimestamp};
use crate::tree::leaf_hash;
use std::sync::Arc;

#[cfg(test)]
mod tests;

/// Something that can be recorded.
pub trait Evidence {
    /// The body of the record, without the members that the ledger adds.
    fn entry(&self) -> RecordBody;
}

/// What the ledger can't know by itself and writes into a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecordMetadata {
    /// The time.
    pub tick: ClockReading,
    /// Fresh random bytes.
    pub salt: RecordSalt,
}

/// The end of a log in a storage; the only one that adds to it.
#[derive(Debug)]
pub struct Ledger<S> {
    storage: S,
    boot: String,
    chain: ChainState,
    durable: Checkpoint,
    frames: Vec<u8>,
    staged: Vec<RecordLeaf>,
    broken: Option<StorageError>,
    identity: Arc<()>,
}

/// A record as the tree and an index need it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecordLeaf {
    /// Its leaf hash.
    pub hash: Digest,
    /// The bytes of its frame: the record and a line break.
    pub frame: usize,
}

impl<S: LogStorage> Ledger<S> {
    /// Goes on at the end of the log that `storage` holds.
    pub fn open(storage: S, chain: ChainState, boot: impl Into<String>) -> Self {
        Self {
            storage,
            boot: boot.into(),
            durable: chain.head(),
            chain,
            frames: Vec::new(),
            staged: Vec::new(),
            broken: None,
            identity: Arc::new(()),
        }
    }

    /// Writes the record of `value` behind those staged before; it is not durable yet.
    ///
    /// # Errors
    /// When the ledger is shut, or the record is larger than records may be.
    pub fn stage<T: Evidence>(
        &mut self,
        value: T,
        stamp: RecordMetadata,
    ) -> Result<PendingRecord<T>, LedgerError> {
        self.usable()?;
        let body = value.entry();
        let kind = body.kind();
        let body = body.to_json();
        if !body.fits(MAX_BODY_DEPTH) {
            return Err(LedgerError::Unsound { kind });
        }
        let index = self.chain.next();
        let at = self.time_of(&stamp);
        let bytes = Record {
            log: self.chain.log().to_owned(),
            seq: index,
            at,
            boot: self.boot.clone(),
            mono: stamp.tick.mono_ns / 1000,
            salt: stamp.salt,
            kind: kind.to_owned(),
            prev: self.chain.prev(),
            body,
        }
        .to_bytes();
        if bytes.len() > MAX_BYTES {
            let bytes = bytes.len();
            return Err(LedgerError::TooLarge { kind, bytes });
        }
        let leaf = leaf_hash(&bytes);
        self.chain.add(leaf, at);
        self.frames.extend(&bytes);
        self.frames.push(b'\n');
        self.staged.push(RecordLeaf {
            hash: leaf,
            frame: bytes.len() + 1,
        });
        Ok(PendingRecord {
            value,
            kind,
            receipt: RecordReceipt { index, leaf, at },
            ledger: Arc::clone(&self.identity),
        })
    }

    /// The time that a record with this stamp has if it is the next one.
    pub fn time_of(&self, stamp: &RecordMetadata) -> UtcTimestamp {
        // INVARIANT: log-time. Times never decrease within a log, whatever happens to the wall clock.
        stamp.tick.wall.max(self.chain.last())
    }

    /// Makes everything that is staged durable, in one go.
    ///
    /// # Errors
    /// When the storage fails; from then on the ledger is shut.
    pub fn flush(&mut self) -> Result<FlushProof, LedgerError> {
        self.usable()?;
        let from = self.durable.size;
        if !self.staged.is_empty() {
            if let Err(broken) = self.storage.append(&self.frames) {
                // INVARIANT: shut-for-good. After a failed write or sync nobody knows what the disk holds.
                self.broken = Some(broken.clone());
                return Err(LedgerError::Broken(broken));
            }
            self.frames.clear();
            self.durable = self.chain.head();
        }
        Ok(FlushProof {
            from,
            upto: self.durable.size,
            leaves: std::mem::take(&mut self.staged),
            ledger: Arc::clone(&self.identity),
        })
    }

    /// Stages, flushes and confirms one value.
    ///
    /// # Errors
    /// As [`Ledger::stage`] and [`Ledger::flush`].
    pub fn record<T: Evidence>(
        &mut self,
        value: T,
        stamp: RecordMetadata,
    ) -> Result<Recorded<T>, LedgerError> {
        let staged = self.stage(value, stamp)?;
        let flushed = self.flush()?;
        staged.confirm(&flushed).map_err(|_| LedgerError::Closed)
    }

    fn usable(&self) -> Result<(), LedgerError> {
        self.broken
            .clone()
            .map_or(Ok(()), |broken| Err(LedgerError::Broken(broken)))
    }

    /// The head over the durable records.
    pub const fn durable(&self) -> &Checkpoint {
        &self.durable
    }

    /// The time of the last record, staged or durable.
    pub const fn last(&self) -> UtcTimestamp {
        self.chain.last()
    }

    /// How many bytes are staged.
    pub const fn staged_bytes(&self) -> usize {
        self.frames.len()
    }

    /// The storage, for what is not appending.
    pub const fn storage_mut(&mut self) -> &mut S {
        &mut self.storage
    }

    /// Why the ledger is shut, if it is.
    pub const fn storage_error(&self) -> Option<&StorageError> {
        self.broken.as_ref()
    }
}

/// Nothing can be recorded, so nothing may be done.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LedgerError {
    /// The storage failed; the ledger is shut for good.
    #[error(transparent)]
    Broken(#[from] StorageError),
    /// The disk has less room than is kept for closing what is open.
    #[error(
        "the disk has {free} bytes left, fewer than the {reserve} that are kept for closing what is open"
    )]
    LowSpace {
        /// What is left.
        free: u64,
        /// What is kept.
        reserve: u64,
    },
    /// This one record is larger than records may be; others can be written.
    #[error("a record of type `{kind}` has {bytes} bytes, more than records may have")]
    TooLarge {
        /// The record's type.
        kind: &'static str,
        /// Its size.
        bytes: usize,
    },
    /// This one body is no object, too deep, or holds a number that JSON can't hold exactly; others can be written.
    #[error("the body of a record of type `{kind}` can't be written exactly")]
    Unsound {
        /// The record's type.
        kind: &'static str,
    },
    /// What this one stands on was changed since it was decided, or was over at its place in the log; it can be decided again.
    #[error("what it stands on was changed since it was decided")]
    Overtaken,
    /// The log was closed.
    #[error("the log is closed")]
    Closed,
}

/// A value whose record is written but not durable.
#[derive(Debug)]
#[must_use]
pub struct PendingRecord<T> {
    value: T,
    kind: &'static str,
    receipt: RecordReceipt,
    ledger: Arc<()>,
}

impl<T> PendingRecord<T> {
    /// The type of its record.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        self.kind
    }

    /// The time of its record.
    #[must_use]
    pub const fn at(&self) -> UtcTimestamp {
        self.receipt.at
    }

    /// The one maker of [`Recorded`].
    ///
    /// # Errors
    /// Gives the staged value back when `flushed` is of another ledger or does not reach its record.
    pub fn confirm(self, flushed: &FlushProof) -> Result<Recorded<T>, Self> {
        if !Arc::ptr_eq(&self.ledger, &flushed.ledger) || self.receipt.index >= flushed.upto {
            return Err(self);
        }
        Ok(Recorded {
            value: self.value,
            receipt: self.receipt,
        })
    }
}

/// That everything staged before is durable. Made by [`Ledger::flush`] alone.
#[derive(Debug)]
#[must_use]
pub struct FlushProof {
    from: u64,
    upto: u64,
    leaves: Vec<RecordLeaf>,
    ledger: Arc<()>,
}

impl FlushProof {
    /// The index of the first record that this flush made durable.
    #[must_use]
    pub const fn from(&self) -> u64 {
        self.from
    }

    /// The number of durable records.
    #[must_use]
    pub const fn upto(&self) -> u64 {
        self.upto
    }

    /// The records that this flush made durable.
    #[must_use]
    pub fn leaves(&self) -> &[RecordLeaf] {
        &self.leaves
    }
}

/// A value whose record is durable. The only maker is the ledger.
#[derive(Debug)]
#[must_use]
pub struct Recorded<T> {
    value: T,
    receipt: RecordReceipt,
}

impl<T> Recorded<T> {
    /// The duty to close the entry.
    pub const fn receipt(&self) -> &RecordReceipt {
        &self.receipt
    }

    /// The value and the duty to close its entry.
    pub fn into_parts(self) -> (T, RecordReceipt) {
        (self.value, self.receipt)
    }
}

impl<T> std::ops::Deref for Recorded<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

/// Where a durable record stands; for an opened entry also the duty to close it.
#[derive(Debug, PartialEq, Eq)]
#[must_use]
pub struct RecordReceipt {
    index: u64,
    leaf: Digest,
    at: UtcTimestamp,
}

impl RecordReceipt {
    /// The record's index in the log, from 0.
    #[must_use]
    pub const fn index(&self) -> u64 {
        self.index
    }

    /// The record's leaf hash.
    #[must_use]
    pub const fn leaf(&self) -> Digest {
        self.leaf
    }

    /// The record's time.
    #[must_use]
    pub const fn at(&self) -> UtcTimestamp {
        self.at
    }
}
