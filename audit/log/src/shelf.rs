//! Where frames are kept.

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
