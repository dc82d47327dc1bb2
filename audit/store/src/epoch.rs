//! Epochs: between two stops every decision stays valid. A decision is recorded only in the epoch in which it was made, so that
//! none stands after the record of the stop that ended its basis.
//!
//! A stop removes a permission: a withdrawal, an expulsion, a restriction, a group list without a member, a newer version of a
//! contract. A stop begins an epoch, queues its record, ends the affected permissions, and is then complete. The log's writer
//! assigns the places in the log and compares epochs. A decider waits for pending stops, so that it sees their effects.

use super::AuditLog;
use hansa_audit_log::time::UtcTimestamp;
use parking_lot::Mutex;
use std::sync::Arc;
use tokio::sync::Notify;

/// Epoch of a log: decisions in it are valid until the next stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogEpoch(u64);

/// Conditions that must hold at a decision's place in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DecisionValidity {
    /// Epoch of the decision: no stop may have begun since.
    pub epoch: LogEpoch,
    /// First instant at which the decision is no longer valid, independently of stops.
    pub until: UtcTimestamp,
}

/// Epochs of one log.
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

/// Pending stop. While it exists, no decisions are made. It is dropped when deciders can see the effects of the stop.
#[derive(Debug)]
#[must_use = "a stop is over when this is let go"]
pub struct PendingStop(Arc<EpochTracker>, LogEpoch);

impl EpochTracker {
    /// True if a decision is still valid in a record of this time.
    pub(super) fn holds(&self, validity: &DecisionValidity, at: UtcTimestamp) -> bool {
        self.state.lock().epoch == validity.epoch.0 && at < validity.until
    }

    /// Present epoch, unless a stop is pending.
    fn current_epoch(&self) -> Option<LogEpoch> {
        let state = self.state.lock();
        (state.under_way == 0).then_some(LogEpoch(state.epoch))
    }
}

impl PendingStop {
    /// Epoch that the stop has begun, for decisions that are part of the stop itself.
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
    /// Begins a stop and with it a new epoch. Earlier decisions that are not in the log yet are not recorded any more. Must be
    /// called before the record of the stop is queued.
    pub fn begin_stop(&self) -> PendingStop {
        let mut state = self.inner.epochs.state.lock();
        state.epoch = state.epoch.saturating_add(1);
        state.under_way = state.under_way.saturating_add(1);
        let epoch = LogEpoch(state.epoch);
        drop(state);
        PendingStop(Arc::clone(&self.inner.epochs), epoch)
    }

    /// Present epoch for a new decision. Waits for pending stops.
    pub async fn epoch(&self) -> LogEpoch {
        loop {
            let over = self.inner.epochs.over.notified();
            tokio::pin!(over);
            // From here on no end of a stop is missed.
            over.as_mut().enable();
            if let Some(epoch) = self.inner.epochs.current_epoch() {
                return epoch;
            }
            over.await;
        }
    }
}
