//! Documents of stops that got no file of their own before they were recorded, since there was no room: their records hold them, and the
//! files are made of these when there is room again.

use crate::participant::audit_event::DOCUMENT;
use hansa_audit_log::json::Json;
use hansa_audit_store::AuditLog;
use hansa_policy::refusal::Refusal;
use hansa_store::document_folder::{DocumentFolder, StoredDocumentKind};
use hansa_store::state_index::StateIndex;

/// Makes the files that are not there yet.
///
/// # Errors
/// When the index, or a record, can't be read, or there is no room still. What they say holds all the same.
pub(super) fn file(
    state: &StateIndex,
    log: &AuditLog,
    documents: &DocumentFolder,
) -> Result<(), Refusal> {
    for record in state.unfiled()? {
        let Some(record) = log.get(record)? else {
            continue;
        };
        let kind = match record.kind.as_str() {
            "guard" => StoredDocumentKind::Guard,
            "group" => StoredDocumentKind::Group,
            _ => StoredDocumentKind::Withdrawal,
        };
        if let Some(text) = record.body.get(DOCUMENT).and_then(Json::as_text) {
            documents.keep(kind, text.as_bytes())?;
        }
    }
    Ok(())
}
