//! error: E0599
//! One durable record permits one act: `Recorded` can't be cloned.

use hansa_audit_log::ledger::Recorded;

pub struct QueryShape;

pub fn twice(once: Recorded<QueryShape>) -> (Recorded<QueryShape>, Recorded<QueryShape>) {
    (once.clone(), once)
}
