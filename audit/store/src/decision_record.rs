//! Recording of a decision on the condition that it is still valid.

use super::AuditLog;
use super::epoch::DecisionValidity;
use super::writer::job::{CompletionSender, PendingWrite, WriteHook, WriterMessage};
use hansa_audit_log::ledger::{Evidence, LedgerError, Recorded};

impl AuditLog {
    /// Records a decision like [`AuditLog::record`], if it is still valid at its place in the log.
    ///
    /// With `headed`, a head over the record is signed as soon as the record is durable. The call does not wait for the head, which
    /// [`AuditLog::head_over`] gives later.
    ///
    /// # Errors
    /// As [`AuditLog::record`]; `Overtaken` where the decision is no longer valid at its place.
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
