//! A log that is thrown away: what is "recorded" in it survives nothing and opens no answer to anybody. It lets our own
//! people look at what a ruling would do, on the very code that enforces it.

use super::segment_storage::NullStorage;
use hansa_audit_log::chain::ChainState;
use hansa_audit_log::ledger::{Evidence, Ledger, RecordMetadata, Recorded};
use hansa_audit_log::record::RecordSalt;
use hansa_audit_log::time::ClockReading;
use hansa_policy::refusal::Refusal;

/// The entry as if it had been recorded, in a log that holds nothing else and is gone when this returns.
///
/// # Errors
/// `EVIDENCE_UNAVAILABLE` for an entry that no log would take, such as one that is too large.
pub fn record_dry_run<E: Evidence>(entry: E, tick: ClockReading) -> Result<Recorded<E>, Refusal> {
    let mut ledger = Ledger::open(NullStorage, ChainState::new("rehearsal"), "rehearsal");
    let stamp = RecordMetadata {
        tick,
        salt: RecordSalt([0; 16]),
    };
    ledger
        .record(entry, stamp)
        .map_err(|unwritable| super::refusal(&unwritable))
}
