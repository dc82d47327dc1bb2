//! Step of a newly arrived message.

use crate::negotiation::message_codec::to_step;
use crate::negotiation::message_replay;
use crate::negotiation::open_negotiation::party_in_role;
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
