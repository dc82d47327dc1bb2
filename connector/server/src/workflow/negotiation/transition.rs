//! One letter makes one step of the machine, now or read again.

use crate::participant::Connector;
use crate::workflow::negotiation::message_codec::read;
use crate::workflow::negotiation::proposal_context::{Audience, ProposalContext};
use crate::workflow::negotiation::{OpenNegotiation, message_replay};
use hansa_audit_log::time::UtcTimestamp;
use hansa_policy::contract::Agreement;
use hansa_policy::id::ParticipantId;
use hansa_policy::negotiation::{
    self, NegotiationContent, NegotiationContext, NegotiationMessage, NegotiationMessageId,
    NegotiationParties, NextMessage, PartyRole, Proposal,
};
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_proto::peer::message::{PeerMessage, PeerMessageId};

/// The step that a letter makes now, in the negotiation that it names or as the first of a new one.
///
/// # Errors
/// What the machine has against it. A negotiation with somebody else looks like none.
pub(super) fn step(
    node: &Connector,
    peer: &ParticipantId,
    letter: &PeerMessage,
    direction: MessageDirection,
) -> TransitionResult {
    let name = letter.content.negotiation().ok_or_else(|| {
        Refusal::new(
            ErrorCode::NegotiationUnknown,
            "the letter belongs to no negotiation",
        )
    })?;
    let unknown = || {
        Refusal::new(
            ErrorCode::NegotiationUnknown,
            format!("no negotiation `{name}` with you"),
        )
    };
    let content = read(&letter.content)?;
    let place = match message_replay::load(node, name)? {
        Some(open) => MessagePosition::next(open),
        None => {
            let proposal = proposal_of(&content).ok_or_else(unknown)?;
            let parties = parties(name, &proposal.agreement).ok_or_else(unknown)?;
            let own = [PartyRole::Provider, PartyRole::Consumer]
                .into_iter()
                .find(|side| *party(&parties, *side) == node.id())
                .ok_or_else(unknown)?;
            MessagePosition::first(own, parties)
        }
    };
    if party(&place.parties, place.own.other()) != peer {
        return Err(unknown());
    }
    let on_the_table = place.open.as_ref().map(|open| open.state.proposal());
    let asked = proposal_of(&content).or(on_the_table).ok_or_else(unknown)?;
    let told = match direction {
        MessageDirection::In => Audience::Peer,
        MessageDirection::Out { .. } => Audience::Ourselves,
    };
    let known = ProposalContext::now(node, place.own, peer, &asked.agreement, told);
    let taken = TransitionInput {
        id: letter.id,
        content,
        direction,
        at: node.now(),
        known,
    };
    taken.step(node, place, EvaluationTime::Now)
}

/// A step that was made: how the negotiation stands, and what must be sent without asking anybody.
pub(super) type TransitionResult = Result<(OpenNegotiation, Vec<NextMessage>), Refusal>;

/// Which way a letter goes.
#[derive(Debug, Clone, Copy)]
pub(super) enum MessageDirection {
    In,
    Out { sign_beforehand: bool },
}

/// Where a letter belongs.
pub(super) struct MessagePosition {
    own: PartyRole,
    parties: NegotiationParties,
    open: Option<OpenNegotiation>,
}

impl MessagePosition {
    /// It opens a negotiation.
    pub(super) const fn first(own: PartyRole, parties: NegotiationParties) -> Self {
        Self {
            own,
            parties,
            open: None,
        }
    }

    /// It goes on with this one.
    pub(super) fn next(open: OpenNegotiation) -> Self {
        Self {
            own: open.own,
            parties: open.state.parties().clone(),
            open: Some(open),
        }
    }
}

/// A letter that is taken in, and what its step may depend on.
pub(super) struct TransitionInput {
    pub(super) id: PeerMessageId,
    pub(super) content: NegotiationContent,
    pub(super) direction: MessageDirection,
    pub(super) at: UtcTimestamp,
    pub(super) known: ProposalContext,
}

impl TransitionInput {
    /// Makes the step.
    pub(super) fn step(
        self,
        node: &Connector,
        place: MessagePosition,
        judged: EvaluationTime,
    ) -> TransitionResult {
        let own = place.own;
        let (from, sign_beforehand) = match self.direction {
            MessageDirection::In => (own.other(), false),
            MessageDirection::Out { sign_beforehand } => (own, sign_beforehand),
        };
        let bundle = node.trust.bundle();
        let keys = bundle.keys(self.at);
        let taxonomy = node.taxonomy();
        let facts = NegotiationContext {
            now: self.at,
            own,
            taxonomy: &taxonomy,
            keys: &keys,
            offer_match: self.known.offered,
            replaces: self.known.replaces.as_ref(),
            objection: self.known.objection.as_ref(),
            sign_beforehand,
        };
        let message = NegotiationMessage {
            id: NegotiationMessageId(self.id.0),
            from,
            content: self.content,
        };
        let Some(open) = place.open else {
            let (state, sends) = match judged {
                EvaluationTime::Now => negotiation::open(place.parties, message, &facts),
                EvaluationTime::Then => negotiation::open_again(place.parties, message, &facts),
            }?;
            let before = None;
            return Ok((OpenNegotiation { state, own, before }, sends));
        };
        let before = match proposal_of(&message.content) {
            Some(_) => Some(open.state.proposal().agreement.clone()),
            None => open.before,
        };
        let (state, sends) = match judged {
            EvaluationTime::Now => negotiation::step(&open.state, message, &facts),
            EvaluationTime::Then => negotiation::step_again(&open.state, message, &facts),
        }?;
        Ok((OpenNegotiation { state, own, before }, sends))
    }
}

/// Whether a letter is judged by what is known now, or was judged when it was taken in.
#[derive(Debug, Clone, Copy)]
pub(super) enum EvaluationTime {
    Now,
    Then,
}

/// Between whom a negotiation is that begins with this agreement; none, if nobody in particular is asked.
pub(super) fn parties(name: &str, agreement: &Agreement) -> Option<NegotiationParties> {
    Some(NegotiationParties {
        negotiation: name.to_owned(),
        dataset: agreement.dataset.id.clone(),
        provider: agreement.provider.id.clone(),
        consumer: agreement.assignee_id()?.clone(),
    })
}

/// The party on this side.
pub(super) const fn party(parties: &NegotiationParties, side: PartyRole) -> &ParticipantId {
    match side {
        PartyRole::Provider => &parties.provider,
        PartyRole::Consumer => &parties.consumer,
    }
}

/// What a step proposes.
pub(super) fn proposal_of(content: &NegotiationContent) -> Option<&Proposal> {
    match content {
        NegotiationContent::Request { proposal, .. } | NegotiationContent::Offer { proposal } => {
            Some(proposal)
        }
        NegotiationContent::Acceptance { .. }
        | NegotiationContent::Agreement { .. }
        | NegotiationContent::Verification { .. }
        | NegotiationContent::Finalization { .. }
        | NegotiationContent::Termination { .. } => None,
    }
}
