//! error: E0451
//! Only the ledger stages: a staged value can't be written down by hand.

use hansa_audit_log::ledger::{RecordReceipt, PendingRecord};
use std::sync::Arc;

pub fn forge<T>(value: T, receipt: RecordReceipt) -> PendingRecord<T> {
    PendingRecord {
        value,
        kind: "permit",
        receipt,
        ledger: Arc::new(()),
    }
}
