//! error: E0308
//! A contract is in force only once its activation is durable: the book takes no bare `VerifiedContract`.

use hansa_policy::contract::{VerifiedContract, ContractRegistry};

pub fn hasten(book: &mut ContractRegistry, agreed: VerifiedContract) {
    book.admit(agreed);
}
