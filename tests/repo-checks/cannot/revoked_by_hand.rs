//! error: E0451
//! A withdrawal counts once its signature was checked: `VerifiedWithdrawal` can't be written down by hand.

use hansa_audit_log::digest::Digest;
use hansa_audit_log::time::UtcTimestamp;
use hansa_policy::contract::VerifiedWithdrawal;
use hansa_policy::id::{ContractId, ParticipantId};

pub fn forge(contract: ContractId, party: ParticipantId, effective_at: Option<UtcTimestamp>) -> VerifiedWithdrawal {
    VerifiedWithdrawal {
        contract,
        party,
        effective_at,
        statement: Digest::of(b"nothing"),
        envelope: None,
    }
}
