//! States of a transfer, and the transitions between them.

use hansa_policy::negotiation::PartyRole;

/// State of a transfer (Dataspace Protocol 2025-1, Transfer Process Protocol, "State Machine").
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TransferState {
    /// Requested by the consumer.
    Requested,
    /// Data can be pulled, or is pushed.
    Started,
    /// Paused.
    Suspended,
    /// Ended successfully.
    Completed,
    /// Ended without success.
    Terminated,
}

/// Kind of a message of a transfer (Dataspace Protocol 2025-1, Transfer Process Protocol, "Message Types").
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TransferMessageKind {
    /// Transfer Request Message.
    Request,
    /// Transfer Start Message.
    Start,
    /// Transfer Suspension Message.
    Suspension,
    /// Transfer Completion Message.
    Completion,
    /// Transfer Termination Message.
    Termination,
}

impl TransferState {
    /// All states, in the order of a transfer.
    pub const ALL: [Self; 5] = [
        Self::Requested,
        Self::Started,
        Self::Suspended,
        Self::Completed,
        Self::Terminated,
    ];

    /// State after a message; none for a forbidden transition or sender.
    ///
    /// `from` is absent before the first message. `suspended_by` is the party that suspended the transfer, if known: only that
    /// party may resume it. The protocol leaves this open; Data Plane Signaling 1.0 demands it.
    #[must_use]
    pub fn next(
        from: Option<Self>,
        message: TransferMessageKind,
        by: PartyRole,
        suspended_by: Option<PartyRole>,
    ) -> Option<Self> {
        match (from, message, by) {
            (None, TransferMessageKind::Request, PartyRole::Consumer) => Some(Self::Requested),
            (Some(Self::Requested), TransferMessageKind::Start, PartyRole::Provider) => {
                Some(Self::Started)
            }
            (Some(Self::Started), TransferMessageKind::Suspension, _) => Some(Self::Suspended),
            (Some(Self::Started), TransferMessageKind::Completion, _) => Some(Self::Completed),
            (Some(Self::Suspended), TransferMessageKind::Start, by) => {
                let may_resume = suspended_by.is_none_or(|role| role == by);
                may_resume.then_some(Self::Started)
            }
            (
                Some(Self::Requested | Self::Started | Self::Suspended),
                TransferMessageKind::Termination,
                _,
            ) => Some(Self::Terminated),
            _ => None,
        }
    }

    /// Name of the state in messages.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Requested => "REQUESTED",
            Self::Started => "STARTED",
            Self::Suspended => "SUSPENDED",
            Self::Completed => "COMPLETED",
            Self::Terminated => "TERMINATED",
        }
    }

    /// State with this name.
    #[must_use]
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }
}
