//! The ledger: an entry is staged, flushed to a shelf that survives power loss, and only then confirmed.

use crate::digest::Digest;
use crate::json::Json;
use crate::time::Time;

/// Something that can be recorded.
pub trait Evidence {
    /// What stands in the record: its type and its body, without the members that the ledger adds.
    fn entry(&self) -> Entry;
}

/// The part of a record that its maker writes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The record's type, such as `permit`.
    pub kind: &'static str,
    /// Its body: an object of names, digests and counts.
    pub body: Json,
}

/// Where frames are kept.
pub trait Shelf {
    /// Appends whole frames; `Ok` means that they survive a loss of power.
    ///
    /// # Errors
    /// [`ShelfBroken`] when anything could not be written or synced; the shelf is then not used again.
    fn append(&mut self, frames: &[u8]) -> Result<(), ShelfBroken>;
}

/// The shelf could not keep the frames.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the log can't be written: {reason}")]
pub struct ShelfBroken {
    /// What the system said.
    pub reason: String,
    /// Whether the disk is full.
    pub full: bool,
}

/// A value whose record is durable. The only maker is the ledger.
#[derive(Debug)]
#[must_use]
pub struct Recorded<T> {
    value: T,
    receipt: Receipt,
}

impl<T> Recorded<T> {
    /// The duty to close the entry.
    pub const fn receipt(&self) -> &Receipt {
        &self.receipt
    }

    /// The value and the duty to close its entry.
    pub fn into_parts(self) -> (T, Receipt) {
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
pub struct Receipt {
    index: u64,
    leaf: Digest,
    at: Time,
}

impl Receipt {
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
    pub const fn at(&self) -> Time {
        self.at
    }
}
