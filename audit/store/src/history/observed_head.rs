//! Heads of logs, as they were shown to the log's owner.

use super::body_members::text;
use hansa_audit_log::record::Record;

/// A head of somebody else's log, as this log's owner was shown it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObservedHead {
    /// Where it stands.
    pub index: u64,
    /// Whose log; of a head of this log, whose cosignature.
    pub peer: String,
    /// The signed head.
    pub note: String,
}

impl ObservedHead {
    /// A signed head, and whose log or cosignature it is.
    pub(super) fn of(record: &Record) -> Self {
        let body = &record.body;
        Self {
            index: record.seq,
            peer: text(body, "peer").unwrap_or_default(),
            note: text(body, "note").unwrap_or_default(),
        }
    }
}
