//! Allowances for records that peers cause without a contract: messages of negotiations, statements, and log heads. Each peer has a
//! burst and a rate. Messages that end something are not counted.

use hansa_policy::id::ParticipantId;
use parking_lot::Mutex;
use std::collections::BTreeMap;

/// Counted action.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum CountedAction {
    /// Message that is stored and recorded.
    Message,
    /// Log head of the peer, or one that it passes on or cosigns.
    Head,
}

impl CountedAction {
    /// Burst: actions that are accepted at once.
    const fn at_once(self) -> i64 {
        match self {
            Self::Message => 2_000,
            Self::Head => 600,
        }
    }

    /// Microseconds until one more action is accepted.
    const fn pause(self) -> i64 {
        match self {
            Self::Message => 2_000_000,
            Self::Head => 10_000_000,
        }
    }
}

/// Used part of each peer's allowance, which recovers over time.
#[derive(Debug, Default)]
pub(crate) struct PeerAllowances {
    /// Time at which each allowance is fully recovered, in microseconds of the connector's ticks.
    whole: Mutex<BTreeMap<(CountedAction, ParticipantId), i64>>,
}

impl PeerAllowances {
    /// Takes one action. Returns false if none is left.
    pub(crate) fn take_action(
        &self,
        peer: &ParticipantId,
        action: CountedAction,
        now: i64,
    ) -> bool {
        let mut all = self.whole.lock();
        all.retain(|_, whole| *whole > now);
        let whole = all.entry((action, peer.clone())).or_insert(now);
        let next = whole.saturating_add(action.pause());
        let most = action.pause().saturating_mul(action.at_once());
        let has_room = next.saturating_sub(now) <= most;
        if has_room {
            *whole = next;
        }
        has_room
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_peer_has_so_many_at_once_and_then_one_after_each_pause() {
        let allowances = PeerAllowances::default();
        let peer = |name: &str| format!("hansa://{name}.example").parse().unwrap();
        let (acme, speyer): (ParticipantId, ParticipantId) = (peer("acme"), peer("speyer"));
        for action in [CountedAction::Message, CountedAction::Head] {
            let taken = |now| {
                let asked = 0..action.at_once() * 2;
                asked
                    .filter(|_| allowances.take_action(&acme, action, now))
                    .count()
            };
            let most = usize::try_from(action.at_once()).unwrap();
            assert_eq!(taken(0), most);
            assert_eq!(taken(action.pause() - 1), 0);
            assert_eq!(taken(action.pause()), 1);
            assert_eq!(taken(action.pause() * 11), 10);
            assert!(allowances.take_action(&speyer, action, 0));
        }
    }
}
