//! Epochs: between two stops everything that was permitted stays so. A decision is recorded only in the epoch in which it was made,
//! so that none stands behind the record of the stop that ended what it rests on.
//!
//! A stop is whatever takes something away: a withdrawal, an expulsion, a restriction, a list without a member, a newer version
//! of a contract. It begins an epoch, then its record is queued, then what it ends is ended, then it is over. The log's writer,
//! which gives places, compares epochs; whoever decides waits for stops that are under way, so that it sees what they have ended.

use super::AuditLog;
use hansa_audit_log::time::UtcTimestamp;
use parking_lot::Mutex;
use std::sync::Arc;
use tokio::sync::Notify;

/// An epoch of a log: what was decided in it holds until the next stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogEpoch(u64);

/// What must hold where a decision is placed in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DecisionValidity {
    /// When it was decided: no stop has begun since.
    pub epoch: LogEpoch,
    /// The first instant at which it holds no longer, whoever stops anything.
    pub until: UtcTimestamp,
}

/// The epochs of one log.
#[derive(Debug, Default)]
pub(super) struct EpochTracker {
    state: Mutex<EpochState>,
    over: Notify,
}

#[derive(Debug, Default)]
struct EpochState {
    epoch: u64,
    under_way: u64,
}

/// A stop that is under way: as long as this is held nothing is decided. It is let go when what is stopped can be seen by whoever
/// decides.
#[derive(Debug)]
#[must_use = "a stop is over when this is let go"]
pub struct PendingStop(Arc<EpochTracker>, LogEpoch);

impl EpochTracker {
    /// Whether a decision still holds in a record of that time.
    pub(super) fn holds(&self, validity: &DecisionValidity, at: UtcTimestamp) -> bool {
        self.state.lock().epoch == validity.epoch.0 && at < validity.until
    }

    /// The epoch of now, unless a stop is under way.
    fn current(&self) -> Option<LogEpoch> {
        let state = self.state.lock();
        (state.under_way == 0).then_some(LogEpoch(state.epoch))
    }
}

impl PendingStop {
    /// The epoch that it has begun, for what comes about with the stop itself.
    #[must_use]
    pub const fn epoch(&self) -> LogEpoch {
        self.1
    }
}

impl Drop for PendingStop {
    fn drop(&mut self) {
        let mut state = self.0.state.lock();
        state.under_way = state.under_way.saturating_sub(1);
        drop(state);
        self.0.over.notify_waiters();
    }
}

impl AuditLog {
    /// Begins a stop, and with it another epoch: what was decided before, and is not in the log yet, does not come there. To be
    /// called before the record of the stop is queued.
    pub fn begin_stop(&self) -> PendingStop {
        let mut state = self.inner.epochs.state.lock();
        state.epoch = state.epoch.saturating_add(1);
        state.under_way = state.under_way.saturating_add(1);
        let epoch = LogEpoch(state.epoch);
        drop(state);
        PendingStop(Arc::clone(&self.inner.epochs), epoch)
    }

    /// The epoch of now, for something that is decided from here on. Waits for stops that are under way.
    pub async fn epoch(&self) -> LogEpoch {
        loop {
            let over = self.inner.epochs.over.notified();
            tokio::pin!(over);
            // From here on no end of a stop is missed.
            over.as_mut().enable();
            if let Some(epoch) = self.inner.epochs.current() {
                return epoch;
            }
            over.await;
        }
    }
}
