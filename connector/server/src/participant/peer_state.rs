//! What a participant knows of others while it runs: connections, messages on their way, and heads of logs.

use crate::participant::delivery::DeliveryQueues;
use crate::participant::log_heads::head_tracker::HeadTracker;
use crate::participant::peer_connections::PeerConnections;
use crate::participant::workers::WorkerRegistry;
use tokio::sync::Notify;

/// Peers and workers.
#[derive(Default)]
pub(crate) struct PeerState {
    /// Heads of logs, ours and others', on their way between witnesses.
    pub(crate) heads: HeadTracker,
    /// Connections to peers.
    pub(super) connections: PeerConnections,
    /// Those to the own workers.
    pub(crate) workers: WorkerRegistry,
    /// Who carries messages to peers.
    pub(crate) delivery_queues: DeliveryQueues,
    /// Given when messages were put into the outbox.
    pub(crate) outbox_signal: Notify,
}
