//! What is said in the reserve, beside a log that can't be written any more.

use super::Log;
use super::writer::job::{Message, Own};
use hansa_audit_log::json::Json;
use hansa_audit_log::ledger::Unwritable;

impl Log {
    /// Keeps a fact in the reserve where the log can't be written any more; the next start takes it into the log.
    ///
    /// # Errors
    /// When the log can still be written, is closed, or the reserve can't be written either.
    pub async fn record_beside(&self, kind: &'static str, body: Json) -> Result<(), Unwritable> {
        let (wake, woken) = tokio::sync::oneshot::channel();
        let wake = |kept| drop(wake.send(kept));
        self.send(Message::Beside(Own { kind, body }, Box::new(wake)))?;
        woken.await.unwrap_or(Err(Unwritable::Closed))
    }

    /// As [`Log::record_beside`], for callers that are no tasks.
    ///
    /// # Errors
    /// As [`Log::record_beside`].
    pub fn record_beside_blocking(&self, kind: &'static str, body: Json) -> Result<(), Unwritable> {
        let (wake, woken) = std::sync::mpsc::sync_channel(1);
        let wake = move |kept| drop(wake.send(kept));
        self.send(Message::Beside(Own { kind, body }, Box::new(wake)))?;
        woken.recv().unwrap_or(Err(Unwritable::Closed))
    }
}
