//! error: E0451
//! Only the ledger says that a record is durable: `Recorded` can't be written down by hand.

use hansa_audit_log::ledger::{RecordReceipt, Recorded};

pub fn forge<T>(value: T, receipt: RecordReceipt) -> Recorded<T> {
    Recorded { value, receipt }
}
