//! The answers that the log's owner received.

use hansa_audit_log::record::Record;
use hansa_audit_log::record::answers::ReceivedRecord;
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
    pub(super) fn of(record: &Record, received: ReceivedRecord) -> Self {
        Self {
            request: received.request_id,
            index: record.seq,
            at: record.at,
            peer: received.peer,
            rows: received.rows,
            bytes: received.bytes,
            digest: received.result_digest,
            outcome: received.outcome,
            receipt: received.receipt.map(|file| file.to_string()),
        }
    }
}
