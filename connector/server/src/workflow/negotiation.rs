//! Negotiate: a letter makes a step; file, record, index, then send. A negotiation is its letters, read again.

mod activation;
pub(crate) mod clause_comment;
pub(crate) mod message_codec;
pub(crate) mod message_record;
pub(crate) mod message_replay;
mod proposal_context;
pub(crate) mod resumption;
mod transition;
pub(crate) mod unreadable_message;

use crate::participant::Connector;
use crate::workflow::negotiation::activation::settle;
use crate::workflow::negotiation::message_codec::written;
use crate::workflow::negotiation::message_record::MessageRecord;
use crate::workflow::negotiation::resumption::{follow_up, to_the_end};
use crate::workflow::negotiation::transition::{MessageDirection, step};
use crate::workflow::{
    approval, contract_withdrawal, deletion_attestation, log_incident, notice, receipt,
};
use hansa_audit_log::digest::Digest;
use hansa_policy::contract::Agreement;
use hansa_policy::id::{ParticipantId, RequestId};
use hansa_policy::negotiation::{NegotiationState, NextMessage, PartyRole};
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_policy::safe_text::SingleLineText;
use hansa_proto::peer::message::{MessageContent, PeerMessage, PeerMessageId};
use hansa_store::document_folder::StoredDocumentKind as Document;
use std::sync::Arc;

/// A negotiation as it stands, with how it came there.
#[derive(Debug)]
pub(crate) struct OpenNegotiation {
    /// The machine's state.
    pub(crate) state: NegotiationState,
    /// Our side.
    pub(crate) own: PartyRole,
    /// The proposal before the newest one, for showing what changed.
    pub(crate) before: Option<Agreement>,
}

impl OpenNegotiation {
    /// Whom we negotiate with.
    pub(crate) const fn other(&self) -> &ParticipantId {
        transition::party(self.state.parties(), self.own.other())
    }
}

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
    let _turn = node.negotiation_lock.lock().await;
    let id = letter.id.to_string();
    let known = node.index_fast(|state| state.knows_letter(peer, true, &id));
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
    let keep = || crate::participant::waiting(|| node.documents.keep(Document::Letter, &bytes));
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
    let _turn = node.negotiation_lock.lock().await;
    let bytes = hansa_proto::stored_message::to_bytes(letter);
    crate::participant::waiting(|| node.documents.keep(Document::Letter, &bytes))?;
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

/// Sends a letter of our own: makes the step, keeps and records it; the outbox delivers it.
///
/// # Errors
/// When the step is not ours to make now, or can't be recorded.
pub(crate) async fn send(
    node: &Arc<Connector>,
    peer: &ParticipantId,
    content: MessageContent,
    sign_beforehand: bool,
) -> Result<(), Refusal> {
    let (node, peer) = (Arc::clone(node), peer.clone());
    to_the_end(async move {
        let _turn = node.negotiation_lock.lock().await;
        send_in_turn(&node, &peer, content, sign_beforehand).await
    })
    .await
}

/// Writes our word on an answer to a peer, once: the letter bears the name of the answer, so that it can be told whether it was
/// written.
///
/// # Errors
/// As [`send`].
pub(crate) async fn acknowledge(
    node: &Arc<Connector>,
    peer: &ParticipantId,
    request: RequestId,
    receipt: Vec<u8>,
) -> Result<(), Refusal> {
    let (node, peer) = (Arc::clone(node), peer.clone());
    to_the_end(async move {
        let _turn = node.negotiation_lock.lock().await;
        let id = PeerMessageId(request.0).to_string();
        if node
            .index_fast(|state| state.knows_letter(&peer, false, &id))?
            .is_some()
        {
            return Ok(());
        }
        let said = receipt::acknowledgement::on(&node, &peer, request, receipt.into())?;
        let _durable = node.record(said).await?;
        node.index_fast(|_| Ok(()))?;
        node.outbox_signal.notify_waiters();
        Ok(())
    })
    .await
}

async fn send_in_turn(
    node: &Arc<Connector>,
    peer: &ParticipantId,
    content: MessageContent,
    sign_beforehand: bool,
) -> Result<(), Refusal> {
    let letter = PeerMessage {
        id: PeerMessageId(crate::participant::random_bytes()),
        content,
    };
    write_in_turn(node, peer, letter, sign_beforehand, None).await
}

/// Ends a negotiation whose request the peer has refused: on our books alone, since the peer has begun none.
///
/// # Errors
/// As [`send`].
pub(crate) async fn end_refused(
    node: &Arc<Connector>,
    peer: &ParticipantId,
    negotiation: &str,
    why: &Refusal,
) -> Result<(), Refusal> {
    let reason = SingleLineText::cut(&format!(
        "the request was refused, {}: {}",
        why.code, why.sentence
    ));
    let letter = PeerMessage {
        id: PeerMessageId(crate::participant::random_bytes()),
        content: MessageContent::Termination {
            negotiation: negotiation.to_owned(),
            code: Some(why.code),
            reason: reason.to_string(),
        },
    };
    let (node, peer, code) = (Arc::clone(node), peer.clone(), why.code);
    to_the_end(async move {
        let _turn = node.negotiation_lock.lock().await;
        write_in_turn(&node, &peer, letter, false, Some(code)).await
    })
    .await
}

/// Keeps and records a letter of our own. Where the peer has refused what it is about, it is recorded alone.
async fn write_in_turn(
    node: &Arc<Connector>,
    peer: &ParticipantId,
    letter: PeerMessage,
    sign_beforehand: bool,
    refused: Option<ErrorCode>,
) -> Result<(), Refusal> {
    // Before anything is kept or recorded: what its own reader refuses would stand in the way of all that follows.
    let bytes = hansa_proto::stored_message::to_readable_bytes(&letter)?;
    let keep = || crate::participant::waiting(|| node.documents.keep(Document::Letter, &bytes));
    let noted = MessageRecord {
        peer: peer.clone(),
        incoming: false,
        letter: letter.clone(),
        digest: Digest::of(&bytes),
        number: None,
        refused,
    };
    if letter.content.negotiation().is_none() {
        keep()?;
        noted.record(node, None).await?;
        node.outbox_signal.notify_waiters();
        return Ok(());
    }
    if matches!(letter.content, MessageContent::Comment { .. }) {
        let open = clause_comment::judged(node, peer, &letter, false)?;
        keep()?;
        noted.record(node, Some((&open, None))).await?;
        node.outbox_signal.notify_waiters();
        return Ok(());
    }
    let (open, sends) = step(
        node,
        peer,
        &letter,
        MessageDirection::Out { sign_beforehand },
    )?;
    // What was signed may let out more than what has come into force, or was ended, since then.
    if matches!(
        letter.content,
        MessageContent::Agreement { .. } | MessageContent::Finalization { .. }
    ) {
        let proposal = open.state.proposal();
        approval::insist(node, proposal.contract, &proposal.agreement)?;
    }
    keep()?;
    settle(node, &open).await?;
    let beforehand = open
        .state
        .consent()
        .filter(|contract| sign_beforehand && *contract == open.state.proposal().contract);
    noted.record(node, Some((&open, beforehand))).await?;
    node.outbox_signal.notify_waiters();
    Box::pin(follow(node, open, sends)).await
}

/// Does what follows without asking anybody.
async fn follow(
    node: &Arc<Connector>,
    open: OpenNegotiation,
    sends: Vec<NextMessage>,
) -> Result<(), Refusal> {
    for send in sends {
        let proposal = open.state.proposal();
        if matches!(send, NextMessage::Finalization(_))
            && let Err(refusal) = approval::insist(node, proposal.contract, &proposal.agreement)
        {
            // The other side has signed what two persons must say again: it is theirs to go on.
            tracing::info!(%refusal, "negotiation.waits_for_two");
            continue;
        }
        let content = written(node, &open, send)?;
        Box::pin(send_in_turn(node, open.other(), content, false)).await?;
    }
    Ok(())
}

/// The step that is due on our side, as a letter: what `contract sign` does.
///
/// # Errors
/// `NEGOTIATION_STATE` when it is not our turn, or the key is out of reach.
pub(crate) fn due(node: &Connector, open: &OpenNegotiation) -> Result<MessageContent, Refusal> {
    let send = open.state.due(open.own).ok_or_else(|| {
        let whose = open.state.turn().map_or_else(
            || format!("it is {}", open.state.phase().as_str()),
            |side| format!("it is the {}'s turn", side.as_str()),
        );
        Refusal::new(
            ErrorCode::NegotiationState,
            format!("there is nothing to sign now: {whose}"),
        )
    })?;
    written(node, open, send)
}

#[cfg(test)]
mod tests;
