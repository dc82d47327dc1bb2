//! error: E0451
//! What a contract gives is taken from the contract: a grant can't be written down by hand.

use hansa_audit_log::digest::Digest;
use hansa_audit_log::time::UtcTimestamp;
use hansa_policy::contract::DatasetGrant;

pub fn forge(schema: Digest) -> DatasetGrant {
    DatasetGrant {
        contract: None,
        first: None,
        schema,
        clauses: Vec::new(),
        purposes: String::new(),
        own_purposes: Vec::new(),
        not_before: UtcTimestamp::EARLIEST,
        not_after: UtcTimestamp::LATEST,
    }
}
