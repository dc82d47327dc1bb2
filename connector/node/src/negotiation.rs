//! Negotiation: a message makes a step, which is stored, recorded, indexed and then sent. The state of a negotiation is recomputed
//! from its messages. This file takes in messages.

pub mod activation;
pub mod clause_comment;
pub mod message_codec;
pub(crate) mod message_record;
pub mod message_replay;
mod message_step;
pub mod open_negotiation;
pub mod outgoing_message;
pub mod proposal_context;
pub mod resumption;
#[cfg(test)]
mod tests;
mod transition;
pub mod unreadable_message;

use crate::contract::{deletion_attestation, notice};
use crate::negotiation::activation::activate_if_finalized;
use crate::negotiation::message_record::MessageRecord;
use crate::negotiation::message_step::make_message_step;
use crate::negotiation::open_negotiation::OpenNegotiation;
use crate::negotiation::outgoing_message::send_follow_ups;
use crate::negotiation::resumption::follow_up;
use crate::negotiation::transition::MessageDirection;
use crate::participant::Connector;
use crate::peer::peer_allowances::CountedAction;
use crate::process::blocking_work::run_waiting;
use crate::process::run_to_completion::to_the_end;
use crate::{incident, receipt, withdrawal};
use hansa_audit_log::digest::Digest;
use hansa_policy::id::ParticipantId;
use hansa_policy::negotiation::NextMessage;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_proto::envelope;
use hansa_proto::incident::IncidentStatement;
use hansa_proto::notice::NoticeStatement;
use hansa_proto::peer::message::{MessageContent, PeerMessage};
use hansa_proto::statement;
use hansa_store::document_folder::StoredDocumentKind as Document;
use hansa_store::state_index::row::ReceiptRow;
use std::sync::Arc;

/// Takes in a message of a peer. `number` is its place in the peer's outbox, if it came from there.
///
/// The steps that follow from a message complete even if the caller is gone. A repeated message changes nothing, but missing
/// follow-up steps are done.
///
/// # Errors
/// The fault of the message; nothing has changed then. `refuse` records a faulty message from an outbox.
pub async fn take_in(
    connector: &Arc<Connector>,
    peer: &ParticipantId,
    message: &PeerMessage,
    number: Option<u64>,
) -> Result<(), Refusal> {
    let (connector, peer, message) = (Arc::clone(connector), peer.clone(), message.clone());
    to_the_end(async move { take_in_turn(&connector, &peer, &message, number).await }).await
}

async fn take_in_turn(
    connector: &Arc<Connector>,
    peer: &ParticipantId,
    message: &PeerMessage,
    number: Option<u64>,
) -> Result<(), Refusal> {
    let _turn = connector.contracts.negotiation_lock.lock().await;
    let id = message.id.to_string();
    let known = connector
        .records
        .index_fast(|state| state.knows_message(peer, true, &id));
    if let (Err(_), MessageContent::Withdrawal { statement }) = (&known, &message.content) {
        // A withdrawal takes effect even if the index can't be written; the peer then sends the message again.
        withdrawal::take_in(connector, statement)?;
    }
    let known = known?;
    let bytes = hansa_proto::stored_message::to_bytes(message);
    if let Some(known) = known {
        if known != Digest::of(&bytes).to_string() {
            return Err(Refusal::new(
                ErrorCode::RequestIdReused,
                "another message with this identity came before",
            ));
        }
        return match message.content.negotiation() {
            Some(name) => follow_up(connector, name).await,
            None => Ok(()),
        };
    }
    // INVARIANT: bounded-messages. Messages that leave a record are limited per peer, or by an earlier act of this participant.
    if !is_owed(connector, peer, &message.content)?
        && !connector
            .limits
            .allowances
            .take_action(peer, CountedAction::Message, connector.ticks())
    {
        let sentence = format!("{} sends too many messages", peer.domain());
        return Err(Refusal::new(ErrorCode::TooManyStreams, sentence)
            .with_help("the messages stay at the sender and are accepted later"));
    }
    match record_message(connector, peer, message, bytes, number).await? {
        Some((open, sends)) => send_follow_ups(connector, open, sends).await,
        None => Ok(()),
    }
}

/// True if the subject of a message limits its number: the first acknowledgement of a receipt, and the end of a contract or of an
/// open negotiation. Such messages never wait for an allowance.
fn is_owed(
    connector: &Connector,
    peer: &ParticipantId,
    content: &MessageContent,
) -> Result<bool, Refusal> {
    match content {
        MessageContent::Termination { .. } => Ok(true),
        MessageContent::Withdrawal { statement } => {
            let contract = envelope::parse_withdrawal(statement)?.contract;
            let now = connector.now();
            let from = connector
                .contracts
                .with_registry(|registry| registry.withdrawn_from(contract));
            Ok(from.is_none_or(|from| from > now))
        }
        MessageContent::Acknowledgement { request, .. } => {
            let issued = connector
                .records
                .index_fast(|state| state.issued_receipt(&request.to_string(), peer))?;
            Ok(issued.is_none_or(|issued| issued.state == ReceiptRow::ISSUED))
        }
        _ => Ok(false),
    }
}

/// Records a message with its step. Returns the open negotiation and the messages to send.
async fn record_message(
    connector: &Arc<Connector>,
    peer: &ParticipantId,
    message: &PeerMessage,
    bytes: Vec<u8>,
    number: Option<u64>,
) -> Result<Option<(OpenNegotiation, Vec<NextMessage>)>, Refusal> {
    let digest = Digest::of(&bytes);
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
        incoming: true,
        message: message.clone(),
        digest,
        number,
        refused: None,
    };
    match &message.content {
        MessageContent::Statement { statement } => {
            // The envelope header names the kind of statement, and each reader accepts one kind.
            if statement::from_envelope::<NoticeStatement>(statement).is_ok() {
                notice::contract_event::take_in(connector, peer, statement).await?;
            } else if statement::from_envelope::<IncidentStatement>(statement).is_ok() {
                incident::take_in(connector, peer, statement).await?;
            } else {
                deletion_attestation::take_in(connector, peer, statement).await?;
            }
            keep()?;
            noted.record(connector, None).await?;
            Ok(None)
        }
        MessageContent::Withdrawal { statement } => {
            withdrawal::take_in(connector, statement)?;
            keep()?;
            noted.record(connector, None).await?;
            Ok(None)
        }
        MessageContent::Acknowledgement {
            request,
            receipt,
            disputed,
            witnessed,
        } => {
            let known =
                receipt::take_acknowledgement(connector, peer, *request, receipt, *disputed)?;
            if let Some(witnessed) = witnessed {
                connector.take_witness(peer, witnessed).await?;
            }
            // The receipt file holds the content of the message, so the message need not be stored. The next read of the index adds
            // it.
            connector
                .record_both(known, noted.to_event(None, None))
                .await?;
            Ok(None)
        }
        MessageContent::Comment { .. } => {
            let open = clause_comment::check_comment(connector, peer, message, true)?;
            keep()?;
            noted.record(connector, Some((&open, None))).await?;
            Ok(None)
        }
        _ => {
            let (open, sends) = make_message_step(connector, peer, message, MessageDirection::In)?;
            keep()?;
            activate_if_finalized(connector, &open).await?;
            noted.record(connector, Some((&open, None))).await?;
            Ok(Some((open, sends)))
        }
    }
}

/// Records an unusable message from an outbox with the reason. It must neither block the next message nor be lost.
///
/// # Errors
/// If the message can't be stored or recorded.
pub(crate) async fn refuse_message(
    connector: &Arc<Connector>,
    peer: &ParticipantId,
    message: &PeerMessage,
    number: u64,
    why: &Refusal,
) -> Result<(), Refusal> {
    let _turn = connector.contracts.negotiation_lock.lock().await;
    let bytes = hansa_proto::stored_message::to_bytes(message);
    run_waiting(|| {
        connector
            .records
            .documents
            .keep_document(Document::Message, &bytes)
    })?;
    let noted = MessageRecord {
        peer: peer.clone(),
        incoming: true,
        message: message.clone(),
        digest: Digest::of(&bytes),
        number: Some(number),
        refused: Some(why.code),
    };
    noted.record(connector, None).await
}
