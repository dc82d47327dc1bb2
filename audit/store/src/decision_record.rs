//! The record of a decision, which is taken only where the decision still holds.

use super::AuditLog;
use super::epoch::DecisionValidity;
use super::writer::job::{CompletionSender, PendingWrite, WriteHook, WriterMessage};
use hansa_audit_log::ledger::{Evidence, LedgerError, Recorded};

impl AuditLog {
    /// As [`AuditLog::record`] for a decision; where it is `headed` a head over the record is signed as soon as it is durable, and waited for
    /// by nobody: whoever needs it a moment later finds it ([`AuditLog::head_over`]).
    ///
    /// # Errors
    /// As [`AuditLog::record`]; `Overtaken` where it holds no longer at the place that it would get.
    pub async fn record_while_valid<T>(
        &self,
        value: T,
        validity: DecisionValidity,
        headed: bool,
    ) -> Result<Recorded<T>, LedgerError>
    where
        T: Evidence + Send + 'static,
    {
        let (wake, woken) = tokio::sync::oneshot::channel();
        let beside = match headed {
            true => WriteHook::Headed,
            false => WriteHook::Nothing,
        };
        let pending =
            PendingWrite::boxed_while(value, CompletionSender::Task(wake), beside, validity);
        self.send(WriterMessage::Record(pending))?;
        woken.await.unwrap_or(Err(LedgerError::Closed))
    }
}
