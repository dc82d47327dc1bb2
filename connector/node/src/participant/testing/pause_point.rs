//! A place in the code at which a test can hold whoever comes by.

use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::sync::{RwLock, RwLockWriteGuard};

/// Where a test can hold what is not in the log yet.
#[derive(Debug, Default)]
pub(crate) struct PausePoints {
    /// Questions that are decided, and values that may go along.
    pub(crate) decided: PausePoint,
    /// Contracts whose signatures were checked.
    pub(crate) verified: PausePoint,
}

/// Open as long as no test has closed it.
#[derive(Debug, Default)]
pub(crate) struct PausePoint {
    gate: RwLock<()>,
    waiting: AtomicUsize,
}

impl PausePoint {
    /// Goes by, as soon as it is open.
    pub(crate) async fn pass(&self) {
        self.waiting.fetch_add(1, Ordering::SeqCst);
        let open = self.gate.read().await;
        self.waiting.fetch_sub(1, Ordering::SeqCst);
        drop(open);
    }

    /// Closes it behind those that wait already.
    pub(crate) async fn close(&self) -> RwLockWriteGuard<'_, ()> {
        self.gate.write().await
    }

    /// Waits until somebody is held here.
    pub(crate) async fn holds_somebody(&self) {
        while self.waiting.load(Ordering::SeqCst) == 0 {
            tokio::task::yield_now().await;
        }
    }
}
