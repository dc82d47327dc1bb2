//! error: E0616
//! What was signed can't be changed behind its signatures.

use hansa_policy::contract::{VerifiedContract, Agreement};

pub fn change(agreed: &mut VerifiedContract, other: Agreement) {
    agreed.agreement = other;
}
