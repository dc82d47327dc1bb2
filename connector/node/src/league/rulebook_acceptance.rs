//! Acceptance of the league's rulebook. A version is stored and recorded when it is installed, and again with a signed statement
//! when it is accepted.

use crate::league::rulebook_register::StoredAcceptance;
use crate::log::audit_event::AuditEvent;
use crate::log::record_keeping::RecordKeeping;
use crate::participant::Connector;
use crate::participant::caller::Caller;
use crate::process::run_to_completion::to_the_end;
use hansa_audit_log::digest::Digest;
use hansa_audit_log::record::configuration::RulebookRecord;
use hansa_identity::rulebook::SignedRulebook;
use hansa_policy::contract::signature::SignatoryRole;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_proto::envelope;
use hansa_proto::envelope::kind::StatementKind;
use hansa_proto::rulebook_acceptance::{self, RulebookAcceptanceStatement};
use hansa_proto::statement;
use hansa_store::document_folder::StoredDocumentKind;
use std::sync::Arc;

/// Installs a version of the rulebook. Returns its number, and true if it is new here.
///
/// # Errors
/// `RULEBOOK_INVALID` or `WRONG_LEAGUE`, or an error if the version can't be stored or recorded.
pub async fn install_rulebook(
    connector: &Arc<Connector>,
    bytes: Vec<u8>,
) -> Result<(u64, bool), Refusal> {
    let connector = Arc::clone(connector);
    to_the_end(async move {
        // One at a time, so that no version follows a higher one.
        let _turn = connector.contracts.negotiation_lock.lock().await;
        let rulebook = SignedRulebook::read(&bytes, &connector.identity.trust.bundle())?;
        let version = rulebook.version();
        if !connector.reloadable.rulebooks().is_new(&rulebook)? {
            return Ok((version, false));
        }
        let file = connector
            .records
            .documents
            .keep_document(StoredDocumentKind::Rulebook, &bytes)?;
        let _durable = connector
            .record(AuditEvent::from(RulebookRecord {
                event: "installed".to_owned(),
                version,
                rulebook: rulebook.digest(),
                from: Some(rulebook.content().draft.from.to_string()),
                statement: None,
                file,
                actor: None,
            }))
            .await?;
        connector
            .reloadable
            .change_rulebooks(|register| register.install(rulebook));
        note_index(&connector.records);
        Ok((version, true))
    })
    .await
}

/// Accepts the newest version, whose digest is given, and returns the envelope of the statement. An accepted version keeps its
/// first statement.
///
/// # Errors
/// `USAGE` without a rulebook, or if another version is the newest now; or if the statement can't be signed, stored or recorded.
pub async fn accept_rulebook(
    connector: &Arc<Connector>,
    shown: Digest,
    caller: &Caller,
) -> Result<(u64, String), Refusal> {
    let (connector, caller) = (Arc::clone(connector), caller.clone());
    to_the_end(async move {
        let _turn = connector.contracts.negotiation_lock.lock().await;
        let register = connector.reloadable.rulebooks();
        let newest = register.newest_version().ok_or_else(no_rulebook)?;
        let version = newest.version();
        if newest.digest() != shown {
            return Err(Refusal::new(
                ErrorCode::UsageWrong,
                format!("version {version} of the rulebook was installed meanwhile, and nothing was accepted"),
            )
            .with_help("hansa rulebook show"));
        }
        if let Some(before) = register.acceptance(version) {
            return Ok((version, before.envelope.clone()));
        }
        let statement = RulebookAcceptanceStatement {
            participant: connector.id(),
            rulebook: newest.digest(),
            version,
            accepted_at: connector.now(),
        };
        let payload = statement::to_bytes(&statement);
        let kind = StatementKind::RulebookAcceptance;
        let signature = connector.sign(kind, SignatoryRole::Provider, &payload)?;
        let bytes = envelope::assemble_statement(&payload, &[signature]);
        let acceptance = rulebook_acceptance::from_envelope(&bytes)?;
        // A statement that the league would refuse is neither stored nor recorded.
        let bundle = connector.identity.trust.bundle();
        acceptance.check(version, shown, &bundle.keys(connector.now()))?;
        let actor = caller.pseudonym(&connector)?;
        let file = connector
            .records
            .documents
            .keep_document(StoredDocumentKind::RulebookAcceptance, &bytes)?;
        let _durable = connector
            .record(AuditEvent::from(RulebookRecord {
                event: "accepted".to_owned(),
                version,
                rulebook: shown,
                from: None,
                statement: Some(acceptance.statement),
                file,
                actor,
            }))
            .await?;
        let envelope = String::from_utf8_lossy(&bytes).into_owned();
        let stored = StoredAcceptance {
            acceptance,
            envelope: envelope.clone(),
        };
        connector
            .reloadable
            .change_rulebooks(|register| register.accept(stored));
        note_index(&connector.records);
        Ok((version, envelope))
    })
    .await
}

/// Refusal if no rulebook is installed.
pub fn no_rulebook() -> Refusal {
    Refusal::new(
        ErrorCode::UsageWrong,
        "no rulebook of the league is installed here",
    )
    .with_help("take in the file that the league sent: hansa rulebook install FILE")
}

fn note_index(records: &RecordKeeping) {
    if let Err(refusal) = records.index(|_| Ok(())) {
        tracing::warn!(code = %refusal.code, "rulebook.not_indexed");
    }
}
