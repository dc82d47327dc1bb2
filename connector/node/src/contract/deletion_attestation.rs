//! Deletion statements of the consumer about received answers. They are recorded in both logs and sent as messages.

use crate::log::audit_event::{AuditEvent, list_texts};
use crate::negotiation::outgoing_message;
use crate::participant::Connector;
use crate::process::blocking_work::run_waiting;
use crate::withdrawal;
use hansa_audit_log::record::contracts::DeletionRecord;
use hansa_policy::contract::Agreement;
use hansa_policy::contract::signature::SignatoryRole;
use hansa_policy::id::{ContractId, ParticipantId, RequestId};
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_proto::deletion::{DeletionStatement, MOST};
use hansa_proto::envelope;
use hansa_proto::envelope::kind::StatementKind;
use hansa_proto::peer::message::MessageContent;
use hansa_proto::statement;
use hansa_store::document_folder::StoredDocumentKind as Document;
use std::sync::Arc;

/// States the deletion of these answers, in as many statements as needed, and puts each into the outbox. Returns their number.
///
/// # Errors
/// If a statement can't be signed, stored or recorded.
pub async fn issue_deletion_statements(
    connector: &Arc<Connector>,
    contract: ContractId,
    agreement: &Agreement,
    requests: &[RequestId],
) -> Result<usize, Refusal> {
    let provider = &agreement.provider.id;
    let mut statements = 0;
    for some in requests.chunks(MOST) {
        let deletion = DeletionStatement {
            provider: provider.clone(),
            consumer: connector.id(),
            contract,
            requests: some.iter().copied().collect(),
            stated_at: connector.now(),
        };
        let payload = statement::to_bytes(&deletion);
        let signature =
            connector.sign(StatementKind::Deletion, SignatoryRole::Consumer, &payload)?;
        let bytes = envelope::assemble_statement(&payload, &[signature]);
        // The outbox comes first: a crash then repeats the statement instead of losing it.
        let statement = bytes.clone().into();
        outgoing_message::send_message(
            connector,
            provider,
            MessageContent::Statement { statement },
            false,
        )
        .await?;
        record_deletion(connector, provider, &deletion, &bytes, "out").await?;
        statements += 1;
    }
    Ok(statements)
}

/// Takes in the deletion statement of a consumer. Entries about answers that this participant did not give have no effect.
///
/// # Errors
/// If the statement is not by the peer, its contract is not between the peer and this participant, its signature is invalid, or it
/// can't be recorded.
pub async fn take_in(
    connector: &Arc<Connector>,
    peer: &ParticipantId,
    bytes: &[u8],
) -> Result<(), Refusal> {
    let signed = statement::from_envelope::<DeletionStatement>(bytes)?;
    let deletion = &signed.content;
    let parties = deletion.consumer == *peer && deletion.provider == connector.id();
    let known = connector.contracts.with_registry(|registry| {
        let agreement = registry.agreement(deletion.contract);
        agreement.is_some_and(|agreement| {
            agreement.provider.id == deletion.provider
                && agreement.assignee_id().is_none_or(|id| id == peer)
        })
    });
    if !parties || !known {
        let sentence =
            "the statement is not about a contract between its sender and this participant";
        return Err(Refusal::new(ErrorCode::ContractUnknown, sentence));
    }
    withdrawal::check_statement(connector, peer, &signed.signature)?;
    record_deletion(connector, peer, deletion, bytes, "in").await
}

async fn record_deletion(
    connector: &Arc<Connector>,
    peer: &ParticipantId,
    deletion: &DeletionStatement,
    bytes: &[u8],
    direction: &str,
) -> Result<(), Refusal> {
    let file = run_waiting(|| {
        connector
            .records
            .documents
            .keep_document(Document::Statement, bytes)
    })?;
    // The duty spans all versions of a contract.
    let first = connector
        .contracts
        .with_registry(|registry| registry.first_version(deletion.contract));
    let _durable = connector
        .record(AuditEvent::from(DeletionRecord {
            peer: peer.to_string(),
            direction: direction.to_owned(),
            contract: deletion.contract.to_string(),
            first: first.to_string(),
            statement: file,
            requests: list_texts(&deletion.requests),
        }))
        .await?;
    connector.records.index(|_| Ok(()))
}
