//! error: E0277
//! There is no durable record by default.

use evidence::ledger::Recorded;

pub fn nothing() -> Recorded<()> {
    make()
}

fn make<T: Default>() -> T {
    T::default()
}
