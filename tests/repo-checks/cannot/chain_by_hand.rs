//! error: E0624
//! Records enter a chain through the ledger: no other crate adds bytes that were not checked.

use hansa_audit_log::chain::ChainState;
use hansa_audit_log::time::UtcTimestamp;

pub fn slip_in(chain: &mut ChainState, at: UtcTimestamp) {
    chain.add(b"not a record", at);
}
