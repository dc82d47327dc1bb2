//! error: E0451
//! A contract is agreed once both signatures were checked: `VerifiedContract` can't be written down by hand.

use hansa_policy::contract::{VerifiedContract, Agreement};
use hansa_policy::id::ContractId;

pub fn forge(id: ContractId, agreement: Agreement) -> VerifiedContract {
    VerifiedContract { id, agreement }
}
