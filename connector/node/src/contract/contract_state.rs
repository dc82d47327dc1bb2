//! State of a participant's contracts and negotiations.

use hansa_policy::contract::ContractRegistry;
use parking_lot::RwLock;

/// Contracts and negotiations of a participant.
pub struct ContractState {
    pub(crate) registry: RwLock<ContractRegistry>,
    /// Lock for changes of negotiations and of the index, so that changes follow each other.
    pub negotiation_lock: tokio::sync::Mutex<()>,
    /// Lock for a round of notices.
    pub(crate) notice_lock: tokio::sync::Mutex<()>,
}

crate::debug_by_name!(ContractState);

impl ContractState {
    /// Reads the registry.
    pub fn with_registry<T>(&self, act: impl FnOnce(&ContractRegistry) -> T) -> T {
        act(&self.registry.read())
    }

    /// Changes the registry.
    pub(crate) fn with_registry_mut<T>(&self, act: impl FnOnce(&mut ContractRegistry) -> T) -> T {
        act(&mut self.registry.write())
    }
}
