//! How much peers may have put in the log of what no contract bounds: messages of negotiations, statements, and heads of logs. Each
//! peer has so many at once, and so many in a time; what ends something is not counted.

use hansa_policy::id::ParticipantId;
use parking_lot::Mutex;
use std::collections::BTreeMap;

/// An action that is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum CountedAction {
    /// A message that is kept and recorded.
    Message,
    /// A head of a log, its own or one that it passes on or cosigns.
    Head,
}

impl CountedAction {
    /// As many may come at once.
    const fn at_once(self) -> i64 {
        match self {
            Self::Message => 2_000,
            Self::Head => 600,
        }
    }

    /// After so many microseconds there is room for one more.
    const fn pause(self) -> i64 {
        match self {
            Self::Message => 2_000_000,
            Self::Head => 10_000_000,
        }
    }
}

/// The used part of each peer's allowance; it comes back with time.
#[derive(Debug, Default)]
pub(crate) struct PeerAllowances {
    /// When an allowance is whole again, in microseconds of the connector's ticks.
    whole: Mutex<BTreeMap<(CountedAction, ParticipantId), i64>>,
}

impl PeerAllowances {
    /// Takes one; nothing is taken where there is none left.
    pub(crate) fn take(&self, peer: &ParticipantId, action: CountedAction, now: i64) -> bool {
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
                    .filter(|_| allowances.take(&acme, action, now))
                    .count()
            };
            let most = usize::try_from(action.at_once()).unwrap();
            assert_eq!(taken(0), most);
            assert_eq!(taken(action.pause() - 1), 0);
            assert_eq!(taken(action.pause()), 1);
            assert_eq!(taken(action.pause() * 11), 10);
            assert!(allowances.take(&speyer, action, 0));
        }
    }
}
