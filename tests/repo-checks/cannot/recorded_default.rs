//! error: E0277
//! There is no durable record by default.

use hansa_audit_log::ledger::Recorded;

pub fn nothing() -> Recorded<()> {
    make()
}

fn make<T: Default>() -> T {
    T::default()
}
