//! error: E0308
//! A contract is looked up for a caller that was recognised, not for a name.

use hansa_audit_log::time::UtcTimestamp;
use hansa_policy::contract::{ContractRegistry, ActiveContracts};
use hansa_policy::id::{ContractId, ParticipantId};
use hansa_policy::refusal::Refusal;

pub fn claim(
    registry: &ContractRegistry,
    who: &ParticipantId,
    id: ContractId,
    now: UtcTimestamp,
) -> Result<ActiveContracts, Refusal> {
    registry.in_force(who, &[id], now)
}
