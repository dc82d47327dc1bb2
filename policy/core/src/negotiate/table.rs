//! Which message leads from which state to which, and who may send it: the table of the Dataspace Protocol.

use super::{Content, Phase, Side};

/// The state that the message leads to; none when it is not allowed. `from` is absent before the first message.
pub(super) fn next(from: Option<Phase>, content: &Content, by: Side) -> Option<Phase> {
    match (content, by) {
        (Content::Request { .. }, Side::Consumer) => match from {
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
        (Content::Offer { .. }, Side::Provider) => match from {
            None | Some(Phase::Requested | Phase::Offered) => Some(Phase::Offered),
            Some(
                Phase::Accepted
                | Phase::Agreed
                | Phase::Verified
                | Phase::Finalized
                | Phase::Terminated,
            ) => None,
        },
        (Content::Acceptance { .. }, Side::Consumer) => only(from, Phase::Offered, Phase::Accepted),
        (Content::Agreement { .. }, Side::Provider) => match from {
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
        (Content::Verification { .. }, Side::Consumer) => {
            only(from, Phase::Agreed, Phase::Verified)
        }
        (Content::Finalization { .. }, Side::Provider) => {
            only(from, Phase::Verified, Phase::Finalized)
        }
        (Content::Termination { .. }, Side::Provider | Side::Consumer) => match from {
            None | Some(Phase::Finalized | Phase::Terminated) => None,
            Some(
                Phase::Requested
                | Phase::Offered
                | Phase::Accepted
                | Phase::Agreed
                | Phase::Verified,
            ) => Some(Phase::Terminated),
        },
        (
            Content::Request { .. } | Content::Acceptance { .. } | Content::Verification { .. },
            Side::Provider,
        )
        | (
            Content::Offer { .. } | Content::Agreement { .. } | Content::Finalization { .. },
            Side::Consumer,
        ) => None,
    }
}

fn only(from: Option<Phase>, wanted: Phase, to: Phase) -> Option<Phase> {
    (from == Some(wanted)).then_some(to)
}

impl Phase {
    /// Whose turn it is; nobody's at the end.
    #[must_use]
    pub const fn turn(self) -> Option<Side> {
        match self {
            Self::Requested | Self::Accepted | Self::Verified => Some(Side::Provider),
            Self::Offered | Self::Agreed => Some(Side::Consumer),
            Self::Finalized | Self::Terminated => None,
        }
    }
}

impl Content {
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
