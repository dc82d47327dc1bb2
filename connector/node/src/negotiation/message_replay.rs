//! Replay of a negotiation from its messages.

use crate::negotiation::message_codec::to_step;
use crate::negotiation::open_negotiation::OpenNegotiation;
use crate::negotiation::proposal_context::ProposalContext;
use crate::negotiation::transition::{
    EvaluationTime, MessageDirection, MessagePosition, TransitionInput, negotiation_parties,
    proposal_of,
};
use crate::participant::Connector;
use hansa_audit_log::digest::Digest;
use hansa_policy::negotiation::PartyRole;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_proto::stored_message::COMMENT;
use hansa_store::document_folder::StoredDocumentKind as Document;
use hansa_store::state_index::row::{NegotiationRow, PeerMessageRow};

/// Returns the state of a negotiation after its messages.
///
/// # Errors
/// If a message can't be read again.
pub fn load_negotiation(
    connector: &Connector,
    name: &str,
) -> Result<Option<OpenNegotiation>, Refusal> {
    let (messages, row) = connector
        .records
        .index(|state| Ok((state.messages_of(name)?, state.find_negotiation(name)?)))?;
    let Some(row) = row else {
        return Ok(None);
    };
    let mut open = None;
    // A comment is a message of the negotiation, but no step.
    for message in messages.iter().filter(|message| message.kind != COMMENT) {
        open = Some(replay_message(connector, open, message, &row)?);
    }
    Ok(open)
}

/// Replays one message. Its arrival accepted it, so the facts of that time are assumed to have allowed the step.
fn replay_message(
    connector: &Connector,
    open: Option<OpenNegotiation>,
    row: &PeerMessageRow,
    negotiation: &NegotiationRow,
) -> Result<OpenNegotiation, Refusal> {
    let lost = || {
        Refusal::new(
            ErrorCode::StateBroken,
            format!("the message `{}` can't be read again", row.digest),
        )
    };
    let digest: Digest = row
        .digest
        .parse()
        .map_err(|cause| lost().caused_by(cause))?;
    let message = hansa_proto::stored_message::from_bytes(
        &connector
            .records
            .documents
            .read_document(Document::Message, digest)?,
    )?;
    let content = to_step(&message.content)?;
    let proposed = proposal_of(&content);
    let direction = if row.incoming {
        MessageDirection::In
    } else {
        MessageDirection::Out {
            sign_beforehand: proposed
                .is_some_and(|proposal| Some(proposal.contract) == negotiation.beforehand),
        }
    };
    let place = match open {
        Some(open) => MessagePosition::next(open),
        None => {
            let own = if negotiation.role == PartyRole::Provider.as_str() {
                PartyRole::Provider
            } else {
                PartyRole::Consumer
            };
            let parties = proposed
                .and_then(|proposal| negotiation_parties(&negotiation.id, &proposal.agreement))
                .ok_or_else(lost)?;
            MessagePosition::for_first_message(own, parties)
        }
    };
    let taken = TransitionInput {
        id: message.id,
        content,
        direction,
        at: row.at,
        known: ProposalContext::assumed_facts(),
    };
    taken
        .make_step(connector, place, EvaluationTime::Then)
        .map(|(open, _)| open)
}
