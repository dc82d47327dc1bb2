//! Where frames are kept.

/// Where frames are kept.
pub trait LogStorage {
    /// Appends whole frames; `Ok` means that they survive a loss of power.
    ///
    /// # Errors
    /// [`StorageError`] when anything could not be written or synced; the storage is then not used again.
    fn append(&mut self, frames: &[u8]) -> Result<(), StorageError>;
}

/// The storage could not keep the frames.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the log can't be written: {reason}")]
pub struct StorageError {
    /// What the system said.
    pub reason: String,
    /// Whether the disk is full.
    pub full: bool,
}
