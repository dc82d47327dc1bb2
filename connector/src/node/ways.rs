//! The ways to peers, as far as letters go: who carries them, and whose are still being written.

use policy::id::ParticipantId;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::{OwnedMutexGuard, OwnedRwLockReadGuard, RwLock};

/// One for each peer that letters went to.
#[derive(Debug, Default)]
pub(crate) struct Ways(Mutex<BTreeMap<ParticipantId, Arc<Way>>>);

#[derive(Debug, Default)]
struct Way {
    /// Held while letters are handed in: what two carry at once is there twice.
    carrying: Arc<tokio::sync::Mutex<()>>,
    /// Held by each whose letter is on its way into the outbox.
    writing: Arc<RwLock<()>>,
    /// Whether somebody waits to carry whatever is there by then.
    waiting: AtomicBool,
    /// How often something was carried by which contracts may have come into force, or ended.
    news: AtomicU64,
}

impl Ways {
    fn to(&self, peer: &ParticipantId) -> Arc<Way> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(all.entry(peer.clone()).or_default())
    }

    /// Waits until nobody else hands letters in to this peer; held while that is done.
    pub(crate) async fn carrying(&self, peer: &ParticipantId) -> OwnedMutexGuard<()> {
        let way = self.to(peer);
        Arc::clone(&way.carrying).lock_owned().await
    }

    /// The same; nothing where somebody waits for it already, who will carry what is there by then.
    pub(crate) async fn carrying_next(&self, peer: &ParticipantId) -> Option<OwnedMutexGuard<()>> {
        let way = self.to(peer);
        if way.waiting.swap(true, Ordering::AcqRel) {
            return None;
        }
        let carrying = Arc::clone(&way.carrying).lock_owned().await;
        way.waiting.store(false, Ordering::Release);
        Some(carrying)
    }

    /// Says that a letter to this peer will be in the outbox; held until it is. Nothing in the moment in which somebody looks
    /// whether there is one.
    pub(crate) fn writing(&self, peer: &ParticipantId) -> Option<OwnedRwLockReadGuard<()>> {
        let way = self.to(peer);
        Arc::clone(&way.writing).try_read_owned().ok()
    }

    /// Says that something was carried, either way, by which contracts may have come into force, or ended.
    pub(crate) fn carried_news(&self, peer: &ParticipantId) {
        self.to(peer).news.fetch_add(1, Ordering::AcqRel);
    }

    /// How often that was so, by whoever carried it.
    pub(crate) fn news(&self, peer: &ParticipantId) -> u64 {
        self.to(peer).news.load(Ordering::Acquire)
    }

    /// Waits until each letter is in the outbox that was being written to this peer when this was called.
    pub(crate) async fn written(&self, peer: &ParticipantId) {
        let way = self.to(peer);
        // Whoever comes later waits for this one, which is done at once: nobody can hold it up for ever.
        let _all = way.writing.write().await;
    }
}

#[cfg(test)]
mod tests {
    use super::Ways;
    use futures::FutureExt as _;

    /// Who asks next waits for letters that were being written then, and for no others.
    #[tokio::test]
    async fn a_letter_that_is_being_written_is_waited_for() {
        let (ways, peer) = (Ways::default(), "hansa://lindau.example".parse().unwrap());
        let writing = ways.writing(&peer).unwrap();
        let other = "hansa://speyer.example".parse().unwrap();
        assert!(ways.written(&other).now_or_never().is_some());
        let mut written = Box::pin(ways.written(&peer));
        assert!(written.as_mut().now_or_never().is_none());
        // Whoever comes while somebody waits holds up nobody.
        assert!(ways.writing(&peer).is_none());
        drop(writing);
        written.await;
        assert!(ways.writing(&peer).is_some());
    }

    /// One carries, one waits to carry what is there by then; more need not.
    #[tokio::test]
    async fn one_waits_to_carry() {
        let (ways, peer) = (Ways::default(), "hansa://lindau.example".parse().unwrap());
        let carrying = ways.carrying(&peer).await;
        let mut next = Box::pin(ways.carrying_next(&peer));
        assert!(next.as_mut().now_or_never().is_none());
        assert!(ways.carrying_next(&peer).await.is_none());
        drop(carrying);
        assert!(next.await.is_some());
        assert!(ways.carrying_next(&peer).await.is_some());
    }
}
