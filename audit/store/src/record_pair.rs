//! Recording of two values whose records belong together.

use super::AuditLog;
use super::writer::job::{CompletionSender, PendingWrite, WriterMessage};
use hansa_audit_log::ledger::{Evidence, LedgerError, Recorded};

impl AuditLog {
    /// Records two values like [`AuditLog::record`]. Their records are adjacent and become durable by one sync, so that readers see
    /// both or neither. A loss of power during writing may leave the first alone.
    ///
    /// # Errors
    /// As [`AuditLog::record`]; the second is not recorded if the first fails. If only the second fails, the first stays.
    pub async fn record_both<A, B>(
        &self,
        first: A,
        second: B,
    ) -> Result<(Recorded<A>, Recorded<B>), LedgerError>
    where
        A: Evidence + Send + 'static,
        B: Evidence + Send + 'static,
    {
        let (wake_first, first_woken) = tokio::sync::oneshot::channel();
        let (wake_second, second_woken) = tokio::sync::oneshot::channel();
        self.send(WriterMessage::Both(
            PendingWrite::new_boxed(first, CompletionSender::Task(wake_first)),
            PendingWrite::new_boxed(second, CompletionSender::Task(wake_second)),
        ))?;
        let first = first_woken.await.unwrap_or(Err(LedgerError::Closed))?;
        let second = second_woken.await.unwrap_or(Err(LedgerError::Closed))?;
        Ok((first, second))
    }
}
