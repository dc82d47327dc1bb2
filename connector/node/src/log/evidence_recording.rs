//! Records: something counts once it is durable. That of a stop needs nothing else: where the disk takes no file for the document that
//! it names, the record holds that; where the log takes no record, its reserve does, and the next start takes it into the log.

use crate::log::audit_event::AuditEvent;
use crate::participant::Connector;
use crate::process::blocking_work::waiting;
use hansa_audit_log::ledger::{Evidence, Recorded};
use hansa_policy::refusal::Refusal;
use hansa_store::document_folder::StoredDocumentKind;

/// Where the record of a stop is.
#[derive(Debug)]
pub(crate) enum StopRecord<T> {
    /// In the log.
    InLog(Recorded<T>),
    /// In its reserve.
    InReserve,
}

impl Connector {
    /// Records something; when this returns it is durable.
    ///
    /// # Errors
    /// `EVIDENCE_UNAVAILABLE` or `DISK_FULL`; then nothing may be done.
    pub async fn record<T>(&self, value: T) -> Result<Recorded<T>, Refusal>
    where
        T: Evidence + Send + 'static,
    {
        self.records
            .log
            .record(value)
            .await
            .map_err(|unwritable| hansa_audit_store::refusal(&unwritable))
    }

    /// Records something from a thread that may block.
    ///
    /// # Errors
    /// When the log can't be written.
    pub(crate) fn record_now<T>(&self, value: T) -> Result<Recorded<T>, Refusal>
    where
        T: Evidence + Send + 'static,
    {
        waiting(|| self.records.log.record_blocking(value))
            .map_err(|unwritable| hansa_audit_store::refusal(&unwritable))
    }

    /// Records two facts of which none is seen without the other.
    ///
    /// # Errors
    /// `EVIDENCE_UNAVAILABLE` or `DISK_FULL`; then nothing may be done.
    pub(crate) async fn record_both(
        &self,
        first: AuditEvent,
        second: AuditEvent,
    ) -> Result<(), Refusal> {
        let both = self.records.log.record_both(first, second).await;
        both.map(drop)
            .map_err(|unwritable| hansa_audit_store::refusal(&unwritable))
    }

    /// Keeps the document that the record of a stop is to name. Gives its text, for the record, where it can't be kept.
    pub(crate) fn keep_stop_document(
        &self,
        kind: StoredDocumentKind,
        bytes: &[u8],
    ) -> Option<String> {
        let refusal = waiting(|| self.records.documents.keep(kind, bytes)).err()?;
        tracing::warn!(code = %refusal.code, "stop.not_filed");
        let text = std::str::from_utf8(bytes).ok()?;
        fits_a_record(text).then(|| text.to_owned())
    }

    /// Records a stop. Blocks.
    ///
    /// # Errors
    /// When neither the log nor its reserve can be written.
    pub(crate) fn record_stop<T>(&self, stop: T) -> Result<StopRecord<T>, Refusal>
    where
        T: Evidence + Send + 'static,
    {
        let entry = stop.entry();
        let failed = match waiting(|| self.records.log.record_blocking(stop)) {
            Ok(recorded) => return Ok(StopRecord::InLog(recorded)),
            Err(failed) => failed,
        };
        match waiting(|| self.records.log.record_in_reserve_blocking(entry)) {
            Ok(()) => Ok(StopRecord::InReserve),
            Err(_) => Err(hansa_audit_store::refusal(&failed)),
        }
    }
}

/// Whether a record has room for a text. Quotes take two bytes each within it.
fn fits_a_record(text: &str) -> bool {
    let quotes = text.bytes().filter(|byte| matches!(byte, b'"' | b'\\'));
    text.len().saturating_add(quotes.count()) <= MOST
}

/// So many bytes of a record its other members leave.
const MOST: usize = 60_000;
