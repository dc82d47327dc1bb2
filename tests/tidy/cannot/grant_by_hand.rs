//! error: E0451
//! What a contract gives is taken from the contract: a grant can't be written down by hand.

use evidence::digest::Digest;
use evidence::time::Time;
use policy::contract::Grant;

pub fn forge(schema: Digest) -> Grant {
    Grant {
        contract: None,
        first: None,
        schema,
        clauses: Vec::new(),
        purposes: String::new(),
        own_purposes: Vec::new(),
        not_before: Time::EARLIEST,
        not_after: Time::LATEST,
    }
}
