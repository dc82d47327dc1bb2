//! error: E0308
//! A contract is looked up for a caller that was recognised, not for a name.

use hansa_audit_log::time::Time;
use hansa_policy::contract::{Book, InForce};
use hansa_policy::id::{ContractId, ParticipantId};
use hansa_policy::refusal::Refusal;

pub fn claim(
    book: &Book,
    who: &ParticipantId,
    id: ContractId,
    now: Time,
) -> Result<InForce, Refusal> {
    book.in_force(who, &[id], now)
}
