//! error: E0616
//! What was signed can't be changed behind its signatures.

use hansa_policy::contract::{Agreed, Agreement};

pub fn change(agreed: &mut Agreed, other: Agreement) {
    agreed.agreement = other;
}
