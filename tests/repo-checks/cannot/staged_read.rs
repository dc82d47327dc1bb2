//! error: E0616
//! What is only staged can't be taken out and acted on.

use hansa_audit_log::ledger::PendingRecord;

pub fn take<T>(staged: PendingRecord<T>) -> T {
    staged.value
}
