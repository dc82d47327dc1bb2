//! error: E0451
//! What a contract gives is taken from the contract: a grant can't be written down by hand.

use hansa_audit_log::digest::Digest;
use hansa_audit_log::time::Time;
use hansa_policy::contract::Grant;

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
