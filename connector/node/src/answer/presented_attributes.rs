//! Attributes that the presented credentials prove. They are verified at each question by the current trust bundle, and again when
//! a newer bundle arrives while the answer runs.

use crate::answer::incoming_query::IncomingQuery;
use crate::participant::Connector;
use hansa_policy::attribute::{Credential, PresentedAttributes};
use hansa_policy::contract::ActiveContracts;
use hansa_policy::id::ParticipantId;
use hansa_policy::refusal::Refusal;
use hansa_policy::term::Term;
use hansa_proto::credential;
use hansa_store::document_folder::StoredDocumentKind;

/// Returns the proved attributes and their credentials. Without a clause that depends on attributes, no credential is read.
///
/// # Errors
/// If a valid credential can't be stored. Evidence of an answer is on disk before the record that names it.
pub(super) fn verify_presented_attributes(
    connector: &Connector,
    posed: &IncomingQuery,
    active: &ActiveContracts,
) -> Result<(PresentedAttributes, Vec<Credential>), Refusal> {
    let mut shown = PresentedAttributes::NOTHING;
    let mut good = Vec::new();
    let looked_at = |term: &Term| term.looks_at().is_some();
    if active
        .grants()
        .values()
        .all(|grant| grant.clause_where(looked_at).is_none())
    {
        return Ok((shown, good));
    }
    let (bundle, now) = (connector.identity.trust.bundle(), connector.now());
    for bytes in &posed.asking.credentials {
        let met = credential::from_envelope(bytes).and_then(|credential| {
            let attested = bundle.attested_attributes(&credential, posed.asker.id(), now)?;
            Ok((credential, attested))
        });
        match met {
            Ok((credential, attested)) => {
                connector
                    .records
                    .documents
                    .keep_document(StoredDocumentKind::Shown, bytes)?;
                shown.attested.extend(attested);
                good.push(credential);
            }
            Err(why) => shown.unfit.push(why),
        }
    }
    Ok((shown, good))
}

/// Refuses if one of the credentials is no longer valid.
///
/// # Errors
/// `CREDENTIAL_INVALID`, or the code of the signature error.
pub(super) fn check_credentials(
    connector: &Connector,
    asker: &ParticipantId,
    credentials: &[Credential],
) -> Result<(), Refusal> {
    let (bundle, now) = (connector.identity.trust.bundle(), connector.now());
    credentials.iter().try_for_each(|credential| {
        bundle
            .attested_attributes(credential, asker, now)
            .map(|_| ())
    })
}
