//! Getters of checked contracts and callers.

use super::{Agreement, Requester, VerifiedContract};
use crate::id::{ContractId, ParticipantId};

impl VerifiedContract {
    /// Identity of the contract.
    #[must_use]
    pub const fn id(&self) -> ContractId {
        self.id
    }

    /// Agreement of the contract.
    #[must_use]
    pub const fn agreement(&self) -> &Agreement {
        &self.agreement
    }
}

impl Requester {
    /// Identity of the asking participant. For a caller on the web, the identity of the provider.
    #[must_use]
    pub const fn id(&self) -> &ParticipantId {
        match self {
            Self::Peer(peer) => peer.id(),
            Self::House(own) | Self::Web(own) | Self::Supposed(own) => own,
        }
    }
}
