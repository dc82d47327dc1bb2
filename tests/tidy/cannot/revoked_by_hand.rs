//! error: E0451
//! A withdrawal counts once its signature was checked: `Revoked` can't be written down by hand.

use evidence::digest::Digest;
use evidence::time::Time;
use policy::contract::Revoked;
use policy::id::{ContractId, ParticipantId};

pub fn forge(contract: ContractId, party: ParticipantId, effective_at: Option<Time>) -> Revoked {
    Revoked {
        contract,
        party,
        effective_at,
        statement: Digest::of(b"nothing"),
        envelope: None,
    }
}
