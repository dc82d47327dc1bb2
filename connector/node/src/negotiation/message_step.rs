//! Step of a newly arrived message.

use crate::negotiation::message_codec::to_step;
use crate::negotiation::message_replay;
use crate::negotiation::open_negotiation::{is_own_turn, party_in_role};
use crate::negotiation::proposal_context::{Audience, ProposalContext};
use crate::negotiation::transition::{
    EvaluationTime, MessageDirection, MessagePosition, TransitionInput, TransitionResult,
    negotiation_parties, proposal_of,
};
use crate::participant::Connector;
use hansa_policy::id::ParticipantId;
use hansa_policy::negotiation::PartyRole;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_proto::peer::message::PeerMessage;

/// Returns the step of a message, in the negotiation that it names or in a new one.
///
/// # Errors
/// The refusal of the state machine. A negotiation with another participant is reported as unknown.
pub(super) fn make_message_step(
    connector: &Connector,
    peer: &ParticipantId,
    message: &PeerMessage,
    direction: MessageDirection,
) -> TransitionResult {
    let name = message.content.negotiation().ok_or_else(|| {
        Refusal::new(
            ErrorCode::NegotiationUnknown,
            "the message does not belong to a negotiation",
        )
    })?;
    let unknown = || {
        Refusal::new(
            ErrorCode::NegotiationUnknown,
            format!("no negotiation `{name}` with you"),
        )
    };
    let content = to_step(&message.content)?;
    let place = match message_replay::load_negotiation(connector, name)? {
        Some(open) => MessagePosition::next(open),
        None => {
            let proposal = proposal_of(&content).ok_or_else(unknown)?;
            let parties = negotiation_parties(name, &proposal.agreement).ok_or_else(unknown)?;
            let own = [PartyRole::Provider, PartyRole::Consumer]
                .into_iter()
                .find(|side| *party_in_role(&parties, *side) == connector.id())
                .ok_or_else(unknown)?;
            MessagePosition::for_first_message(own, parties)
        }
    };
    if party_in_role(&place.parties, place.own.other_side()) != peer {
        return Err(unknown());
    }
    if place.open.is_none() && matches!(direction, MessageDirection::In) {
        check_room(connector, peer, place.own)?;
    }
    let on_the_table = place.open.as_ref().map(|open| open.state.proposal());
    let asked = proposal_of(&content).or(on_the_table).ok_or_else(unknown)?;
    let audience = match direction {
        MessageDirection::In => Audience::Peer,
        MessageDirection::Out { .. } => Audience::Ourselves,
    };
    let known =
        ProposalContext::current_facts(connector, place.own, peer, &asked.agreement, audience);
    let taken = TransitionInput {
        id: message.id,
        content,
        direction,
        at: connector.now(),
        known,
    };
    taken.make_step(connector, place, EvaluationTime::Now)
}

/// Proposals of one peer that may wait for an answer of this participant at once.
const WAITING_PROPOSALS: usize = 20;

/// Checks that a peer may begin another negotiation.
///
/// Negotiations that go on without a person, and those that wait for the peer, are not counted.
///
/// # Errors
/// `NEGOTIATION_LIMIT` if too many of its proposals wait for this participant; `STATE_BROKEN` if the index can't be read.
fn check_room(connector: &Connector, peer: &ParticipantId, own: PartyRole) -> Result<(), Refusal> {
    let open = connector
        .records
        .index_fast(|state| state.open_negotiations(peer))?;
    let waiting = open
        .iter()
        .filter(|row| row.role == own.as_str() && is_own_turn(row))
        .count();
    if waiting < WAITING_PROPOSALS {
        return Ok(());
    }
    let sentence = format!(
        "{waiting} proposals of {} wait for {}, and no more may wait at once",
        peer.domain(),
        connector.id().domain()
    );
    Err(Refusal::new(ErrorCode::NegotiationLimit, sentence))
}
