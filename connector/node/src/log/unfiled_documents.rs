//! Documents of stops that got no file of their own before they were recorded, since there was no room: their records hold them, and the
//! files are made of these when there is room again.

use hansa_audit_log::record::body::{ContractBody, RecordBody};
use hansa_audit_store::AuditLog;
use hansa_policy::refusal::Refusal;
use hansa_store::document_folder::{DocumentFolder, StoredDocumentKind};
use hansa_store::state_index::StateIndex;

/// Makes the files that are not there yet.
///
/// # Errors
/// When the index, or a record, can't be read, or there is no room still. What they say holds all the same.
pub(crate) fn file(
    state: &StateIndex,
    log: &AuditLog,
    documents: &DocumentFolder,
) -> Result<(), Refusal> {
    for record in state.unfiled_records()? {
        let Some(record) = log.get(record)? else {
            continue;
        };
        let (kind, text) = match record.read_body() {
            Ok(RecordBody::Contract(ContractBody::Restriction(restriction))) => {
                (StoredDocumentKind::Restriction, restriction.envelope)
            }
            Ok(RecordBody::Contract(ContractBody::Group(group))) => {
                (StoredDocumentKind::Group, group.envelope)
            }
            Ok(RecordBody::Contract(ContractBody::Withdrawal(withdrawal))) => {
                (StoredDocumentKind::Withdrawal, withdrawal.envelope)
            }
            // The index names records of these kinds alone.
            Ok(_) | Err(_) => continue,
        };
        if let Some(text) = text {
            documents.keep(kind, text.as_bytes())?;
        }
    }
    Ok(())
}
