//! error: E0451
//! A receipt stands for a durable record, so it can't be written down by hand.

use hansa_audit_log::digest::Digest;
use hansa_audit_log::ledger::Receipt;
use hansa_audit_log::time::Time;

pub fn forge(leaf: Digest, at: Time) -> Receipt {
    Receipt { index: 0, leaf, at }
}
