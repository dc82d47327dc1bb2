//! Storage of a log's frames.

/// Storage of a log's frames.
pub trait LogStorage {
    /// Appends whole frames. After `Ok`, they survive a loss of power.
    ///
    /// # Errors
    /// [`StorageError`] when a write or sync fails; the storage is then not used again.
    fn append(&mut self, frames: &[u8]) -> Result<(), StorageError>;
}

/// Error of a storage that could not keep the frames.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the log can't be written: {reason}")]
pub struct StorageError {
    /// Reason given by the operating system.
    pub reason: String,
    /// True if the disk is full.
    pub full: bool,
}
