//! error: E0599
//! An opened entry is closed at most once: a receipt can't be cloned.

use hansa_audit_log::ledger::RecordReceipt;

pub fn twice(once: RecordReceipt) -> (RecordReceipt, RecordReceipt) {
    (once.clone(), once)
}
