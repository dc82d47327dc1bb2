//! The ways to peers, as far as letters go: who carries them, and what is still to be written.

use crate::participant::catalog_cache::{CachedCatalogReader, CatalogCache};
use hansa_policy::id::{DatasetId, ParticipantId};
use hansa_policy::term::Clause;
use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use tokio::sync::OwnedMutexGuard;

/// One for each peer that letters went to.
#[derive(Debug, Default)]
pub(crate) struct DeliveryQueues(Mutex<BTreeMap<ParticipantId, Arc<DeliveryQueue>>>);

#[derive(Debug, Default)]
struct DeliveryQueue {
    /// Held while letters are handed in: what two carry at once is there twice.
    carrying: Arc<tokio::sync::Mutex<()>>,
    /// Held while letters are taken in and answered: whoever fetches meanwhile would find neither the letter nor its answer.
    taking: Arc<tokio::sync::Mutex<()>>,
    /// Whether nothing was left half said when this was looked at last: a crash may leave what was received without the letter.
    said: AtomicBool,
    /// Whether somebody waits to carry whatever is there by then.
    waiting: AtomicBool,
    /// How often something was carried by which contracts may have come into force, or ended.
    news: AtomicU64,
    /// What was read of its catalogue last.
    entries: Mutex<Arc<CatalogCache>>,
}

impl DeliveryQueues {
    fn to(&self, peer: &ParticipantId) -> Arc<DeliveryQueue> {
        let mut all = self.0.lock();
        Arc::clone(all.entry(peer.clone()).or_default())
    }

    /// Waits until nobody else hands letters in to this peer; held while that is done.
    pub(crate) async fn carrying(&self, peer: &ParticipantId) -> OwnedMutexGuard<()> {
        let way = self.to(peer);
        Arc::clone(&way.carrying).lock_owned().await
    }

    /// Waits until nobody else takes letters of this peer in; held while that is done, and while what they lead to is handed in.
    /// Whoever holds [`carrying`](Self::carrying) must not wait for this.
    pub(crate) async fn taking(&self, peer: &ParticipantId) -> OwnedMutexGuard<()> {
        let way = self.to(peer);
        Arc::clone(&way.taking).lock_owned().await
    }

    /// As [`carrying`](Self::carrying); nothing where somebody waits for it already, who will carry what is there by then.
    pub(crate) async fn carrying_next(&self, peer: &ParticipantId) -> Option<OwnedMutexGuard<()>> {
        let way = self.to(peer);
        if way.waiting.swap(true, Ordering::AcqRel) {
            return None;
        }
        let carrying = Arc::clone(&way.carrying).lock_owned().await;
        way.waiting.store(false, Ordering::Release);
        Some(carrying)
    }

    /// Whether there may be an answer of this peer whose receipt is countersigned, and no letter that says so.
    pub(crate) fn may_owe_a_word(&self, peer: &ParticipantId) -> bool {
        !self.to(peer).said.load(Ordering::Acquire)
    }

    /// Says that there is none; whoever finds one later says so.
    pub(crate) fn owes_no_word(&self, peer: &ParticipantId) {
        self.to(peer).said.store(true, Ordering::Release);
    }

    /// Says that there is one.
    pub(crate) fn owes_a_word(&self, peer: &ParticipantId) {
        self.to(peer).said.store(false, Ordering::Release);
    }

    /// Says that something was carried, either way, by which contracts may have come into force, or ended.
    pub(crate) fn carried_news(&self, peer: &ParticipantId) {
        self.to(peer).news.fetch_add(1, Ordering::AcqRel);
    }

    /// Begins to read the catalogue of this peer, after what was read of it last.
    pub(crate) fn reading(&self, peer: &ParticipantId) -> CachedCatalogReader {
        let way = self.to(peer);
        let entries = way.entries.lock();
        CachedCatalogReader::after(Arc::clone(&entries))
    }

    /// Keeps what was read of it now.
    pub(crate) fn was_read(&self, peer: &ParticipantId, reading: CachedCatalogReader) {
        let way = self.to(peer);
        let entries = Arc::new(reading.done());
        *way.entries.lock() = entries;
    }

    /// The title of an offer of this peer, as its catalogue was read last.
    pub(crate) fn title(&self, dataset: &DatasetId, clauses: &[Clause]) -> Option<String> {
        let way = self.to(&dataset.owner);
        let entries = way.entries.lock();
        entries.title(dataset, clauses)
    }

    /// How often that was so, by whoever carried it.
    pub(crate) fn news(&self, peer: &ParticipantId) -> u64 {
        self.to(peer).news.load(Ordering::Acquire)
    }
}

#[cfg(test)]
mod tests {
    use super::DeliveryQueues;
    use futures::FutureExt as _;

    /// One carries, one waits to carry what is there by then; more need not.
    #[tokio::test]
    async fn one_waits_to_carry() {
        let (ways, peer) = (
            DeliveryQueues::default(),
            "hansa://lindau.example".parse().unwrap(),
        );
        let carrying = ways.carrying(&peer).await;
        let mut next = Box::pin(ways.carrying_next(&peer));
        assert!(next.as_mut().now_or_never().is_none());
        assert!(ways.carrying_next(&peer).await.is_none());
        drop(carrying);
        assert!(next.await.is_some());
        assert!(ways.carrying_next(&peer).await.is_some());
    }
}
