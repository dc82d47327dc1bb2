//! Pause point: a place in the code at which a test can hold tasks.

use crate::participant::Connector;
use crate::participant::walk_observer::WalkObserver;
use async_trait::async_trait;
use std::any::Any;
use std::future::poll_fn;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::sync::{RwLock, RwLockWriteGuard};

/// Pause points before a record.
#[derive(Debug, Default)]
pub(crate) struct PausePoints {
    /// Decided questions, and values that could be sent with them.
    pub(crate) decided: PausePoint,
    /// Contracts with verified signatures.
    pub(crate) verified: PausePoint,
}

#[async_trait]
impl WalkObserver for PausePoints {
    async fn pass_decision(&self) {
        self.decided.pass_gate().await;
    }

    async fn pass_verification(&self) {
        self.verified.pass_gate().await;
    }
}

/// The pause points of a connector that a test has opened.
pub(crate) fn pause_points(connector: &Connector) -> &PausePoints {
    let observer: &dyn Any = &*connector.observer;
    observer.downcast_ref().unwrap()
}

/// Open as long as no test has closed it.
#[derive(Debug, Default)]
pub(crate) struct PausePoint {
    gate: RwLock<()>,
    waiting: AtomicUsize,
}

impl PausePoint {
    /// Passes the gate once it is open.
    ///
    /// A held task is counted after it has joined the queue of the gate. A test that sees the count can therefore close the gate
    /// behind the task.
    pub(crate) async fn pass_gate(&self) {
        let open = self.gate.read();
        tokio::pin!(open);
        let mut is_counted = false;
        let passage = poll_fn(|context| {
            let polled = open.as_mut().poll(context);
            if polled.is_pending() && !is_counted {
                is_counted = true;
                self.waiting.fetch_add(1, Ordering::SeqCst);
            }
            polled
        });
        let passed = passage.await;
        // The count drops before the gate is free for the next task, so that no passed task is counted.
        if is_counted {
            self.waiting.fetch_sub(1, Ordering::SeqCst);
        }
        drop(passed);
    }

    /// Closes the gate behind the tasks that wait already.
    pub(crate) async fn close(&self) -> RwLockWriteGuard<'_, ()> {
        self.gate.write().await
    }

    /// Waits until a task is held here.
    pub(crate) async fn holds_somebody(&self) {
        while self.waiting.load(Ordering::SeqCst) == 0 {
            tokio::task::yield_now().await;
        }
    }
}
