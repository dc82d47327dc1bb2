//! error: E0594
//! What was recorded is what is acted on: the value can't be changed behind its record.

use hansa_audit_log::ledger::Recorded;

pub fn change(recorded: &mut Recorded<u64>) {
    **recorded = 7;
}
