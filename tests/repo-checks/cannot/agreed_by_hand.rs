//! error: E0451
//! A contract is agreed once both signatures were checked: `Agreed` can't be written down by hand.

use hansa_policy::contract::{Agreed, Agreement};
use hansa_policy::id::ContractId;

pub fn forge(id: ContractId, agreement: Agreement) -> Agreed {
    Agreed { id, agreement }
}
