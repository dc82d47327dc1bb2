//! Transition table of the Dataspace Protocol: message, sender, old state, new state.

use super::{NegotiationContent, PartyRole, Phase};

/// Kind of a message, without its content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NegotiationStep {
    /// Request or counter-request of the consumer.
    Request,
    /// Offer or counter-offer of the provider.
    Offer,
    /// Acceptance by the consumer.
    Acceptance,
    /// Agreement of the provider.
    Agreement,
    /// Verification by the consumer.
    Verification,
    /// Finalization by the provider.
    Finalization,
    /// Termination by either side.
    Termination,
}

impl Phase {
    /// State after a message; none for a forbidden transition. `from` is absent before the first message. (Dataspace Protocol
    /// 2025-1, section 8.1)
    #[must_use]
    pub fn next_phase(from: Option<Self>, step: NegotiationStep, by: PartyRole) -> Option<Self> {
        use NegotiationStep as Step;
        match (step, by) {
            (Step::Request, PartyRole::Consumer) => match from {
                None | Some(Phase::Offered) => Some(Phase::Requested),
                Some(
                    Phase::Requested
                    | Phase::Accepted
                    | Phase::Agreed
                    | Phase::Verified
                    | Phase::Finalized
                    | Phase::Terminated,
                ) => None,
            },
            (Step::Offer, PartyRole::Provider) => match from {
                None | Some(Phase::Requested | Phase::Offered) => Some(Phase::Offered),
                Some(
                    Phase::Accepted
                    | Phase::Agreed
                    | Phase::Verified
                    | Phase::Finalized
                    | Phase::Terminated,
                ) => None,
            },
            (Step::Acceptance, PartyRole::Consumer) => {
                allow_transition(from, Phase::Offered, Phase::Accepted)
            }
            (Step::Agreement, PartyRole::Provider) => match from {
                Some(Phase::Requested | Phase::Accepted) => Some(Phase::Agreed),
                None
                | Some(
                    Phase::Offered
                    | Phase::Agreed
                    | Phase::Verified
                    | Phase::Finalized
                    | Phase::Terminated,
                ) => None,
            },
            (Step::Verification, PartyRole::Consumer) => {
                allow_transition(from, Phase::Agreed, Phase::Verified)
            }
            (Step::Finalization, PartyRole::Provider) => {
                allow_transition(from, Phase::Verified, Phase::Finalized)
            }
            (Step::Termination, PartyRole::Provider | PartyRole::Consumer) => match from {
                None | Some(Phase::Finalized | Phase::Terminated) => None,
                Some(
                    Phase::Requested
                    | Phase::Offered
                    | Phase::Accepted
                    | Phase::Agreed
                    | Phase::Verified,
                ) => Some(Phase::Terminated),
            },
            (Step::Request | Step::Acceptance | Step::Verification, PartyRole::Provider)
            | (Step::Offer | Step::Agreement | Step::Finalization, PartyRole::Consumer) => None,
        }
    }
}

fn allow_transition(from: Option<Phase>, wanted: Phase, to: Phase) -> Option<Phase> {
    (from == Some(wanted)).then_some(to)
}

impl Phase {
    /// Side that is next; none in a final state.
    #[must_use]
    pub const fn next_side(self) -> Option<PartyRole> {
        match self {
            Self::Requested | Self::Accepted | Self::Verified => Some(PartyRole::Provider),
            Self::Offered | Self::Agreed => Some(PartyRole::Consumer),
            Self::Finalized | Self::Terminated => None,
        }
    }
}

impl NegotiationContent {
    /// Kind of the message.
    #[must_use]
    pub const fn step(&self) -> NegotiationStep {
        match self {
            Self::Request { .. } => NegotiationStep::Request,
            Self::Offer { .. } => NegotiationStep::Offer,
            Self::Acceptance { .. } => NegotiationStep::Acceptance,
            Self::Agreement { .. } => NegotiationStep::Agreement,
            Self::Verification { .. } => NegotiationStep::Verification,
            Self::Finalization { .. } => NegotiationStep::Finalization,
            Self::Termination { .. } => NegotiationStep::Termination,
        }
    }

    /// Name of the message's kind in one word.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        self.step().as_str()
    }
}

impl NegotiationStep {
    /// All kinds, in the order of a successful negotiation.
    pub const ALL: [Self; 7] = [
        Self::Request,
        Self::Offer,
        Self::Acceptance,
        Self::Agreement,
        Self::Verification,
        Self::Finalization,
        Self::Termination,
    ];

    /// Name of the kind in one word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Request => "request",
            Self::Offer => "offer",
            Self::Acceptance => "acceptance",
            Self::Agreement => "agreement",
            Self::Verification => "verification",
            Self::Finalization => "finalization",
            Self::Termination => "termination",
        }
    }
}
