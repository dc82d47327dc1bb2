//! The signal that ends a running answer: a withdrawal, the end of a term, an expelled peer, shutting down.

use hansa_policy::refusal::{ErrorCode, Refusal};
use tokio::sync::watch;

/// Listens; one per answer.
#[derive(Debug, Clone)]
pub struct CancellationSignal {
    signal: watch::Receiver<Option<Refusal>>,
}

/// Ends the answers that listen.
#[derive(Debug)]
pub struct CancellationHandle {
    signal: watch::Sender<Option<Refusal>>,
}

/// A signal that has not been given.
#[must_use]
pub fn pair() -> (CancellationHandle, CancellationSignal) {
    let (send, receive) = watch::channel(None);
    (
        CancellationHandle { signal: send },
        CancellationSignal { signal: receive },
    )
}

impl CancellationHandle {
    /// Ends them with this refusal; the first one given stays.
    pub fn stop(&self, why: Refusal) {
        self.signal.send_if_modified(|now| {
            if now.is_none() {
                *now = Some(why);
                true
            } else {
                false
            }
        });
    }

    /// Another listener.
    #[must_use]
    pub fn watch(&self) -> CancellationSignal {
        CancellationSignal {
            signal: self.signal.subscribe(),
        }
    }
}

impl CancellationSignal {
    /// A watch that nobody can end.
    #[must_use]
    pub fn idle() -> Self {
        let (send, receive) = watch::channel(None);
        drop(send);
        Self { signal: receive }
    }

    /// Why it has ended, if it has.
    #[must_use]
    pub fn end_reason(&self) -> Option<Refusal> {
        self.signal.borrow().clone()
    }

    /// Waits until it ends; for ever if it never does.
    pub async fn wait(&mut self) -> Refusal {
        loop {
            if let Some(why) = self.end_reason() {
                return why;
            }
            if self.signal.changed().await.is_err() {
                match self.end_reason() {
                    Some(why) => return why,
                    None => std::future::pending::<()>().await,
                }
            }
        }
    }
}

/// The refusal for an answer whose contract ended while it ran.
#[must_use]
pub fn cut_answer_refusal(code: ErrorCode) -> Refusal {
    Refusal::new(code, "the answer was cut before its last row")
}
