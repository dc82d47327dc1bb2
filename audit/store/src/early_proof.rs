//! What is made of a record beside waiting for it: while the disk confirms it, handed out with the proof alone.

use super::AuditLog;
use super::writer::job::{CompletionSender, PendingWrite, WriteHook, WriterMessage};
use hansa_audit_log::ledger::{Evidence, LedgerError, Recorded};
use hansa_audit_log::time::UtcTimestamp;

impl AuditLog {
    /// As [`AuditLog::record`]; from when the record is written until the disk confirms it, `make` makes something of the record's time,
    /// such as a signature over it.
    ///
    /// # Errors
    /// As [`AuditLog::record`]; what was made is then dropped, so that nobody gets it without a durable record behind it.
    pub async fn record_while<T, M>(
        &self,
        value: T,
        make: impl FnOnce(UtcTimestamp) -> M,
    ) -> Result<(Recorded<T>, M::Output), LedgerError>
    where
        T: Evidence + Send + 'static,
        M: Future,
    {
        let (wake, woken) = tokio::sync::oneshot::channel();
        let (write, written) = tokio::sync::oneshot::channel();
        let pending =
            PendingWrite::boxed_as(value, CompletionSender::Task(wake), WriteHook::Told(write));
        self.send(WriterMessage::Record(pending))?;
        let made = match written.await {
            Ok(at) => Some(make(at).await),
            Err(_) => None,
        };
        // INVARIANT: made-with-proof. What was made meanwhile leaves this function beside the proof, or not at all.
        let recorded = woken.await.unwrap_or(Err(LedgerError::Closed))?;
        made.map(|made| (recorded, made)).ok_or(LedgerError::Closed)
    }
}
