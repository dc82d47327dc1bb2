//! The word on a receipt: the message by which the provider gets it with both signatures. It is in the log with what was
//! received, and made of the receipt, so that it needs no file of its own.

use crate::log::audit_event::AuditEvent;
use crate::negotiation::message_record::MessageRecord;
use crate::participant::Connector;
use bytes::Bytes;
use hansa_audit_log::digest::Digest;
use hansa_policy::id::{ParticipantId, RequestId};
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_proto::peer::message::{MessageContent, PeerMessage, PeerMessageId};
use hansa_store::document_folder::StoredDocumentKind as Document;
use hansa_store::state_index::row::OutboxMessageRow;

/// The record of our word on an answer of a peer; from when it is durable the message waits in the outbox. It bears the name of
/// the answer, so that it can be told whether it was written.
///
/// # Errors
/// When a head of the peer goes along that we have seen, and the message can't be kept.
pub(crate) fn on(
    connector: &Connector,
    peer: &ParticipantId,
    request: RequestId,
    receipt: Bytes,
) -> Result<AuditEvent, Refusal> {
    let witnessed = connector.witness(peer);
    let with_head = witnessed.is_some();
    let message = acknowledgement_message(request, receipt, witnessed);
    let bytes = hansa_proto::stored_message::to_bytes(&message);
    if with_head {
        // It can't be made of the receipt alone.
        crate::process::blocking_work::waiting(|| {
            connector.records.documents.keep(Document::Letter, &bytes)
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
    Ok(noted.fact(None, None))
}

/// A message that waits in our outbox for a peer; none where it is a word on a receipt that is kept no longer, or is not what was
/// kept.
///
/// # Errors
/// When it can't be read.
pub(crate) fn waiting(
    connector: &Connector,
    peer: &ParticipantId,
    row: &OutboxMessageRow,
) -> Result<Option<PeerMessage>, Refusal> {
    let Some(request) = row.acknowledged_request else {
        return read(connector, row.digest).map(Some);
    };
    let Some(receipt) = read_kept_receipt(connector, peer, request)? else {
        return Ok(None);
    };
    let message = acknowledgement_message(request, receipt, None);
    if Digest::of(&hansa_proto::stored_message::to_bytes(&message)) == row.digest {
        return Ok(Some(message));
    }
    match read(connector, row.digest) {
        Ok(message) => Ok(Some(message)),
        Err(refusal) => without(refusal),
    }
}

/// Lets go of the file of a word that has left the outbox: the receipt within it is kept apart, for its own time.
///
/// # Errors
/// When it can't be taken away.
pub(crate) fn forget(connector: &Connector, row: &OutboxMessageRow) -> Result<(), Refusal> {
    match row.acknowledged_request {
        Some(_) => crate::process::blocking_work::waiting(|| {
            connector
                .records
                .documents
                .forget(Document::Letter, row.digest)
        }),
        None => Ok(()),
    }
}

fn read(connector: &Connector, digest: Digest) -> Result<PeerMessage, Refusal> {
    let bytes = crate::process::blocking_work::waiting(|| {
        connector.records.documents.read(Document::Letter, digest)
    })?;
    hansa_proto::stored_message::from_bytes(&bytes)
}

/// What is missing, or not what was written, holds no message behind it.
fn without<T>(refusal: Refusal) -> Result<Option<T>, Refusal> {
    match refusal.code {
        ErrorCode::FileMissing => Ok(None),
        ErrorCode::StateBroken | ErrorCode::MessageMalformed | ErrorCode::MessageTooLarge => {
            tracing::warn!(code = %refusal.code, "receipt.unacknowledged");
            Ok(None)
        }
        _ => Err(refusal),
    }
}

/// The receipt of an answer that came from a peer, if it is still kept.
fn read_kept_receipt(
    connector: &Connector,
    peer: &ParticipantId,
    request: RequestId,
) -> Result<Option<Bytes>, Refusal> {
    let Some(file) = connector
        .records
        .index_fast(|state| state.received_receipt_file(request, peer))?
    else {
        return Ok(None);
    };
    match crate::process::blocking_work::waiting(|| {
        connector.records.documents.read(Document::Receipt, file)
    }) {
        Ok(bytes) => Ok(Some(bytes.into())),
        Err(refusal) => without(refusal),
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
