//! error: E0308
//! What is only staged may be lost: it does not pass for what is recorded.

use hansa_audit_log::ledger::{Evidence, Ledger, Recorded, RecordMetadata, LedgerError};
use hansa_audit_log::storage::LogStorage;

pub fn hasten<S: LogStorage, T: Evidence>(
    ledger: &mut Ledger<S>,
    value: T,
    stamp: RecordMetadata,
) -> Result<Recorded<T>, LedgerError> {
    ledger.stage(value, stamp)
}
