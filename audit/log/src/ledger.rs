//! Ledger: a record is staged, then flushed to a storage that survives a loss of power, and only then confirmed.

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

/// Value that can be recorded.
pub trait Evidence {
    /// Body of the record, without the members that the ledger adds.
    fn to_record_body(&self) -> RecordBody;
}

/// Metadata of a record that the ledger gets from its caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecordMetadata {
    /// Reading of the clock.
    pub tick: ClockReading,
    /// Fresh random bytes.
    pub salt: RecordSalt,
}

/// Writer at the end of a log in a storage. Each log has only one.
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

/// Record as a leaf of the tree, with its size for an index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecordLeaf {
    /// Leaf hash of the record.
    pub hash: Digest,
    /// Size of the frame, bytes: the record and a line break.
    pub frame: usize,
}

impl<S: LogStorage> Ledger<S> {
    /// Ledger that continues at the end of the log in `storage`.
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

    /// Writes the record of `value` after the already staged ones. The record is not durable yet.
    ///
    /// # Errors
    /// When the ledger is shut, or the record exceeds the largest size.
    pub fn stage<T: Evidence>(
        &mut self,
        value: T,
        stamp: RecordMetadata,
    ) -> Result<PendingRecord<T>, LedgerError> {
        self.check_usable()?;
        let body = value.to_record_body();
        let kind = body.kind();
        let body = body.to_json();
        if !body.is_within_limits(MAX_BODY_DEPTH) {
            return Err(LedgerError::Unsound { kind });
        }
        let index = self.chain.next();
        let at = self.time_of(&stamp);
        let bytes = Record {
            log: self.chain.log_origin().to_owned(),
            seq: index,
            at,
            boot: self.boot.clone(),
            mono: stamp.tick.mono_ns / 1000,
            salt: stamp.salt,
            kind: kind.to_owned(),
            prev: self.chain.last_leaf(),
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

    /// Time that a record with this metadata has if it is the next one.
    pub fn time_of(&self, stamp: &RecordMetadata) -> UtcTimestamp {
        // INVARIANT: log-time. Times never decrease within a log, whatever happens to the wall clock.
        stamp.tick.wall.max(self.chain.last_time())
    }

    /// Makes all staged records durable together.
    ///
    /// # Errors
    /// When the storage fails; from then on the ledger is shut.
    pub fn flush(&mut self) -> Result<FlushProof, LedgerError> {
        self.check_usable()?;
        let from = self.durable.size;
        if !self.staged.is_empty() {
            if let Err(broken) = self.storage.append(&self.frames) {
                // INVARIANT: shut-for-good. After a failed write or sync the content of the disk is unknown.
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

    fn check_usable(&self) -> Result<(), LedgerError> {
        self.broken
            .clone()
            .map_or(Ok(()), |broken| Err(LedgerError::Broken(broken)))
    }

    /// Head over the durable records.
    pub const fn durable_head(&self) -> &Checkpoint {
        &self.durable
    }

    /// Time of the last record, staged or durable.
    pub const fn last_time(&self) -> UtcTimestamp {
        self.chain.last_time()
    }

    /// Size of the staged records, bytes.
    pub const fn staged_bytes(&self) -> usize {
        self.frames.len()
    }

    /// Storage, for operations other than appending.
    pub const fn storage_mut(&mut self) -> &mut S {
        &mut self.storage
    }

    /// Error that has shut the ledger, if it is shut.
    pub const fn storage_error(&self) -> Option<&StorageError> {
        self.broken.as_ref()
    }
}

/// Error of recording. Without the record, the recorded action must not be done.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LedgerError {
    /// The storage has failed; the ledger is shut permanently.
    #[error(transparent)]
    Broken(#[from] StorageError),
    /// The disk has less free space than the reserve for closing open entries.
    #[error(
        "the disk has {free} bytes left, fewer than the {reserve} bytes reserved for the records that end open answers"
    )]
    LowSpace {
        /// Free space, bytes.
        free: u64,
        /// Reserve, bytes.
        reserve: u64,
    },
    /// The record exceeds the largest size. Other records can be written.
    #[error("a record of type `{kind}` has {bytes} bytes, more than records may have")]
    TooLarge {
        /// Kind of the record.
        kind: &'static str,
        /// Size of the record, bytes.
        bytes: usize,
    },
    /// The body of the record is not an object, is nested too deeply, or contains a number that JSON can't represent exactly. Other
    /// records can be written.
    #[error("the body of a record of type `{kind}` can't be written exactly")]
    Unsound {
        /// Kind of the record.
        kind: &'static str,
    },
    /// The basis of the decision has changed before its record, or has ended by then. The decision can be made again.
    #[error("the state that the record depends on changed after the decision")]
    Overtaken,
    /// The log is closed.
    #[error("the log is closed")]
    Closed,
}

/// Value whose record is written and not durable yet.
#[derive(Debug)]
#[must_use]
pub struct PendingRecord<T> {
    value: T,
    kind: &'static str,
    receipt: RecordReceipt,
    ledger: Arc<()>,
}

impl<T> PendingRecord<T> {
    /// Kind of the record.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        self.kind
    }

    /// Time of the record.
    #[must_use]
    pub const fn time(&self) -> UtcTimestamp {
        self.receipt.at
    }

    /// Confirms that the record is durable. This is the only constructor of [`Recorded`].
    ///
    /// # Errors
    /// Gives the staged value back when `flushed` belongs to another ledger or does not cover its record.
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

/// Proof that all records staged before are durable. Made by [`Ledger::flush`] alone.
#[derive(Debug)]
#[must_use]
pub struct FlushProof {
    from: u64,
    upto: u64,
    leaves: Vec<RecordLeaf>,
    ledger: Arc<()>,
}

impl FlushProof {
    /// Index of the first record that this flush made durable.
    #[must_use]
    pub const fn first_index(&self) -> u64 {
        self.from
    }

    /// Number of durable records.
    #[must_use]
    pub const fn durable_count(&self) -> u64 {
        self.upto
    }

    /// Records that this flush made durable.
    #[must_use]
    pub fn leaves(&self) -> &[RecordLeaf] {
        &self.leaves
    }
}

/// Value whose record is durable. Made by the ledger alone.
#[derive(Debug)]
#[must_use]
pub struct Recorded<T> {
    value: T,
    receipt: RecordReceipt,
}

impl<T> Recorded<T> {
    /// Receipt of the record, which obliges the holder to close an open entry.
    pub const fn receipt(&self) -> &RecordReceipt {
        &self.receipt
    }

    /// Value and receipt of its record.
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

/// Place of a durable record. For an open entry, the receipt obliges its holder to close it.
#[derive(Debug, PartialEq, Eq)]
#[must_use]
pub struct RecordReceipt {
    index: u64,
    leaf: Digest,
    at: UtcTimestamp,
}

impl RecordReceipt {
    /// Index of the record in the log, from 0.
    #[must_use]
    pub const fn index(&self) -> u64 {
        self.index
    }

    /// Leaf hash of the record.
    #[must_use]
    pub const fn leaf(&self) -> Digest {
        self.leaf
    }

    /// Time of the record.
    #[must_use]
    pub const fn time(&self) -> UtcTimestamp {
        self.at
    }
}
