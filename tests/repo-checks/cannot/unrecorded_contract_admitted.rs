//! error: E0308
//! A contract is in force only once its activation is durable: the registry takes no bare `VerifiedContract`.

use hansa_policy::contract::{VerifiedContract, ContractRegistry};

pub fn hasten(registry: &mut ContractRegistry, agreed: VerifiedContract) {
    registry.admit(agreed);
}
