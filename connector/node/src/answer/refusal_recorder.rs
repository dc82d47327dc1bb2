//! Refusals of each participant in the current minute, for refusals that are recorded in sums.

use hansa_policy::decision::refusal_summary::{RefusalAllowance, RefusalCounter};
use hansa_policy::id::ParticipantId;
use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio::sync::Mutex as AsyncMutex;

/// Refusals of each participant, and of all unidentified callers together.
#[derive(Debug, Default)]
pub(crate) struct RefusalRecorder {
    peers: Mutex<BTreeMap<Option<ParticipantId>, Arc<AsyncMutex<RefusalWindow>>>>,
}

/// Refusals of one participant in one minute.
#[derive(Debug, Default)]
pub(crate) struct RefusalWindow {
    /// Start of the minute, in microseconds of the monotonic clock.
    pub(crate) since: Option<i64>,
    /// Number of refusals in this minute.
    pub(crate) count: u64,
    /// Remaining allowance of the last sum record, and its initial size.
    pub(crate) allowed: Option<(RefusalAllowance, u64)>,
    /// Unanswered callers: how many more until the next reserve record, the size of that step, and their count by code.
    pub(crate) unheard: (u64, u64, RefusalCounter),
}

const A_MINUTE: i64 = 60_000_000;

impl RefusalWindow {
    /// True if the minute is over at an instant of the monotonic clock, or has not begun.
    pub(crate) fn is_over(&self, now: i64) -> bool {
        self.since
            .is_none_or(|since| now.saturating_sub(since) >= A_MINUTE)
    }
}

impl RefusalRecorder {
    pub(crate) fn refusal_window(
        &self,
        peer: Option<&ParticipantId>,
    ) -> Arc<AsyncMutex<RefusalWindow>> {
        let mut peers = self.peers.lock();
        Arc::clone(peers.entry(peer.cloned()).or_default())
    }

    pub(crate) fn all_windows(
        &self,
    ) -> Vec<(Option<ParticipantId>, Arc<AsyncMutex<RefusalWindow>>)> {
        let peers = self.peers.lock();
        peers
            .iter()
            .map(|(peer, window)| (peer.clone(), Arc::clone(window)))
            .collect()
    }
}
