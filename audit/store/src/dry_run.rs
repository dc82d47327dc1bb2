//! Dry run of recording, in a log that is discarded. Its records are not durable and permit no answer. Local users simulate
//! decisions with it, on the code that enforces real ones.

use super::segment_storage::NullStorage;
use hansa_audit_log::chain::ChainState;
use hansa_audit_log::ledger::{Evidence, Ledger, RecordMetadata, Recorded};
use hansa_audit_log::record::RecordSalt;
use hansa_audit_log::time::ClockReading;
use hansa_policy::refusal::Refusal;

/// Records the entry in an empty log that is discarded on return.
///
/// # Errors
/// `EVIDENCE_UNAVAILABLE` for an entry that a real log would refuse, such as one that is too large.
pub fn record_dry_run<E: Evidence>(entry: E, tick: ClockReading) -> Result<Recorded<E>, Refusal> {
    let mut ledger = Ledger::open(NullStorage, ChainState::new("rehearsal"), "rehearsal");
    let stamp = RecordMetadata {
        tick,
        salt: RecordSalt([0; 16]),
    };
    ledger
        .record(entry, stamp)
        .map_err(|unwritable| super::unwritable_log_refusal(&unwritable))
}
