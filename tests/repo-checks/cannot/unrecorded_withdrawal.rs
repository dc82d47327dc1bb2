//! error: E0308
//! A withdrawal ends a contract once it is durable: the book takes no bare `VerifiedWithdrawal`.

use hansa_policy::contract::{ContractRegistry, VerifiedWithdrawal};

pub fn hasten(book: &mut ContractRegistry, revoked: VerifiedWithdrawal) {
    book.revoke(revoked);
}
