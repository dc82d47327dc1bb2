//! Recording in the reserve beside a log that can't be written any more.

use super::AuditLog;
use super::writer::job::{InternalRecord, WriterMessage};
use hansa_audit_log::ledger::LedgerError;
use hansa_audit_log::record::body::RecordBody;

impl AuditLog {
    /// Records a fact in the reserve when the log can't be written any more. The next start merges it into the log.
    ///
    /// # Errors
    /// When the log can still be written, is closed, or the reserve can't be written either.
    pub async fn record_in_reserve(&self, fact: RecordBody) -> Result<(), LedgerError> {
        let (wake, woken) = tokio::sync::oneshot::channel();
        let wake = |kept| drop(wake.send(kept));
        self.send(WriterMessage::Beside(InternalRecord(fact), Box::new(wake)))?;
        woken.await.unwrap_or(Err(LedgerError::Closed))
    }

    /// Records a fact like [`AuditLog::record_in_reserve`], for callers outside async tasks.
    ///
    /// # Errors
    /// As [`AuditLog::record_in_reserve`].
    pub fn record_in_reserve_blocking(&self, fact: RecordBody) -> Result<(), LedgerError> {
        let (wake, woken) = std::sync::mpsc::sync_channel(1);
        let wake = move |kept| drop(wake.send(kept));
        self.send(WriterMessage::Beside(InternalRecord(fact), Box::new(wake)))?;
        woken.recv().unwrap_or(Err(LedgerError::Closed))
    }
}
