//! State about peers while the participant runs: connections, message delivery, and log heads.

use crate::log::log_heads::head_tracker::HeadTracker;
use crate::peer::delivery::DeliveryQueues;
use crate::peer::known_catalogs::KnownCatalogs;
use crate::peer::peer_connections::PeerConnections;
use crate::worker::workers::WorkerRegistry;
use tokio::sync::Notify;

/// State about peers and workers.
#[derive(Default)]
pub struct PeerState {
    /// Exchange of log heads between witnesses, of the own log and of others.
    pub heads: HeadTracker,
    /// Connections to peers.
    pub(crate) connections: PeerConnections,
    /// Connections to own workers.
    pub workers: WorkerRegistry,
    /// Delivery queues of messages to peers.
    pub(crate) delivery_queues: DeliveryQueues,
    /// Catalogs of peers as they were last read.
    pub(crate) known_catalogs: KnownCatalogs,
    /// Signal that the outbox has new messages.
    pub(crate) outbox_signal: Notify,
}

crate::debug_by_name!(PeerState);
