//! Transition of the negotiation's state machine by one message, new or replayed.

use crate::negotiation::open_negotiation::OpenNegotiation;
use crate::negotiation::proposal_context::ProposalContext;
use crate::participant::Connector;
use hansa_audit_log::time::UtcTimestamp;
use hansa_policy::contract::Agreement;
use hansa_policy::negotiation::{
    self, NegotiationContent, NegotiationContext, NegotiationMessage, NegotiationMessageId,
    NegotiationParties, NextMessage, PartyRole, Proposal,
};
use hansa_policy::refusal::Refusal;
use hansa_proto::peer::message::PeerMessageId;

/// Result of a transition: the new state, and the messages that need no person.
pub(super) type TransitionResult = Result<(OpenNegotiation, Vec<NextMessage>), Refusal>;

/// Direction of a message.
#[derive(Debug, Clone, Copy)]
pub(super) enum MessageDirection {
    In,
    Out { sign_beforehand: bool },
}

/// Position of a message in a negotiation.
pub(super) struct MessagePosition {
    pub(super) own: PartyRole,
    pub(super) parties: NegotiationParties,
    pub(super) open: Option<OpenNegotiation>,
}

impl MessagePosition {
    /// Position of the first message of a negotiation.
    pub(super) const fn for_first_message(own: PartyRole, parties: NegotiationParties) -> Self {
        Self {
            own,
            parties,
            open: None,
        }
    }

    /// Position after the current state of a negotiation.
    pub(super) fn next(open: OpenNegotiation) -> Self {
        Self {
            own: open.own,
            parties: open.state.parties().clone(),
            open: Some(open),
        }
    }
}

/// Received message, and the facts on which its step depends.
pub(super) struct TransitionInput {
    pub(super) id: PeerMessageId,
    pub(super) content: NegotiationContent,
    pub(super) direction: MessageDirection,
    pub(super) at: UtcTimestamp,
    pub(super) known: ProposalContext,
}

impl TransitionInput {
    /// Makes the step.
    pub(super) fn make_step(
        self,
        connector: &Connector,
        place: MessagePosition,
        evaluation_time: EvaluationTime,
    ) -> TransitionResult {
        let own = place.own;
        let (from, sign_beforehand) = match self.direction {
            MessageDirection::In => (own.other_side(), false),
            MessageDirection::Out { sign_beforehand } => (own, sign_beforehand),
        };
        let bundle = connector.identity.trust.bundle();
        let keys = bundle.keys(self.at);
        let taxonomy = connector.reloadable.taxonomy();
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
            let (state, sends) = match evaluation_time {
                EvaluationTime::Now => {
                    negotiation::open_negotiation(place.parties, message, &facts)
                }
                EvaluationTime::Then => negotiation::open_again(place.parties, message, &facts),
            }?;
            let before = None;
            return Ok((OpenNegotiation { state, own, before }, sends));
        };
        let before = match proposal_of(&message.content) {
            Some(_) => Some(open.state.proposal().agreement.clone()),
            None => open.before,
        };
        let (state, sends) = match evaluation_time {
            EvaluationTime::Now => negotiation::take_step(&open.state, message, &facts),
            EvaluationTime::Then => negotiation::step_again(&open.state, message, &facts),
        }?;
        Ok((OpenNegotiation { state, own, before }, sends))
    }
}

/// Time of the evaluation of a message: now, or at its arrival.
#[derive(Debug, Clone, Copy)]
pub(super) enum EvaluationTime {
    Now,
    Then,
}

/// Parties of a negotiation that begins with this agreement; `None` without a named consumer.
pub(super) fn negotiation_parties(name: &str, agreement: &Agreement) -> Option<NegotiationParties> {
    Some(NegotiationParties {
        negotiation: name.to_owned(),
        dataset: agreement.dataset.id.clone(),
        provider: agreement.provider.id.clone(),
        consumer: agreement.assignee_id()?.clone(),
    })
}

/// Proposal of a step.
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
