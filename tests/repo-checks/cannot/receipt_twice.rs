//! error: E0599
//! An opened entry is closed at most once: a receipt can't be cloned.

use hansa_audit_log::ledger::Receipt;

pub fn twice(once: Receipt) -> (Receipt, Receipt) {
    (once.clone(), once)
}
