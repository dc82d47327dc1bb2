//! error: E0382
//! Closing takes the receipt along; the same one can't close a second entry.

use hansa_audit_log::ledger::{RecordReceipt, Recorded};

pub fn twice<T>(opened: Recorded<T>, close: impl Fn(RecordReceipt)) {
    let (_, receipt) = opened.into_parts();
    close(receipt);
    close(receipt);
}
