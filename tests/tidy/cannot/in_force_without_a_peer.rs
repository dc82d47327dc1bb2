//! error: E0308
//! A contract is looked up for a caller that was recognised, not for a name.

use evidence::time::Time;
use policy::contract::{Book, InForce};
use policy::id::{ContractId, ParticipantId};
use policy::refusal::Refusal;

pub fn claim(
    book: &Book,
    who: &ParticipantId,
    id: ContractId,
    now: Time,
) -> Result<InForce, Refusal> {
    book.in_force(who, &[id], now)
}
