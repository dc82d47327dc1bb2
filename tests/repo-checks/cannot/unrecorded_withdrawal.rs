//! error: E0308
//! A withdrawal ends a contract once it is durable: the registry takes no bare `VerifiedWithdrawal`.

use hansa_policy::contract::{ContractRegistry, VerifiedWithdrawal};

pub fn hasten(registry: &mut ContractRegistry, revoked: VerifiedWithdrawal) {
    registry.apply_withdrawal(revoked);
}
