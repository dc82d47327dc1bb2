//! What each participant was refused in this minute, as far as it is told in sums.

use hansa_policy::decision::refusal_summary::{RefusalAllowance, RefusalCounter};
use hansa_policy::id::ParticipantId;
use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio::sync::Mutex as AsyncMutex;

/// The refusals of each participant, and of all others together.
#[derive(Debug, Default)]
pub(crate) struct RefusalRecorder {
    peers: Mutex<BTreeMap<Option<ParticipantId>, Arc<AsyncMutex<RefusalWindow>>>>,
}

/// What one participant was told.
#[derive(Debug, Default)]
pub(crate) struct RefusalWindow {
    /// When the minute began, in microseconds of the clock that only counts.
    pub(crate) since: Option<i64>,
    /// How many in this minute.
    pub(crate) count: u64,
    /// What the last record of a sum allows, and how much that was.
    pub(crate) allowed: Option<(RefusalAllowance, u64)>,
    /// How many more may hear nothing before the reserve says so, how much that was, and how many did.
    pub(crate) unheard: (u64, u64, RefusalCounter),
}

impl RefusalRecorder {
    pub(crate) fn of(&self, peer: Option<&ParticipantId>) -> Arc<AsyncMutex<RefusalWindow>> {
        let mut peers = self.peers.lock();
        Arc::clone(peers.entry(peer.cloned()).or_default())
    }

    pub(crate) fn all(&self) -> Vec<(Option<ParticipantId>, Arc<AsyncMutex<RefusalWindow>>)> {
        let peers = self.peers.lock();
        peers
            .iter()
            .map(|(peer, window)| (peer.clone(), Arc::clone(window)))
            .collect()
    }
}
