//! Which message leads from which state to which, and who may send it: the table of the Dataspace Protocol.

use super::{NegotiationContent, PartyRole, Phase};

/// The state that the message leads to; none when it is not allowed. `from` is absent before the first message.
pub(super) fn next(
    from: Option<Phase>,
    content: &NegotiationContent,
    by: PartyRole,
) -> Option<Phase> {
    match (content, by) {
        (NegotiationContent::Request { .. }, PartyRole::Consumer) => match from {
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
        (NegotiationContent::Offer { .. }, PartyRole::Provider) => match from {
            None | Some(Phase::Requested | Phase::Offered) => Some(Phase::Offered),
            Some(
                Phase::Accepted
                | Phase::Agreed
                | Phase::Verified
                | Phase::Finalized
                | Phase::Terminated,
            ) => None,
        },
        (NegotiationContent::Acceptance { .. }, PartyRole::Consumer) => {
            only(from, Phase::Offered, Phase::Accepted)
        }
        (NegotiationContent::Agreement { .. }, PartyRole::Provider) => match from {
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
        (NegotiationContent::Verification { .. }, PartyRole::Consumer) => {
            only(from, Phase::Agreed, Phase::Verified)
        }
        (NegotiationContent::Finalization { .. }, PartyRole::Provider) => {
            only(from, Phase::Verified, Phase::Finalized)
        }
        (NegotiationContent::Termination { .. }, PartyRole::Provider | PartyRole::Consumer) => {
            match from {
                None | Some(Phase::Finalized | Phase::Terminated) => None,
                Some(
                    Phase::Requested
                    | Phase::Offered
                    | Phase::Accepted
                    | Phase::Agreed
                    | Phase::Verified,
                ) => Some(Phase::Terminated),
            }
        }
        (
            NegotiationContent::Request { .. }
            | NegotiationContent::Acceptance { .. }
            | NegotiationContent::Verification { .. },
            PartyRole::Provider,
        )
        | (
            NegotiationContent::Offer { .. }
            | NegotiationContent::Agreement { .. }
            | NegotiationContent::Finalization { .. },
            PartyRole::Consumer,
        ) => None,
    }
}

fn only(from: Option<Phase>, wanted: Phase, to: Phase) -> Option<Phase> {
    (from == Some(wanted)).then_some(to)
}

impl Phase {
    /// Whose turn it is; nobody's at the end.
    #[must_use]
    pub const fn turn(self) -> Option<PartyRole> {
        match self {
            Self::Requested | Self::Accepted | Self::Verified => Some(PartyRole::Provider),
            Self::Offered | Self::Agreed => Some(PartyRole::Consumer),
            Self::Finalized | Self::Terminated => None,
        }
    }
}

impl NegotiationContent {
    /// The message's name in one word.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Request { .. } => "request",
            Self::Offer { .. } => "offer",
            Self::Acceptance { .. } => "acceptance",
            Self::Agreement { .. } => "agreement",
            Self::Verification { .. } => "verification",
            Self::Finalization { .. } => "finalization",
            Self::Termination { .. } => "termination",
        }
    }
}
