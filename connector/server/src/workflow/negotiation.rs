//! Negotiate: a letter makes a step; file, record, index, then send. A negotiation is its letters, read again. Here letters are taken in.

mod activation;
pub(crate) mod clause_comment;
pub(crate) mod message_codec;
pub(crate) mod message_record;
pub(crate) mod message_replay;
mod message_step;
pub(crate) mod open_negotiation;
pub(crate) mod outgoing_message;
mod proposal_context;
pub(crate) mod resumption;
mod transition;
pub(crate) mod unreadable_message;

use crate::participant::Connector;
use crate::process::blocking_work::waiting;
use crate::workflow::negotiation::activation::settle;
use crate::workflow::negotiation::message_record::MessageRecord;
use crate::workflow::negotiation::message_step::step;
use crate::workflow::negotiation::open_negotiation::OpenNegotiation;
use crate::workflow::negotiation::outgoing_message::follow;
use crate::workflow::negotiation::resumption::follow_up;
use crate::workflow::negotiation::transition::MessageDirection;
use crate::workflow::run_to_completion::to_the_end;
use crate::workflow::{contract_withdrawal, deletion_attestation, log_incident, notice, receipt};
use hansa_audit_log::digest::Digest;
use hansa_policy::id::ParticipantId;
use hansa_policy::negotiation::NextMessage;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_proto::peer::message::{MessageContent, PeerMessage};
use hansa_store::document_folder::StoredDocumentKind as Document;
use std::sync::Arc;

/// Takes in a letter of a peer; `number` is its place in the peer's outbox, where it came from there. A caller that goes
/// away does not stop halfway what a letter leads to.
///
/// A letter that was taken in before changes nothing, but what follows from it and was never done is done.
///
/// # Errors
/// What is wrong with it; then nothing has changed. One from an outbox is put on the books by [`refuse`].
pub(crate) async fn take_in(
    node: &Arc<Connector>,
    peer: &ParticipantId,
    letter: &PeerMessage,
    number: Option<u64>,
) -> Result<(), Refusal> {
    let (node, peer, letter) = (Arc::clone(node), peer.clone(), letter.clone());
    to_the_end(async move { take_in_turn(&node, &peer, &letter, number).await }).await
}

async fn take_in_turn(
    node: &Arc<Connector>,
    peer: &ParticipantId,
    letter: &PeerMessage,
    number: Option<u64>,
) -> Result<(), Refusal> {
    let _turn = node.contracts.negotiation_lock.lock().await;
    let id = letter.id.to_string();
    let known = node
        .records
        .index_fast(|state| state.knows_letter(peer, true, &id));
    if let (Err(_), MessageContent::Withdrawal { statement }) = (&known, &letter.content) {
        // Where the index can't be written a withdrawal holds all the same; the letter comes again.
        contract_withdrawal::take_in(node, statement)?;
    }
    let known = known?;
    let bytes = hansa_proto::stored_message::to_bytes(letter);
    if let Some(known) = known {
        if known != Digest::of(&bytes).to_string() {
            return Err(Refusal::new(
                ErrorCode::RequestIdReused,
                "a letter of that identity said something else",
            ));
        }
        return match letter.content.negotiation() {
            Some(name) => follow_up(node, name).await,
            None => Ok(()),
        };
    }
    match recorded(node, peer, letter, bytes, number).await? {
        Some((open, sends)) => follow(node, open, sends).await,
        None => Ok(()),
    }
}

/// Puts a letter on the books with what it leads to; says what follows from it.
async fn recorded(
    node: &Arc<Connector>,
    peer: &ParticipantId,
    letter: &PeerMessage,
    bytes: Vec<u8>,
    number: Option<u64>,
) -> Result<Option<(OpenNegotiation, Vec<NextMessage>)>, Refusal> {
    let digest = Digest::of(&bytes);
    let keep = || waiting(|| node.records.documents.keep(Document::Letter, &bytes));
    let noted = MessageRecord {
        peer: peer.clone(),
        incoming: true,
        letter: letter.clone(),
        digest,
        number,
        refused: None,
    };
    match &letter.content {
        MessageContent::Statement { statement } => {
            // What it is stands in its header: the reader of one kind takes no other.
            if hansa_proto::notice::from_envelope(statement).is_ok() {
                notice::contract_event::take_in(node, peer, statement).await?;
            } else if hansa_proto::incident::from_envelope(statement).is_ok() {
                log_incident::take_in(node, peer, statement).await?;
            } else {
                deletion_attestation::take_in(node, peer, statement).await?;
            }
            keep()?;
            noted.record(node, None).await?;
            Ok(None)
        }
        MessageContent::Withdrawal { statement } => {
            contract_withdrawal::take_in(node, statement)?;
            keep()?;
            noted.record(node, None).await?;
            Ok(None)
        }
        MessageContent::Acknowledgement {
            request,
            receipt,
            disputed,
            witnessed,
        } => {
            let known = receipt::acknowledged(node, peer, *request, receipt, *disputed)?;
            if let Some(witnessed) = witnessed {
                node.take_witness(peer, witnessed).await?;
            }
            // What it says is kept as the receipt, so that the letter need not be. The index takes it in when somebody looks.
            node.record_both(known, noted.fact(None, None)).await?;
            Ok(None)
        }
        MessageContent::Comment { .. } => {
            let open = clause_comment::judged(node, peer, letter, true)?;
            keep()?;
            noted.record(node, Some((&open, None))).await?;
            Ok(None)
        }
        _ => {
            let (open, sends) = step(node, peer, letter, MessageDirection::In)?;
            keep()?;
            settle(node, &open).await?;
            noted.record(node, Some((&open, None))).await?;
            Ok(Some((open, sends)))
        }
    }
}

/// Puts a letter from an outbox on the books that can't be used, with the reason: it must not block the next one, and it
/// must not be lost either.
///
/// # Errors
/// When it can't be kept or recorded.
pub(crate) async fn refuse(
    node: &Arc<Connector>,
    peer: &ParticipantId,
    letter: &PeerMessage,
    number: u64,
    why: &Refusal,
) -> Result<(), Refusal> {
    let _turn = node.contracts.negotiation_lock.lock().await;
    let bytes = hansa_proto::stored_message::to_bytes(letter);
    waiting(|| node.records.documents.keep(Document::Letter, &bytes))?;
    let noted = MessageRecord {
        peer: peer.clone(),
        incoming: true,
        letter: letter.clone(),
        digest: Digest::of(&bytes),
        number: Some(number),
        refused: Some(why.code),
    };
    noted.record(node, None).await
}

#[cfg(test)]
mod tests;
