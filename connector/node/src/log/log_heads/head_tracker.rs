//! Heads of logs on their way between witnesses, and when they are exchanged: with the word on a receipt, but with one peer not more
//! often than once in a minute, so that answers that follow each other closely share one exchange. None needs it for itself: the head
//! that an answer lies under is named in its receipt, and the provider has signed both.

use hansa_audit_log::note::SignedHead;
use hansa_policy::id::ParticipantId;
use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Heads of logs on their way between witnesses. What must not be lost of them is in our log.
#[derive(Debug, Default)]
pub struct HeadTracker {
    /// Heads of peers that have shown to go on from those before, and that we have not cosigned yet.
    unwitnessed: Mutex<BTreeMap<ParticipantId, SignedHead>>,
    /// Held while heads are exchanged with a peer that we have called: one for each, so that nobody waits for a slow one.
    exchanging: Mutex<BTreeMap<ParticipantId, Arc<tokio::sync::Mutex<()>>>>,
    /// Held while a head is compared with those in our log and until it is there too, so that of two that come at once
    /// the second one is compared with the first.
    judging: tokio::sync::Mutex<()>,
    /// Whether greetings leave no trace: a command that only looks follows no log.
    looks: AtomicBool,
    /// When heads were exchanged last with each peer.
    turns: Mutex<BTreeMap<ParticipantId, ExchangeSchedule>>,
}

impl HeadTracker {
    /// From now on no log is followed.
    pub fn only_look(&self) {
        self.looks.store(true, Ordering::Relaxed);
    }

    /// Whether no log is followed.
    pub(crate) fn only_looks(&self) -> bool {
        self.looks.load(Ordering::Relaxed)
    }

    /// Held while what the log holds of heads changes.
    pub(crate) async fn lock_heads(&self) -> tokio::sync::MutexGuard<'_, ()> {
        self.judging.lock().await
    }

    /// A head of a peer has shown to go on from the one before.
    pub(crate) fn to_be_cosigned(&self, peer: &ParticipantId, head: SignedHead) {
        self.unwitnessed.lock().insert(peer.clone(), head);
    }

    /// What is held while heads are exchanged with this peer.
    pub(super) fn turn(&self, peer: &ParticipantId) -> Arc<tokio::sync::Mutex<()>> {
        let mut all = self.exchanging.lock();
        Arc::clone(all.entry(peer.clone()).or_default())
    }

    /// A head of a peer that is to be cosigned, once.
    pub(super) fn taken_to_cosign(&self, peer: &ParticipantId) -> Option<SignedHead> {
        self.unwitnessed.lock().remove(peer)
    }

    pub(super) fn due(&self, peer: &ParticipantId, now: i64) -> ExchangeTiming {
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

    /// What was arranged begins.
    pub(super) fn begins(&self, peer: &ParticipantId, now: i64) {
        let mut turns = self.turns.lock();
        let turn = turns.entry(peer.clone()).or_default();
        (turn.last, turn.arranged) = (Some(now), false);
    }
}

/// How it stands with one peer.
#[derive(Debug, Default)]
struct ExchangeSchedule {
    /// When the last exchange began, in ticks.
    last: Option<i64>,
    /// Whether one is arranged that will bring what is there by then.
    arranged: bool,
}

/// What becomes of an exchange that is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ExchangeTiming {
    Now,
    Later(Duration),
    /// One is arranged already.
    Arranged,
}

/// From one exchange with a peer to the next, in microseconds.
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
        assert_eq!(heads.due(&peer, 5), ExchangeTiming::Now);
        assert_eq!(heads.due(&other, 6), ExchangeTiming::Now);
        let left = Duration::from_micros(u64::try_from(PAUSE).unwrap() - 1);
        assert_eq!(heads.due(&peer, 6), ExchangeTiming::Later(left));
        // However many come: what was arranged brings what is there by then.
        assert_eq!(heads.due(&peer, 7), ExchangeTiming::Arranged);
        assert_eq!(heads.due(&peer, 7 + 2 * PAUSE), ExchangeTiming::Arranged);
        heads.begins(&peer, 5 + PAUSE);
        assert!(matches!(
            heads.due(&peer, 6 + PAUSE),
            ExchangeTiming::Later(_)
        ));
        heads.begins(&peer, 5 + 2 * PAUSE);
        assert_eq!(heads.due(&peer, 5 + 3 * PAUSE), ExchangeTiming::Now);
    }
}
