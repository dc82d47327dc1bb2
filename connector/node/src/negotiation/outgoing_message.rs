//! Own messages: a step is made, stored and recorded; the outbox delivers the message.

use crate::negotiation::activation::activate_if_finalized;
use crate::negotiation::clause_comment;
use crate::negotiation::message_codec::write_message;
use crate::negotiation::message_record::MessageRecord;
use crate::negotiation::message_step::make_message_step;
use crate::negotiation::open_negotiation::OpenNegotiation;
use crate::negotiation::transition::MessageDirection;
use crate::participant::Connector;
use crate::participant::approval;
use crate::process::blocking_work::run_waiting;
use crate::process::randomness::random_bytes;
use crate::process::run_to_completion::to_the_end;
use crate::receipt;
use hansa_audit_log::digest::Digest;
use hansa_policy::id::{ParticipantId, RequestId};
use hansa_policy::negotiation::NextMessage;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_policy::safe_text::SingleLineText;
use hansa_proto::peer::message::{MessageContent, PeerMessage, PeerMessageId};
use hansa_store::document_folder::StoredDocumentKind as Document;
use std::sync::Arc;

/// Makes the step of an own message, stores it and records it. The outbox delivers it.
///
/// # Errors
/// If the step is not possible for this participant now, or can't be recorded.
pub async fn send_message(
    connector: &Arc<Connector>,
    peer: &ParticipantId,
    content: MessageContent,
    sign_beforehand: bool,
) -> Result<(), Refusal> {
    let (connector, peer) = (Arc::clone(connector), peer.clone());
    to_the_end(async move {
        let _turn = connector.contracts.negotiation_lock.lock().await;
        send_in_turn(&connector, &peer, content, sign_beforehand).await
    })
    .await
}

/// Writes the acknowledgement of an answer's receipt to its provider, once. The message id derives from the answer, so that a
/// repetition is recognised.
///
/// # Errors
/// Same errors as [`send_message`].
pub(crate) async fn acknowledge_receipt(
    connector: &Arc<Connector>,
    peer: &ParticipantId,
    request: RequestId,
    receipt: Vec<u8>,
) -> Result<(), Refusal> {
    let (connector, peer) = (Arc::clone(connector), peer.clone());
    to_the_end(async move {
        let _turn = connector.contracts.negotiation_lock.lock().await;
        let id = PeerMessageId(request.0).to_string();
        if connector
            .records
            .index_fast(|state| state.knows_message(&peer, false, &id))?
            .is_some()
        {
            return Ok(());
        }
        let said = receipt::acknowledgement::acknowledgement_event(
            &connector,
            &peer,
            request,
            receipt.into(),
        )?;
        let _durable = connector.record(said).await?;
        connector.records.index_fast(|_| Ok(()))?;
        connector.peers.outbox_signal.notify_waiters();
        Ok(())
    })
    .await
}

async fn send_in_turn(
    connector: &Arc<Connector>,
    peer: &ParticipantId,
    content: MessageContent,
    sign_beforehand: bool,
) -> Result<(), Refusal> {
    let message = PeerMessage {
        id: PeerMessageId(random_bytes()),
        content,
    };
    write_in_turn(connector, peer, message, sign_beforehand, None).await
}

/// Ends a negotiation whose request the peer has refused. Only the own log records it, because the peer has begun no negotiation.
///
/// # Errors
/// Same errors as [`send_message`].
pub(crate) async fn end_refused(
    connector: &Arc<Connector>,
    peer: &ParticipantId,
    negotiation: &str,
    why: &Refusal,
) -> Result<(), Refusal> {
    let reason = SingleLineText::from_any_text(&format!(
        "the request was refused, {}: {}",
        why.code, why.sentence
    ));
    let message = PeerMessage {
        id: PeerMessageId(random_bytes()),
        content: MessageContent::Termination {
            negotiation: negotiation.to_owned(),
            code: Some(why.code),
            reason: reason.to_string(),
        },
    };
    let (connector, peer, code) = (Arc::clone(connector), peer.clone(), why.code);
    to_the_end(async move {
        let _turn = connector.contracts.negotiation_lock.lock().await;
        write_in_turn(&connector, &peer, message, false, Some(code)).await
    })
    .await
}

/// Stores and records an own message. If the peer has refused its subject, the message is only recorded.
async fn write_in_turn(
    connector: &Arc<Connector>,
    peer: &ParticipantId,
    message: PeerMessage,
    sign_beforehand: bool,
    refused: Option<ErrorCode>,
) -> Result<(), Refusal> {
    // Checked before the message is stored: an unreadable message would block all later ones.
    let bytes = hansa_proto::stored_message::to_readable_bytes(&message)?;
    let keep = || {
        run_waiting(|| {
            connector
                .records
                .documents
                .keep_document(Document::Message, &bytes)
        })
    };
    let noted = MessageRecord {
        peer: peer.clone(),
        incoming: false,
        message: message.clone(),
        digest: Digest::of(&bytes),
        number: None,
        refused,
    };
    if message.content.negotiation().is_none() {
        keep()?;
        noted.record(connector, None).await?;
        connector.peers.outbox_signal.notify_waiters();
        return Ok(());
    }
    if matches!(message.content, MessageContent::Comment { .. }) {
        let open = clause_comment::check_comment(connector, peer, &message, false)?;
        keep()?;
        noted.record(connector, Some((&open, None))).await?;
        connector.peers.outbox_signal.notify_waiters();
        return Ok(());
    }
    let (open, sends) = make_message_step(
        connector,
        peer,
        &message,
        MessageDirection::Out { sign_beforehand },
    )?;
    // Since the signature, a contract may have come into force or ended, so the signed one may permit more.
    if matches!(
        message.content,
        MessageContent::Agreement { .. } | MessageContent::Finalization { .. }
    ) {
        let proposal = open.state.proposal();
        approval::require_approvals(connector, proposal.contract, &proposal.agreement)?;
    }
    keep()?;
    activate_if_finalized(connector, &open).await?;
    let beforehand = open
        .state
        .consent()
        .filter(|contract| sign_beforehand && *contract == open.state.proposal().contract);
    noted.record(connector, Some((&open, beforehand))).await?;
    connector.peers.outbox_signal.notify_waiters();
    Box::pin(send_follow_ups(connector, open, sends)).await
}

/// Does the follow-up steps that need no person.
pub(super) async fn send_follow_ups(
    connector: &Arc<Connector>,
    open: OpenNegotiation,
    sends: Vec<NextMessage>,
) -> Result<(), Refusal> {
    for send in sends {
        let proposal = open.state.proposal();
        if matches!(send, NextMessage::Finalization(_))
            && let Err(refusal) =
                approval::require_approvals(connector, proposal.contract, &proposal.agreement)
        {
            // The other party has signed terms that need two approvals here. Officers continue.
            tracing::info!(%refusal, "negotiation.waits_for_two");
            continue;
        }
        let content = write_message(connector, &open, send)?;
        Box::pin(send_in_turn(connector, open.other_party(), content, false)).await?;
    }
    Ok(())
}

/// Returns the due step of this participant as a message, for `contract sign`.
///
/// # Errors
/// `NEGOTIATION_STATE` if it is the other party's turn, or an error if the key can't be used.
pub fn due_message(
    connector: &Connector,
    open: &OpenNegotiation,
) -> Result<MessageContent, Refusal> {
    let send = open.state.next_message(open.own).ok_or_else(|| {
        let whose = open.state.next_side().map_or_else(
            || format!("it is {}", open.state.phase().as_str()),
            |side| format!("it is the {}'s turn", side.as_str()),
        );
        Refusal::new(
            ErrorCode::NegotiationState,
            format!("there is nothing to sign now: {whose}"),
        )
    })?;
    write_message(connector, open, send)
}
