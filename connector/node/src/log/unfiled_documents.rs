//! Documents of stops that were recorded without a file because the disk was full. Their records hold them, and the files are
//! written from the records when there is space.

use hansa_audit_log::record::body::{ContractBody, RecordBody};
use hansa_audit_store::AuditLog;
use hansa_policy::refusal::Refusal;
use hansa_store::document_folder::{DocumentFolder, StoredDocumentKind};
use hansa_store::state_index::StateIndex;

/// Writes the missing files.
///
/// # Errors
/// If the index or a record can't be read, or the disk is still full. The stops are in force anyway.
pub(crate) fn write_missing_documents(
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
            // The index names records of these kinds only.
            Ok(_) | Err(_) => continue,
        };
        if let Some(text) = text {
            documents.keep_document(kind, text.as_bytes())?;
        }
    }
    Ok(())
}
