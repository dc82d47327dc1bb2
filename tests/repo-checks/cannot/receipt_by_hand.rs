//! error: E0451
//! A receipt stands for a durable record, so it can't be written down by hand.

use hansa_audit_log::digest::Digest;
use hansa_audit_log::ledger::RecordReceipt;
use hansa_audit_log::time::UtcTimestamp;

pub fn forge(leaf: Digest, at: UtcTimestamp) -> RecordReceipt {
    RecordReceipt { index: 0, leaf, at }
}
