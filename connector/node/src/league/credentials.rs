//! Credentials of this participant that accompany a question.

use crate::log::record_keeping::RecordKeeping;
use crate::participant::Connector;
use bytes::Bytes;
use hansa_policy::attribute::{AttributeKind, Credential};
use hansa_policy::id::ContractId;
use hansa_policy::refusal::Refusal;
use hansa_policy::term::Term;
use hansa_proto::credential;
use hansa_proto::peer::query_request::CREDENTIALS;
use hansa_store::document_folder::StoredDocumentKind;
use std::collections::BTreeSet;

/// Stored credentials with their bytes.
///
/// # Errors
/// If the credentials can't be read.
pub fn stored_credentials(records: &RecordKeeping) -> Result<Vec<(Credential, Vec<u8>)>, Refusal> {
    records
        .documents
        .read_documents(StoredDocumentKind::Credential)?
        .into_iter()
        .map(|bytes| Ok((credential::from_envelope(&bytes)?, bytes)))
        .collect()
}

/// Credentials on which a clause of these contracts depends, those with the latest expiry first. The provider verifies them.
///
/// # Errors
/// If the credentials can't be read.
pub fn needed_credentials(
    connector: &Connector,
    contracts: &[ContractId],
) -> Result<Vec<Bytes>, Refusal> {
    let now = connector.now();
    let wanted: BTreeSet<AttributeKind> = connector.contracts.with_registry(|registry| {
        let named = contracts.iter().filter_map(|id| registry.agreement(*id));
        named
            .flat_map(|agreement| &agreement.clauses)
            .filter_map(|clause| Term::looks_at(&clause.term))
            .collect()
    });
    if wanted.is_empty() {
        return Ok(Vec::new());
    }
    let mut fit = stored_credentials(&connector.records)?;
    fit.retain(|(credential, _)| {
        let states = &mut credential.attributes.iter();
        now < credential.until && states.any(|attribute| wanted.contains(&attribute.kind()))
    });
    fit.sort_by_key(|(credential, _)| std::cmp::Reverse(credential.until));
    let bytes = fit.into_iter().take(CREDENTIALS);
    Ok(bytes.map(|(_, bytes)| bytes.into()).collect())
}
