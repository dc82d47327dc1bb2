//! What may be read of what was checked.

use super::{Agreed, Agreement, Asker};
use crate::id::{ContractId, ParticipantId};

impl Agreed {
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

impl Asker {
    /// The identity of the asking participant.
    #[must_use]
    pub const fn id(&self) -> &ParticipantId {
        match self {
            Self::Peer(peer) => peer.id(),
            Self::House(own) | Self::Supposed(own) => own,
        }
    }
}
