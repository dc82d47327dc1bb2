//! State of the exchange of log heads between witnesses. Heads are exchanged with the acknowledgement of a receipt, at most once a
//! minute per peer, so that answers in quick succession share one exchange. No answer depends on the exchange: its receipt names
//! its head, and the provider has signed both.

use hansa_audit_log::note::SignedHead;
use hansa_policy::id::ParticipantId;
use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// State of the exchange of log heads. Everything that must survive is in the log.
#[derive(Debug, Default)]
pub struct HeadTracker {
    /// Heads of peers that were proven to extend the previous ones and that we have not cosigned yet.
    unwitnessed: Mutex<BTreeMap<ParticipantId, SignedHead>>,
    /// Locks for exchanges with called peers, one per peer, so that nobody waits for a slow peer.
    exchanging: Mutex<BTreeMap<ParticipantId, Arc<tokio::sync::Mutex<()>>>>,
    /// Lock from the comparison of a head until its record. The second of two concurrent heads is then compared with the first.
    judging: tokio::sync::Mutex<()>,
    /// True for read-only commands: greetings then leave no trace.
    looks: AtomicBool,
    /// Schedule of exchanges with each peer.
    turns: Mutex<BTreeMap<ParticipantId, ExchangeSchedule>>,
}

impl HeadTracker {
    /// Stops following logs, for read-only commands.
    pub fn only_look(&self) {
        self.looks.store(true, Ordering::Relaxed);
    }

    /// Returns true if no log is followed.
    pub(crate) fn only_looks(&self) -> bool {
        self.looks.load(Ordering::Relaxed)
    }

    /// Locks the recorded heads for a change.
    pub(crate) async fn lock_heads(&self) -> tokio::sync::MutexGuard<'_, ()> {
        self.judging.lock().await
    }

    /// Notes a head of a peer that was proven to extend the previous one.
    pub(crate) fn to_be_cosigned(&self, peer: &ParticipantId, head: SignedHead) {
        self.unwitnessed.lock().insert(peer.clone(), head);
    }

    /// Lock for the exchange with this peer.
    pub(super) fn exchange_lock(&self, peer: &ParticipantId) -> Arc<tokio::sync::Mutex<()>> {
        let mut all = self.exchanging.lock();
        Arc::clone(all.entry(peer.clone()).or_default())
    }

    /// Takes the head of a peer that is to be cosigned, once.
    pub(super) fn taken_to_cosign(&self, peer: &ParticipantId) -> Option<SignedHead> {
        self.unwitnessed.lock().remove(peer)
    }

    pub(super) fn schedule_exchange(&self, peer: &ParticipantId, now: i64) -> ExchangeTiming {
        let mut turns = self.turns.lock();
        let turn = turns.entry(peer.clone()).or_default();
        if turn.arranged {
            return ExchangeTiming::Arranged;
        }
        let passed = turn.last.map_or(PAUSE, |last| now.saturating_sub(last));
        match u64::try_from(PAUSE.saturating_sub(passed)) {
            Ok(left) if left > 0 => {
                turn.arranged = true;
                ExchangeTiming::Later(Duration::from_micros(left))
            }
            _ => {
                turn.last = Some(now);
                ExchangeTiming::Now
            }
        }
    }

    /// Notes the start of a scheduled exchange.
    pub(super) fn note_exchange_start(&self, peer: &ParticipantId, now: i64) {
        let mut turns = self.turns.lock();
        let turn = turns.entry(peer.clone()).or_default();
        (turn.last, turn.arranged) = (Some(now), false);
    }
}

/// Schedule of exchanges with one peer.
#[derive(Debug, Default)]
struct ExchangeSchedule {
    /// Start of the last exchange, in ticks.
    last: Option<i64>,
    /// True if an exchange is scheduled. It carries the heads of its start time.
    arranged: bool,
}

/// Time of a requested exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ExchangeTiming {
    Now,
    Later(Duration),
    /// An exchange is already scheduled.
    Arranged,
}

/// Least time between two exchanges with a peer, in microseconds.
const PAUSE: i64 = 60_000_000;

#[cfg(test)]
mod tests {
    use crate::log::log_heads::head_tracker::{ExchangeTiming, HeadTracker, PAUSE};
    use std::time::Duration;

    #[test]
    fn answers_that_follow_each_other_closely_share_an_exchange() {
        let heads = HeadTracker::default();
        let (peer, other) = (
            "hansa://lindau.example".parse().unwrap(),
            "hansa://speyer.example".parse().unwrap(),
        );
        assert_eq!(heads.schedule_exchange(&peer, 5), ExchangeTiming::Now);
        assert_eq!(heads.schedule_exchange(&other, 6), ExchangeTiming::Now);
        let left = Duration::from_micros(u64::try_from(PAUSE).unwrap() - 1);
        assert_eq!(
            heads.schedule_exchange(&peer, 6),
            ExchangeTiming::Later(left)
        );
        // One scheduled exchange covers all requests until its start.
        assert_eq!(heads.schedule_exchange(&peer, 7), ExchangeTiming::Arranged);
        assert_eq!(
            heads.schedule_exchange(&peer, 7 + 2 * PAUSE),
            ExchangeTiming::Arranged
        );
        heads.note_exchange_start(&peer, 5 + PAUSE);
        assert!(matches!(
            heads.schedule_exchange(&peer, 6 + PAUSE),
            ExchangeTiming::Later(_)
        ));
        heads.note_exchange_start(&peer, 5 + 2 * PAUSE);
        assert_eq!(
            heads.schedule_exchange(&peer, 5 + 3 * PAUSE),
            ExchangeTiming::Now
        );
    }
}
