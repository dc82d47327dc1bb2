//! Durable records. A step counts once its record is durable. The record of a stop has two fallbacks: without disk space for its
//! document, the record holds the document itself; without space in the log, the log's reserve holds the record, and the next start
//! moves it into the log.

use crate::log::audit_event::AuditEvent;
use crate::participant::Connector;
use crate::process::blocking_work::run_waiting;
use hansa_audit_log::ledger::{Evidence, Recorded};
use hansa_policy::refusal::Refusal;
use hansa_store::document_folder::StoredDocumentKind;

/// Place of the record of a stop.
#[derive(Debug)]
pub(crate) enum StopRecord<T> {
    /// Record in the log.
    InLog(Recorded<T>),
    /// Record in the reserve of the log.
    InReserve,
}

impl Connector {
    /// Records a value. It is durable when this method returns.
    ///
    /// # Errors
    /// `EVIDENCE_UNAVAILABLE` or `DISK_FULL`; the recorded step must not happen then.
    pub async fn record<T>(&self, value: T) -> Result<Recorded<T>, Refusal>
    where
        T: Evidence + Send + 'static,
    {
        self.records
            .log
            .record(value)
            .await
            .map_err(|unwritable| hansa_audit_store::unwritable_log_refusal(&unwritable))
    }

    /// Records a value from a thread that may block.
    ///
    /// # Errors
    /// If the log can't be written.
    pub(crate) fn record_now<T>(&self, value: T) -> Result<Recorded<T>, Refusal>
    where
        T: Evidence + Send + 'static,
    {
        run_waiting(|| self.records.log.record_blocking(value))
            .map_err(|unwritable| hansa_audit_store::unwritable_log_refusal(&unwritable))
    }

    /// Records two facts atomically: no reader sees one without the other. Gives the number of the first record.
    ///
    /// # Errors
    /// `EVIDENCE_UNAVAILABLE` or `DISK_FULL`; the recorded step must not happen then.
    pub(crate) async fn record_both(
        &self,
        first: AuditEvent,
        second: AuditEvent,
    ) -> Result<u64, Refusal> {
        let both = self.records.log.record_both(first, second).await;
        both.map(|(first, _second)| first.receipt().index())
            .map_err(|unwritable| hansa_audit_store::unwritable_log_refusal(&unwritable))
    }

    /// Stores the document that the record of a stop names. If it can't be stored, returns its text, which goes into the record.
    pub(crate) fn keep_stop_document(
        &self,
        kind: StoredDocumentKind,
        bytes: &[u8],
    ) -> Option<String> {
        let refusal = run_waiting(|| self.records.documents.keep_document(kind, bytes)).err()?;
        tracing::warn!(code = %refusal.code, "stop.not_filed");
        let text = std::str::from_utf8(bytes).ok()?;
        fits_a_record(text).then(|| text.to_owned())
    }

    /// Records a stop. Blocks.
    ///
    /// # Errors
    /// If neither the log nor its reserve can be written.
    pub(crate) fn record_stop<T>(&self, stop: T) -> Result<StopRecord<T>, Refusal>
    where
        T: Evidence + Send + 'static,
    {
        let entry = stop.to_record_body();
        let failed = match run_waiting(|| self.records.log.record_blocking(stop)) {
            Ok(recorded) => return Ok(StopRecord::InLog(recorded)),
            Err(failed) => failed,
        };
        match run_waiting(|| self.records.log.record_in_reserve_blocking(entry)) {
            Ok(()) => Ok(StopRecord::InReserve),
            Err(_) => Err(hansa_audit_store::unwritable_log_refusal(&failed)),
        }
    }
}

/// Checks that a text fits into a record. Each quote in it takes two bytes.
fn fits_a_record(text: &str) -> bool {
    let quotes = text.bytes().filter(|byte| matches!(byte, b'"' | b'\\'));
    text.len().saturating_add(quotes.count()) <= MOST
}

/// Bytes of a record that are free for a text beside the other members.
const MOST: usize = 60_000;
