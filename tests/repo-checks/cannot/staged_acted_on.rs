//! error: E0308
//! What is only staged may be lost: it does not pass for what is recorded.

use hansa_audit_log::ledger::{Evidence, Ledger, Recorded, Stamp, Unwritable};
use hansa_audit_log::shelf::Shelf;

pub fn hasten<S: Shelf, T: Evidence>(
    ledger: &mut Ledger<S>,
    value: T,
    stamp: Stamp,
) -> Result<Recorded<T>, Unwritable> {
    ledger.stage(value, stamp)
}
