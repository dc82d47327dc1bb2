//! When heads are exchanged: with the word on a receipt, but with one peer not more often than once in a minute, so that answers
//! that follow each other closely share one exchange. None needs it for itself: the head that an answer lies under is named in its
//! receipt, and the provider has signed both.

use crate::participant::Connector;
use crate::participant::log_heads::HeadTracker;
use crate::participant::peer_connections::KnownPeer;
use hansa_policy::id::ParticipantId;
use hansa_policy::refusal::Refusal;
use hansa_transport::peer::client::PeerClient;
use std::collections::BTreeMap;
use std::sync::{Arc, MutexGuard, PoisonError};
use std::time::Duration;

/// How it stands with one peer.
#[derive(Debug, Default)]
pub(super) struct ExchangeSchedule {
    /// When the last exchange began, in ticks.
    last: Option<i64>,
    /// Whether one is arranged that will bring what is there by then.
    arranged: bool,
}

/// What becomes of an exchange that is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ExchangeTiming {
    Now,
    Later(Duration),
    /// One is arranged already.
    Arranged,
}

impl HeadTracker {
    fn due(&self, peer: &ParticipantId, now: i64) -> ExchangeTiming {
        let mut turns = self.turns();
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
    fn begins(&self, peer: &ParticipantId, now: i64) {
        let mut turns = self.turns();
        let turn = turns.entry(peer.clone()).or_default();
        (turn.last, turn.arranged) = (Some(now), false);
    }

    fn turns(&self) -> MutexGuard<'_, BTreeMap<ParticipantId, ExchangeSchedule>> {
        self.turns.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Connector {
    /// Exchanges heads with a peer that was given our word on a receipt, now or, where that was done a moment ago, after a pause.
    ///
    /// # Errors
    /// Those of [`Connector::exchange_heads`], where it is done now.
    pub(crate) async fn exchange_heads_in_turn(
        self: &Arc<Self>,
        peer: &KnownPeer,
        client: &PeerClient,
    ) -> Result<(), Refusal> {
        match self.heads.due(&peer.id, self.ticks()) {
            ExchangeTiming::Now => self.exchange_heads(client).await,
            ExchangeTiming::Arranged => Ok(()),
            ExchangeTiming::Later(pause) => {
                let (node, peer) = (Arc::downgrade(self), peer.clone());
                let _task = tokio::spawn(async move {
                    tokio::time::sleep(pause).await;
                    let Some(node) = node.upgrade() else {
                        return;
                    };
                    node.heads.begins(&peer.id, node.ticks());
                    let exchanged = match node.call(&peer).await {
                        Ok(client) => node.exchange_heads(&client).await,
                        Err(refusal) => Err(refusal),
                    };
                    if let Err(refusal) = exchanged {
                        tracing::info!(peer = peer.id.domain(), code = %refusal.code, "heads.kept");
                    }
                });
                Ok(())
            }
        }
    }
}

/// From one exchange with a peer to the next, in microseconds.
const PAUSE: i64 = 60_000_000;

#[cfg(test)]
mod tests {
    use super::{ExchangeTiming, HeadTracker, PAUSE};
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
