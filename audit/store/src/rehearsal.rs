//! A log that is thrown away: what is "recorded" in it survives nothing and opens no answer to anybody. It lets our own
//! people look at what a ruling would do, on the very code that enforces it.

use super::shelf::Nowhere;
use hansa_audit_log::chain::Chain;
use hansa_audit_log::ledger::{Evidence, Ledger, Recorded, Stamp};
use hansa_audit_log::record::Salt;
use hansa_audit_log::time::Tick;
use hansa_policy::refusal::Refusal;

/// The entry as if it had been recorded, in a log that holds nothing else and is gone when this returns.
///
/// # Errors
/// `EVIDENCE_UNAVAILABLE` for an entry that no log would take, such as one that is too large.
pub fn rehearse<E: Evidence>(entry: E, tick: Tick) -> Result<Recorded<E>, Refusal> {
    let mut ledger = Ledger::open(Nowhere, Chain::new("rehearsal"), "rehearsal");
    let stamp = Stamp {
        tick,
        salt: Salt([0; 16]),
    };
    ledger
        .record(entry, stamp)
        .map_err(|unwritable| super::refusal(&unwritable))
}
