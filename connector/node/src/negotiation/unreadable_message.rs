//! Unreadable messages. None blocks another one: an own message is replaced under its number or leaves the outbox, and a received
//! one is set apart. Both are recorded with the reason.

use crate::log::audit_event::AuditEvent;
use crate::log::record_keeping::RecordKeeping;
use crate::participant::Connector;
use crate::receipt::acknowledgement;
use hansa_audit_log::digest::Digest;
use hansa_audit_log::record::messages::{MessageRecord, ReplacedMessageRecord};
use hansa_policy::id::ParticipantId;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_proto::peer::message::{PeerMessage, UnreadableMessage};
use hansa_store::document_folder::StoredDocumentKind as Document;
use hansa_store::state_index::row::OutboxMessageRow;
use std::sync::Arc;

/// Returns a waiting message of the outbox for a peer, repaired if its reader would refuse it; `None` if there is nothing to send.
///
/// # Errors
/// If the message can't be read for now, or the repair can't be recorded.
pub fn load_waiting_message(
    connector: &Connector,
    peer: &ParticipantId,
    row: &OutboxMessageRow,
) -> Result<Option<PeerMessage>, Refusal> {
    match acknowledgement::load_waiting_message(connector, peer, row) {
        Err(refusal) if is_faulty_message(&connector.records, row, refusal.code) => {
            repair_message(connector, peer, row, &refusal)
        }
        read => read,
    }
}

/// Repairs all outbox messages that their reader would refuse. Returns the faults.
///
/// # Errors
/// If the index can't be read or nothing can be recorded.
pub(crate) fn repair_outboxes(connector: &Connector) -> Result<Vec<Refusal>, Refusal> {
    let mut found = Vec::new();
    for (peer, row) in connector.records.index(|state| state.outboxes())? {
        if let Err(refusal) = acknowledgement::load_waiting_message(connector, &peer, &row)
            && is_faulty_message(&connector.records, &row, refusal.code)
        {
            let repaired = repair_message(connector, &peer, &row, &refusal)?;
            found.push(unsendable_message(
                &peer,
                &row,
                &refusal,
                repaired.is_some(),
            ));
        }
    }
    Ok(found)
}

/// Describes the own messages and negotiations that are unreadable now, for people.
///
/// # Errors
/// If the index can't be read.
pub fn describe_faults(connector: &Connector) -> Result<Vec<Refusal>, Refusal> {
    let mut found = Vec::new();
    for (peer, row) in connector.records.index(|state| state.outboxes())? {
        if let Err(refusal) = acknowledgement::load_waiting_message(connector, &peer, &row) {
            let sentence = format!(
                "message {} to {} can't be read: {}",
                row.number,
                peer.domain(),
                refusal.sentence
            );
            found.push(Refusal::new(refusal.code, sentence).with_help(AGAIN));
        }
    }
    for row in connector.records.index(|state| state.negotiations())? {
        if let Err(refusal) =
            crate::negotiation::message_replay::load_negotiation(connector, &row.id)
        {
            let sentence = format!("{} can't be read: {}", row.id, refusal.sentence);
            found.push(Refusal::new(refusal.code, sentence).with_help(BACKUP));
        }
    }
    Ok(found)
}

/// Stores an unreadable message from a peer's outbox as it came, and records it with the reason.
///
/// # Errors
/// If the message can't be stored or recorded.
pub(crate) async fn set_apart(
    connector: &Arc<Connector>,
    peer: &ParticipantId,
    message: &UnreadableMessage,
) -> Result<(), Refusal> {
    let _turn = connector.contracts.negotiation_lock.lock().await;
    let bytes = &message.bytes;
    crate::process::blocking_work::run_waiting(|| {
        connector
            .records
            .documents
            .keep_document(Document::Message, bytes)
    })?;
    let digest = Digest::of(bytes);
    let fact = AuditEvent::from(MessageRecord {
        peer: peer.to_string(),
        direction: "in".to_owned(),
        // The id in the message is not trusted: a valid message with that id may still come.
        id: format!("unreadable {}", message.number),
        kind: "unreadable".to_owned(),
        negotiation: None,
        digest,
        number: Some(message.number),
        refused: Some(message.cause.code.to_string()),
        outbox: false,
        numbered_by: None,
        role: None,
        dataset: None,
        state: None,
        contract: None,
        beforehand: None,
        title: None,
    });
    let _durable = connector.record(fact).await?;
    connector.records.index_fast(|_| Ok(()))
}

/// Replaces a message by its readable part under its number. Without a readable part, the message leaves the outbox.
fn repair_message(
    connector: &Connector,
    peer: &ParticipantId,
    row: &OutboxMessageRow,
    why: &Refusal,
) -> Result<Option<PeerMessage>, Refusal> {
    let kept = crate::process::blocking_work::run_waiting(|| {
        connector
            .records
            .documents
            .read_document(Document::Message, row.digest)
    });
    let message = kept
        .ok()
        .and_then(|bytes| hansa_proto::stored_message::repair_message(&bytes));
    let mut digest = None;
    if let Some(message) = &message {
        let bytes = hansa_proto::stored_message::to_readable_bytes(message)?;
        crate::process::blocking_work::run_waiting(|| {
            connector
                .records
                .documents
                .keep_document(Document::Message, &bytes)
        })?;
        digest = Some(Digest::of(&bytes));
    }
    tracing::warn!(peer = peer.domain(), number = row.number, code = %why.code, "message.repaired");
    let _durable = connector.record_now(AuditEvent::from(ReplacedMessageRecord {
        peer: peer.to_string(),
        number: row.number,
        was: row.digest,
        digest,
        refused: why.code.to_string(),
    }))?;
    connector.records.index_fast(|_| Ok(()))?;
    Ok(message)
}

/// Checks that the message itself is faulty. A failing disk proves no fault, and an acknowledgement can be made again from its
/// receipt.
fn is_faulty_message(records: &RecordKeeping, row: &OutboxMessageRow, code: ErrorCode) -> bool {
    row.acknowledged_request.is_none()
        && match code {
            // `STATE_BROKEN` reports a changed file.
            ErrorCode::MessageMalformed | ErrorCode::MessageTooLarge | ErrorCode::StateBroken => {
                true
            }
            ErrorCode::FileMissing => records.documents.is_missing(Document::Message, row.digest),
            _ => false,
        }
}

fn unsendable_message(
    peer: &ParticipantId,
    row: &OutboxMessageRow,
    why: &Refusal,
    is_repaired: bool,
) -> Refusal {
    let became = if is_repaired {
        "what was written in it was made readable"
    } else {
        "it was taken out of the outbox"
    };
    let sentence = format!(
        "message {} to {} could not be sent: {}; {became}",
        row.number,
        peer.domain(),
        why.sentence
    );
    Refusal::new(why.code, sentence)
}

const AGAIN: &str = "start the connector again: it repairs what it can";
const BACKUP: &str =
    "a backup of the state may hold the message; otherwise negotiate again with a new request";
