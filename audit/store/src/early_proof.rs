//! Work on a record while the disk confirms it. The result is returned together with the proof only.

use super::AuditLog;
use super::writer::job::{CompletionSender, PendingWrite, WriteHook, WriterMessage};
use hansa_audit_log::ledger::{Evidence, LedgerError, Recorded};
use hansa_audit_log::time::UtcTimestamp;

impl AuditLog {
    /// Records a value like [`AuditLog::record`]. While the disk confirms the record, `make` computes a result from its time, such
    /// as a signature over it.
    ///
    /// # Errors
    /// As [`AuditLog::record`]; the result is then dropped, so that it never exists without a durable record.
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
        // INVARIANT: made-with-proof. The result of `make` leaves this function only together with the proof.
        let recorded = woken.await.unwrap_or(Err(LedgerError::Closed))?;
        made.map(|made| (recorded, made)).ok_or(LedgerError::Closed)
    }
}
