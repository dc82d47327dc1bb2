//! Two records that are seen together: what one of them says holds with the other.

use super::AuditLog;
use super::writer::job::{CompletionSender, PendingWrite, WriterMessage};
use hansa_audit_log::ledger::{Evidence, LedgerError, Recorded};

impl AuditLog {
    /// As [`AuditLog::record`], for two values: their records stand one behind the other, one sync makes both durable, and whoever
    /// reads the log sees both or neither. A loss of power in the middle of writing may leave the first alone.
    ///
    /// # Errors
    /// As [`AuditLog::record`]; the second is not recorded where the first can't be. Where the second alone can't be, the first stands.
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
