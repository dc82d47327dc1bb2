//! Number of connections of each identified party.

use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Connections of all parties, with a limit for each.
#[derive(Debug)]
pub(crate) struct PartyConnections<K> {
    most: usize,
    counts: Mutex<BTreeMap<K, usize>>,
}

/// One connection of a party. Dropping it frees its place.
#[derive(Debug)]
pub(crate) struct PartyConnection<K: Ord> {
    party: K,
    all: Arc<PartyConnections<K>>,
}

impl<K: Ord + Clone> PartyConnections<K> {
    pub(crate) fn new(most: usize) -> Arc<Self> {
        Arc::new(Self {
            most,
            counts: Mutex::default(),
        })
    }

    /// Place for one more connection; none if the party is at its limit.
    pub(crate) fn take_place(self: &Arc<Self>, party: K) -> Option<PartyConnection<K>> {
        let mut held = self.counts.lock();
        let count = held.entry(party.clone()).or_default();
        if *count >= self.most {
            return None;
        }
        *count = count.saturating_add(1);
        Some(PartyConnection {
            party,
            all: Arc::clone(self),
        })
    }
}

impl<K: Ord> Drop for PartyConnection<K> {
    fn drop(&mut self) {
        let mut held = self.all.counts.lock();
        if let Some(count) = held.get_mut(&self.party) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                held.remove(&self.party);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::PartyConnections;

    #[test]
    fn each_has_places_of_its_own() {
        let all = PartyConnections::new(2);
        let first = all.take_place("munster");
        let second = all.take_place("munster");
        assert!(first.is_some() && second.is_some());
        assert!(all.take_place("munster").is_none());
        let other = all.take_place("ottawa");
        assert!(other.is_some());
        drop(first);
        assert!(all.take_place("munster").is_some());
    }
}
