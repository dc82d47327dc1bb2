//! What may be read of what was checked.

use super::{Agreement, Requester, VerifiedContract};
use crate::id::{ContractId, ParticipantId};

impl VerifiedContract {
    /// The contract's identity.
    #[must_use]
    pub const fn id(&self) -> ContractId {
        self.id
    }

    /// What it says.
    #[must_use]
    pub const fn agreement(&self) -> &Agreement {
        &self.agreement
    }
}

impl Requester {
    /// The identity of the asking participant.
    #[must_use]
    pub const fn id(&self) -> &ParticipantId {
        match self {
            Self::Peer(peer) => peer.id(),
            Self::House(own) | Self::Web(own) | Self::Supposed(own) => own,
        }
    }
}
