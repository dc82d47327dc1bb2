//! Delivery queues of messages to peers: their locks, and the missing acknowledgements.

use crate::peer::catalog_cache::{CachedCatalogReader, CatalogCache};
use hansa_policy::id::{DatasetId, ParticipantId};
use hansa_policy::term::Clause;
use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use tokio::sync::OwnedMutexGuard;

/// Delivery queue of each peer.
#[derive(Debug, Default)]
pub(crate) struct DeliveryQueues(Mutex<BTreeMap<ParticipantId, Arc<DeliveryQueue>>>);

#[derive(Debug, Default)]
struct DeliveryQueue {
    /// Lock for delivering messages: two concurrent deliveries would send messages twice.
    carrying: Arc<tokio::sync::Mutex<()>>,
    /// Lock for taking in and answering messages: a concurrent fetch would find neither the message nor its answer.
    taking: Arc<tokio::sync::Mutex<()>>,
    /// True if no acknowledgement is missing. A crash can leave a receipt without its acknowledgement.
    said: AtomicBool,
    /// True if a delivery is already waiting. It delivers all messages present at its start.
    waiting: AtomicBool,
    /// Number of deliveries, in both directions, that may have started or ended contracts.
    news: AtomicU64,
    /// Cache of the peer's catalog.
    entries: Mutex<Arc<CatalogCache>>,
}

impl DeliveryQueues {
    fn queue_for_peer(&self, peer: &ParticipantId) -> Arc<DeliveryQueue> {
        let mut all = self.0.lock();
        Arc::clone(all.entry(peer.clone()).or_default())
    }

    /// Locks the delivery of messages to this peer.
    pub(crate) async fn lock_delivery(&self, peer: &ParticipantId) -> OwnedMutexGuard<()> {
        let queue = self.queue_for_peer(peer);
        Arc::clone(&queue.carrying).lock_owned().await
    }

    /// Locks the taking in of this peer's messages, until their answers are delivered. A holder of [`Self::lock_delivery`]
    /// must not wait for this lock.
    pub(crate) async fn lock_intake(&self, peer: &ParticipantId) -> OwnedMutexGuard<()> {
        let queue = self.queue_for_peer(peer);
        Arc::clone(&queue.taking).lock_owned().await
    }

    /// Locks like [`Self::lock_delivery`]. Returns `None` if another delivery is already waiting, because it covers all
    /// present messages.
    pub(crate) async fn carrying_next(&self, peer: &ParticipantId) -> Option<OwnedMutexGuard<()>> {
        let queue = self.queue_for_peer(peer);
        if queue.waiting.swap(true, Ordering::AcqRel) {
            return None;
        }
        let carrying = Arc::clone(&queue.carrying).lock_owned().await;
        queue.waiting.store(false, Ordering::Release);
        Some(carrying)
    }

    /// Returns true if a countersigned receipt of this peer may lack its acknowledgement.
    pub(crate) fn may_owe_a_word(&self, peer: &ParticipantId) -> bool {
        !self.queue_for_peer(peer).said.load(Ordering::Acquire)
    }

    /// Notes that no acknowledgement is missing.
    pub(crate) fn owes_no_word(&self, peer: &ParticipantId) {
        self.queue_for_peer(peer)
            .said
            .store(true, Ordering::Release);
    }

    /// Notes that an acknowledgement is missing.
    pub(crate) fn owes_a_word(&self, peer: &ParticipantId) {
        self.queue_for_peer(peer)
            .said
            .store(false, Ordering::Release);
    }

    /// Counts a delivery, in either direction, that may have started or ended contracts.
    pub(crate) fn carried_news(&self, peer: &ParticipantId) {
        self.queue_for_peer(peer)
            .news
            .fetch_add(1, Ordering::AcqRel);
    }

    /// Starts reading this peer's catalog with the cached entries.
    pub(crate) fn start_reading(&self, peer: &ParticipantId) -> CachedCatalogReader {
        let queue = self.queue_for_peer(peer);
        let entries = queue.entries.lock();
        CachedCatalogReader::from_cache(Arc::clone(&entries))
    }

    /// Stores the cache of the catalog that was read.
    pub(crate) fn was_read(&self, peer: &ParticipantId, reading: CachedCatalogReader) {
        let queue = self.queue_for_peer(peer);
        let entries = Arc::new(reading.into_cache());
        *queue.entries.lock() = entries;
    }

    /// Title of an offer in the cached catalogs.
    pub(crate) fn title(&self, dataset: &DatasetId, clauses: &[Clause]) -> Option<String> {
        let queue = self.queue_for_peer(&dataset.owner);
        let entries = queue.entries.lock();
        entries.title(dataset, clauses)
    }

    /// Number of deliveries that may have started or ended contracts.
    pub(crate) fn news_count(&self, peer: &ParticipantId) -> u64 {
        self.queue_for_peer(peer).news.load(Ordering::Acquire)
    }
}

#[cfg(test)]
mod tests {
    use crate::peer::delivery::DeliveryQueues;
    use futures::FutureExt as _;

    /// One delivery runs, one waits, and further ones are dropped.
    #[tokio::test]
    async fn one_waits_to_carry() {
        let (queues, peer) = (
            DeliveryQueues::default(),
            "hansa://lindau.example".parse().unwrap(),
        );
        let carrying = queues.lock_delivery(&peer).await;
        let mut next = Box::pin(queues.carrying_next(&peer));
        assert!(next.as_mut().now_or_never().is_none());
        assert!(queues.carrying_next(&peer).await.is_none());
        drop(carrying);
        assert!(next.await.is_some());
        assert!(queues.carrying_next(&peer).await.is_some());
    }
}
