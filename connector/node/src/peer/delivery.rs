//! The ways to peers, as far as messages go: who carries them, and what is still to be written.

use crate::peer::catalog_cache::{CachedCatalogReader, CatalogCache};
use hansa_policy::id::{DatasetId, ParticipantId};
use hansa_policy::term::Clause;
use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use tokio::sync::OwnedMutexGuard;

/// One for each peer that messages went to.
#[derive(Debug, Default)]
pub(crate) struct DeliveryQueues(Mutex<BTreeMap<ParticipantId, Arc<DeliveryQueue>>>);

#[derive(Debug, Default)]
struct DeliveryQueue {
    /// Held while messages are handed in: what two carry at once is there twice.
    carrying: Arc<tokio::sync::Mutex<()>>,
    /// Held while messages are taken in and answered: whoever fetches meanwhile would find neither the message nor its answer.
    taking: Arc<tokio::sync::Mutex<()>>,
    /// Whether nothing was left half said when this was looked at last: a crash may leave what was received without the message.
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

    /// Waits until nobody else hands messages in to this peer; held while that is done.
    pub(crate) async fn carrying(&self, peer: &ParticipantId) -> OwnedMutexGuard<()> {
        let queue = self.to(peer);
        Arc::clone(&queue.carrying).lock_owned().await
    }

    /// Waits until nobody else takes messages of this peer in; held while that is done, and while what they lead to is handed in.
    /// Whoever holds [`carrying`](Self::carrying) must not wait for this.
    pub(crate) async fn taking(&self, peer: &ParticipantId) -> OwnedMutexGuard<()> {
        let queue = self.to(peer);
        Arc::clone(&queue.taking).lock_owned().await
    }

    /// As [`carrying`](Self::carrying); nothing where somebody waits for it already, who will carry what is there by then.
    pub(crate) async fn carrying_next(&self, peer: &ParticipantId) -> Option<OwnedMutexGuard<()>> {
        let queue = self.to(peer);
        if queue.waiting.swap(true, Ordering::AcqRel) {
            return None;
        }
        let carrying = Arc::clone(&queue.carrying).lock_owned().await;
        queue.waiting.store(false, Ordering::Release);
        Some(carrying)
    }

    /// Whether there may be an answer of this peer whose receipt is countersigned, and no message that says so.
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
        let queue = self.to(peer);
        let entries = queue.entries.lock();
        CachedCatalogReader::after(Arc::clone(&entries))
    }

    /// Keeps what was read of it now.
    pub(crate) fn was_read(&self, peer: &ParticipantId, reading: CachedCatalogReader) {
        let queue = self.to(peer);
        let entries = Arc::new(reading.done());
        *queue.entries.lock() = entries;
    }

    /// The title of an offer of this peer, as its catalogue was read last.
    pub(crate) fn title(&self, dataset: &DatasetId, clauses: &[Clause]) -> Option<String> {
        let queue = self.to(&dataset.owner);
        let entries = queue.entries.lock();
        entries.title(dataset, clauses)
    }

    /// How often that was so, by whoever carried it.
    pub(crate) fn news(&self, peer: &ParticipantId) -> u64 {
        self.to(peer).news.load(Ordering::Acquire)
    }
}

#[cfg(test)]
mod tests {
    use crate::peer::delivery::DeliveryQueues;
    use futures::FutureExt as _;

    /// One carries, one waits to carry what is there by then; more need not.
    #[tokio::test]
    async fn one_waits_to_carry() {
        let (queues, peer) = (
            DeliveryQueues::default(),
            "hansa://lindau.example".parse().unwrap(),
        );
        let carrying = queues.carrying(&peer).await;
        let mut next = Box::pin(queues.carrying_next(&peer));
        assert!(next.as_mut().now_or_never().is_none());
        assert!(queues.carrying_next(&peer).await.is_none());
        drop(carrying);
        assert!(next.await.is_some());
        assert!(queues.carrying_next(&peer).await.is_some());
    }
}
