//! States of a transfer, and which message leads from one to another.

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
    /// Ended well.
    Completed,
    /// Ended otherwise.
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
    /// Each state, in the order of a transfer.
    pub const ALL: [Self; 5] = [
        Self::Requested,
        Self::Started,
        Self::Suspended,
        Self::Completed,
        Self::Terminated,
    ];

    /// The state after a message; nothing where the message may not come then, or not from that party.
    ///
    /// `from` is absent where there is no transfer yet. `suspended_by` is who suspended it, if that is known: only that party may start
    /// it again. The protocol leaves this open; Data Plane Signaling 1.0 wants it.
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

    /// The name in messages.
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

    /// The state with this name.
    #[must_use]
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }
}
