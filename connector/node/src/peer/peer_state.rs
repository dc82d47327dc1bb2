//! What a participant knows of others while it runs: connections, messages on their way, and heads of logs.

use crate::log::log_heads::head_tracker::HeadTracker;
use crate::peer::delivery::DeliveryQueues;
use crate::peer::peer_connections::PeerConnections;
use crate::worker::workers::WorkerRegistry;
use tokio::sync::Notify;

/// Peers and workers.
#[derive(Default)]
pub struct PeerState {
    /// Heads of logs, ours and others', on their way between witnesses.
    pub heads: HeadTracker,
    /// Connections to peers.
    pub(crate) connections: PeerConnections,
    /// Those to the own workers.
    pub(crate) workers: WorkerRegistry,
    /// Who carries messages to peers.
    pub(crate) delivery_queues: DeliveryQueues,
    /// Given when messages were put into the outbox.
    pub(crate) outbox_signal: Notify,
}

crate::debug_by_name!(PeerState);
