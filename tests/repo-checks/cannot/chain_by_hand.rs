//! error: E0624
//! Records enter a chain through the ledger: no other crate adds bytes that were not checked.

use hansa_audit_log::chain::Chain;
use hansa_audit_log::time::Time;

pub fn slip_in(chain: &mut Chain, at: Time) {
    chain.add(b"not a record", at);
}
