//! Negotiate: a letter makes a step; file, record, index, then send. A negotiation is its letters, read again.

mod known;
pub(crate) mod letters;
pub(crate) mod noted;
pub(crate) mod remark;
pub(crate) mod resume;
mod settle;
mod step;
pub(crate) mod unreadable_letter;
pub(crate) mod wording;

use crate::node::Node;
use crate::walk::negotiate::noted::Noted;
use crate::walk::negotiate::resume::{follow_up, to_the_end};
use crate::walk::negotiate::settle::settle;
use crate::walk::negotiate::step::{Direction, step};
use crate::walk::negotiate::wording::written;
use crate::walk::{attest, incident, notice, officers, receipt, revoke};
use hansa_audit_log::digest::Digest;
use hansa_policy::contract::Agreement;
use hansa_policy::id::{ParticipantId, RequestId};
use hansa_policy::negotiate::{Send, Side, State};
use hansa_policy::plain::TypedLine;
use hansa_policy::refusal::{Code, Refusal};
use hansa_proto::peer::letter::{Content, Letter, LetterId};
use hansa_store::contracts::Kind as Document;
use std::sync::Arc;

/// A negotiation as it stands, with how it came there.
#[derive(Debug)]
pub(crate) struct Open {
    /// The machine's state.
    pub(crate) state: State,
    /// Our side.
    pub(crate) own: Side,
    /// The proposal before the newest one, for showing what changed.
    pub(crate) before: Option<Agreement>,
}

impl Open {
    /// Whom we negotiate with.
    pub(crate) const fn other(&self) -> &ParticipantId {
        step::party(self.state.parties(), self.own.other())
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
    node: &Arc<Node>,
    peer: &ParticipantId,
    letter: &Letter,
    number: Option<u64>,
) -> Result<(), Refusal> {
    let (node, peer, letter) = (Arc::clone(node), peer.clone(), letter.clone());
    to_the_end(async move { take_in_turn(&node, &peer, &letter, number).await }).await
}

async fn take_in_turn(
    node: &Arc<Node>,
    peer: &ParticipantId,
    letter: &Letter,
    number: Option<u64>,
) -> Result<(), Refusal> {
    let _turn = node.desk.lock().await;
    let id = letter.id.to_string();
    let known = node.glance(|state| state.knows_letter(peer, true, &id));
    if let (Err(_), Content::Withdrawal { statement }) = (&known, &letter.content) {
        // Where the index can't be written a withdrawal holds all the same; the letter comes again.
        revoke::take_in(node, statement)?;
    }
    let known = known?;
    let bytes = hansa_proto::letters::to_bytes(letter);
    if let Some(known) = known {
        if known != Digest::of(&bytes).to_string() {
            return Err(Refusal::new(
                Code::RequestIdReused,
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
    node: &Arc<Node>,
    peer: &ParticipantId,
    letter: &Letter,
    bytes: Vec<u8>,
    number: Option<u64>,
) -> Result<Option<(Open, Vec<Send>)>, Refusal> {
    let digest = Digest::of(&bytes);
    let keep = || crate::node::waiting(|| node.documents.keep(Document::Letter, &bytes));
    let noted = Noted {
        peer: peer.clone(),
        incoming: true,
        letter: letter.clone(),
        digest,
        number,
        refused: None,
    };
    match &letter.content {
        Content::Statement { statement } => {
            // What it is stands in its header: the reader of one kind takes no other.
            if hansa_proto::notice::from_envelope(statement).is_ok() {
                notice::event::take_in(node, peer, statement).await?;
            } else if hansa_proto::incident::from_envelope(statement).is_ok() {
                incident::take_in(node, peer, statement).await?;
            } else {
                attest::take_in(node, peer, statement).await?;
            }
            keep()?;
            noted.record(node, None).await?;
            Ok(None)
        }
        Content::Withdrawal { statement } => {
            revoke::take_in(node, statement)?;
            keep()?;
            noted.record(node, None).await?;
            Ok(None)
        }
        Content::Acknowledgement {
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
        Content::Comment { .. } => {
            let open = remark::judged(node, peer, letter, true)?;
            keep()?;
            noted.record(node, Some((&open, None))).await?;
            Ok(None)
        }
        _ => {
            let (open, sends) = step(node, peer, letter, Direction::In)?;
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
    node: &Arc<Node>,
    peer: &ParticipantId,
    letter: &Letter,
    number: u64,
    why: &Refusal,
) -> Result<(), Refusal> {
    let _turn = node.desk.lock().await;
    let bytes = hansa_proto::letters::to_bytes(letter);
    crate::node::waiting(|| node.documents.keep(Document::Letter, &bytes))?;
    let noted = Noted {
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
    node: &Arc<Node>,
    peer: &ParticipantId,
    content: Content,
    sign_beforehand: bool,
) -> Result<(), Refusal> {
    let (node, peer) = (Arc::clone(node), peer.clone());
    to_the_end(async move {
        let _turn = node.desk.lock().await;
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
    node: &Arc<Node>,
    peer: &ParticipantId,
    request: RequestId,
    receipt: Vec<u8>,
) -> Result<(), Refusal> {
    let (node, peer) = (Arc::clone(node), peer.clone());
    to_the_end(async move {
        let _turn = node.desk.lock().await;
        let id = LetterId(request.0).to_string();
        if node
            .glance(|state| state.knows_letter(&peer, false, &id))?
            .is_some()
        {
            return Ok(());
        }
        let said = receipt::word::on(&node, &peer, request, receipt.into())?;
        let _durable = node.record(said).await?;
        node.glance(|_| Ok(()))?;
        node.posted.notify_waiters();
        Ok(())
    })
    .await
}

async fn send_in_turn(
    node: &Arc<Node>,
    peer: &ParticipantId,
    content: Content,
    sign_beforehand: bool,
) -> Result<(), Refusal> {
    let letter = Letter {
        id: LetterId(crate::node::fresh()),
        content,
    };
    write_in_turn(node, peer, letter, sign_beforehand, None).await
}

/// Ends a negotiation whose request the peer has refused: on our books alone, since the peer has begun none.
///
/// # Errors
/// As [`send`].
pub(crate) async fn end_refused(
    node: &Arc<Node>,
    peer: &ParticipantId,
    negotiation: &str,
    why: &Refusal,
) -> Result<(), Refusal> {
    let reason = TypedLine::cut(&format!(
        "the request was refused, {}: {}",
        why.code, why.sentence
    ));
    let letter = Letter {
        id: LetterId(crate::node::fresh()),
        content: Content::Termination {
            negotiation: negotiation.to_owned(),
            code: Some(why.code),
            reason: reason.to_string(),
        },
    };
    let (node, peer, code) = (Arc::clone(node), peer.clone(), why.code);
    to_the_end(async move {
        let _turn = node.desk.lock().await;
        write_in_turn(&node, &peer, letter, false, Some(code)).await
    })
    .await
}

/// Keeps and records a letter of our own. Where the peer has refused what it is about, it is recorded alone.
async fn write_in_turn(
    node: &Arc<Node>,
    peer: &ParticipantId,
    letter: Letter,
    sign_beforehand: bool,
    refused: Option<Code>,
) -> Result<(), Refusal> {
    // Before anything is kept or recorded: what its own reader refuses would stand in the way of all that follows.
    let bytes = hansa_proto::letters::to_readable_bytes(&letter)?;
    let keep = || crate::node::waiting(|| node.documents.keep(Document::Letter, &bytes));
    let noted = Noted {
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
        node.posted.notify_waiters();
        return Ok(());
    }
    if matches!(letter.content, Content::Comment { .. }) {
        let open = remark::judged(node, peer, &letter, false)?;
        keep()?;
        noted.record(node, Some((&open, None))).await?;
        node.posted.notify_waiters();
        return Ok(());
    }
    let (open, sends) = step(node, peer, &letter, Direction::Out { sign_beforehand })?;
    // What was signed may let out more than what has come into force, or was ended, since then.
    if matches!(
        letter.content,
        Content::Agreement { .. } | Content::Finalization { .. }
    ) {
        let proposal = open.state.proposal();
        officers::insist(node, proposal.contract, &proposal.agreement)?;
    }
    keep()?;
    settle(node, &open).await?;
    let beforehand = open
        .state
        .consent()
        .filter(|contract| sign_beforehand && *contract == open.state.proposal().contract);
    noted.record(node, Some((&open, beforehand))).await?;
    node.posted.notify_waiters();
    Box::pin(follow(node, open, sends)).await
}

/// Does what follows without asking anybody.
async fn follow(node: &Arc<Node>, open: Open, sends: Vec<Send>) -> Result<(), Refusal> {
    for send in sends {
        let proposal = open.state.proposal();
        if matches!(send, Send::Finalization(_))
            && let Err(refusal) = officers::insist(node, proposal.contract, &proposal.agreement)
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
pub(crate) fn due(node: &Node, open: &Open) -> Result<Content, Refusal> {
    let send = open.state.due(open.own).ok_or_else(|| {
        let whose = open.state.turn().map_or_else(
            || format!("it is {}", open.state.phase().as_str()),
            |side| format!("it is the {}'s turn", side.as_str()),
        );
        Refusal::new(
            Code::NegotiationState,
            format!("there is nothing to sign now: {whose}"),
        )
    })?;
    written(node, open, send)
}

#[cfg(test)]
mod tests;
