//! Peers: connections, catalogs, message delivery, and requests of peers.

pub(crate) mod catalog_cache;
pub(crate) mod delivery;
pub mod known_catalogs;
pub mod mailbox;
pub mod peer_aliases;
pub(crate) mod peer_allowances;
pub(crate) mod peer_calls;
pub mod peer_connections;
pub mod peer_handler;
pub(crate) mod peer_state;
pub mod visible_dataset;
pub mod waiting_messages;
