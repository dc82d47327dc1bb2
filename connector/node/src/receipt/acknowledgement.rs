//! Acknowledgement of a receipt: the message that returns the receipt with both signatures to its provider. It is recorded with the
//! received answer and made from the receipt, so it needs no file of its own.

use crate::log::audit_event::AuditEvent;
use crate::log::record_keeping::RecordKeeping;
use crate::negotiation::message_record::MessageRecord;
use crate::participant::Connector;
use bytes::Bytes;
use hansa_audit_log::digest::Digest;
use hansa_policy::id::{ParticipantId, RequestId};
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_proto::peer::message::{MessageContent, PeerMessage, PeerMessageId};
use hansa_store::document_folder::StoredDocumentKind as Document;
use hansa_store::state_index::row::OutboxMessageRow;

/// Record of an acknowledgement. Once it is durable, the message waits in the outbox. The message id derives from the answer, so
/// that a repetition is recognised.
///
/// # Errors
/// If the acknowledgement carries a cosigned head of the peer and can't be stored.
pub(crate) fn acknowledgement_event(
    connector: &Connector,
    peer: &ParticipantId,
    request: RequestId,
    receipt: Bytes,
) -> Result<AuditEvent, Refusal> {
    let witnessed = connector.cosign_peer_head(peer);
    let with_head = witnessed.is_some();
    let message = acknowledgement_message(request, receipt, witnessed);
    let bytes = hansa_proto::stored_message::to_bytes(&message);
    if with_head {
        // With a cosigned head, the message can't be made from the receipt alone.
        crate::process::blocking_work::run_waiting(|| {
            connector
                .records
                .documents
                .keep_document(Document::Message, &bytes)
        })?;
    }
    let noted = MessageRecord {
        peer: peer.clone(),
        incoming: false,
        digest: Digest::of(&bytes),
        message,
        number: None,
        refused: None,
    };
    Ok(noted.to_event(None, None))
}

/// Returns a message that waits in the outbox for a peer; `None` for an acknowledgement whose receipt is no longer stored or has
/// changed.
///
/// # Errors
/// If the message can't be read.
pub(crate) fn load_waiting_message(
    connector: &Connector,
    peer: &ParticipantId,
    row: &OutboxMessageRow,
) -> Result<Option<PeerMessage>, Refusal> {
    let Some(request) = row.acknowledged_request else {
        return read_stored_message(&connector.records, row.digest).map(Some);
    };
    let Some(receipt) = read_kept_receipt(&connector.records, peer, request)? else {
        return Ok(None);
    };
    let message = acknowledgement_message(request, receipt, None);
    if Digest::of(&hansa_proto::stored_message::to_bytes(&message)) == row.digest {
        return Ok(Some(message));
    }
    match read_stored_message(&connector.records, row.digest) {
        Ok(message) => Ok(Some(message)),
        Err(refusal) => ignore_missing_file(refusal),
    }
}

/// Deletes the file of an acknowledgement that has left the outbox. The receipt in it is stored separately, for its own retention.
///
/// # Errors
/// If the file can't be deleted.
pub(crate) fn delete_acknowledgement(
    connector: &Connector,
    row: &OutboxMessageRow,
) -> Result<(), Refusal> {
    match row.acknowledged_request {
        Some(_) => crate::process::blocking_work::run_waiting(|| {
            connector
                .records
                .documents
                .remove_document(Document::Message, row.digest)
        }),
        None => Ok(()),
    }
}

fn read_stored_message(records: &RecordKeeping, digest: Digest) -> Result<PeerMessage, Refusal> {
    let bytes = crate::process::blocking_work::run_waiting(|| {
        records.documents.read_document(Document::Message, digest)
    })?;
    hansa_proto::stored_message::from_bytes(&bytes)
}

/// Converts errors of missing or changed files to `None`.
fn ignore_missing_file<T>(refusal: Refusal) -> Result<Option<T>, Refusal> {
    match refusal.code {
        ErrorCode::FileMissing => Ok(None),
        ErrorCode::StateBroken | ErrorCode::MessageMalformed | ErrorCode::MessageTooLarge => {
            tracing::warn!(code = %refusal.code, "receipt.unacknowledged");
            Ok(None)
        }
        _ => Err(refusal),
    }
}

/// Receipt of an answer from a peer, if it is still stored.
fn read_kept_receipt(
    records: &RecordKeeping,
    peer: &ParticipantId,
    request: RequestId,
) -> Result<Option<Bytes>, Refusal> {
    let Some(file) = records.index_fast(|state| state.received_receipt_file(request, peer))? else {
        return Ok(None);
    };
    match crate::process::blocking_work::run_waiting(|| {
        records.documents.read_document(Document::Receipt, file)
    }) {
        Ok(bytes) => Ok(Some(bytes.into())),
        Err(refusal) => ignore_missing_file(refusal),
    }
}

fn acknowledgement_message(
    request: RequestId,
    receipt: Bytes,
    witnessed: Option<Bytes>,
) -> PeerMessage {
    PeerMessage {
        id: PeerMessageId(request.0),
        content: MessageContent::Acknowledgement {
            request,
            receipt,
            disputed: false,
            witnessed,
        },
    }
}
