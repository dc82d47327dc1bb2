//! error: E0308
//! A contract is ended by a recorded withdrawal, not by naming it.

use hansa_policy::contract::ContractRegistry;
use hansa_policy::id::ContractId;

pub fn end(registry: &mut ContractRegistry, id: ContractId) {
    registry.apply_withdrawal(id);
}
