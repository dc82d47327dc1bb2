//! The answers that the log's owner received.

use super::body_members::{count, text};
use hansa_audit_log::record::Record;
use hansa_audit_log::time::UtcTimestamp;

/// An answer that the log's owner received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceivedAnswer {
    /// The question's identity.
    pub request: String,
    /// Where it stands.
    pub index: u64,
    /// When.
    pub at: UtcTimestamp,
    /// Who answered.
    pub peer: String,
    /// Rows that came.
    pub rows: u64,
    /// Bytes that came.
    pub bytes: u64,
    /// The digest over what came.
    pub digest: String,
    /// How it ended, as receipts write it.
    pub outcome: String,
    /// The digest of the receipt.
    pub receipt: Option<String>,
}

impl ReceivedAnswer {
    /// What came, and from whom.
    pub(super) fn of(record: &Record) -> Self {
        let body = &record.body;
        Self {
            request: text(body, "request_id").unwrap_or_default(),
            index: record.seq,
            at: record.at,
            peer: text(body, "peer").unwrap_or_default(),
            rows: count(body, "rows").unwrap_or_default(),
            bytes: count(body, "bytes").unwrap_or_default(),
            digest: text(body, "result_digest").unwrap_or_default(),
            outcome: text(body, "outcome").unwrap_or_default(),
            receipt: text(body, "receipt"),
        }
    }
}
