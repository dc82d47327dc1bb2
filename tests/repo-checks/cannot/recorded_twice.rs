//! error: E0599
//! One durable record permits one act: `Recorded` can't be cloned.

use hansa_audit_log::ledger::Recorded;

pub struct Question;

pub fn twice(once: Recorded<Question>) -> (Recorded<Question>, Recorded<Question>) {
    (once.clone(), once)
}
