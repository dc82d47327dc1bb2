//! The contracts of a participant, and what is negotiated.

use hansa_policy::contract::ContractRegistry;
use parking_lot::RwLock;

/// Contracts and negotiations.
pub(crate) struct ContractState {
    pub(super) book: RwLock<ContractRegistry>,
    /// Taken by whoever changes negotiations or the index, so that changes follow each other.
    pub(crate) negotiation_lock: tokio::sync::Mutex<()>,
    /// Held while people are told what ends soon.
    pub(crate) notice_lock: tokio::sync::Mutex<()>,
}

impl ContractState {
    /// Reads the book.
    pub(crate) fn book<T>(&self, act: impl FnOnce(&ContractRegistry) -> T) -> T {
        act(&self.book.read())
    }

    /// Changes the book.
    pub(crate) fn book_mut<T>(&self, act: impl FnOnce(&mut ContractRegistry) -> T) -> T {
        act(&mut self.book.write())
    }
}
