//! Cancellation signal of running answers, for a withdrawal, the end of a term, the expulsion of a peer and the shutdown of the
//! connector.

use hansa_policy::refusal::{ErrorCode, Refusal};
use tokio::sync::watch;

/// Listener for cancellation. Each answer has one.
#[derive(Debug, Clone)]
pub struct CancellationSignal {
    signal: watch::Receiver<Option<Refusal>>,
}

/// Sender that cancels the answers of its listeners.
#[derive(Debug)]
pub struct CancellationHandle {
    signal: watch::Sender<Option<Refusal>>,
}

/// Creates a handle and a listener; no cancellation is signalled yet.
#[must_use]
pub fn cancellation_pair() -> (CancellationHandle, CancellationSignal) {
    let (send, receive) = watch::channel(None);
    (
        CancellationHandle { signal: send },
        CancellationSignal { signal: receive },
    )
}

impl CancellationHandle {
    /// Cancels the answers with this refusal. Only the first refusal takes effect.
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

    /// Creates another listener.
    #[must_use]
    pub fn watch(&self) -> CancellationSignal {
        CancellationSignal {
            signal: self.signal.subscribe(),
        }
    }
}

impl CancellationSignal {
    /// Listener that is never cancelled.
    #[must_use]
    pub fn new_idle() -> Self {
        let (send, receive) = watch::channel(None);
        drop(send);
        Self { signal: receive }
    }

    /// Refusal of the cancellation, if it was signalled.
    #[must_use]
    pub fn end_reason(&self) -> Option<Refusal> {
        self.signal.borrow().clone()
    }

    /// Waits for the cancellation, possibly forever.
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

/// Refusal for an answer whose contract ended during the answer.
#[must_use]
pub fn cut_answer_refusal(code: ErrorCode) -> Refusal {
    Refusal::new(code, "the answer was cut before its last row")
}
