//! Received answers of the log's owner.

use hansa_audit_log::record::Record;
use hansa_audit_log::record::answers::ReceivedRecord;
use hansa_audit_log::time::UtcTimestamp;

/// Answer that the log's owner received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceivedAnswer {
    /// Identity of the question.
    pub request: String,
    /// Place of the record.
    pub index: u64,
    /// Time of the record.
    pub at: UtcTimestamp,
    /// Provider of the answer.
    pub peer: String,
    /// Number of received rows.
    pub rows: u64,
    /// Number of received bytes.
    pub bytes: u64,
    /// Digest of the received content.
    pub digest: String,
    /// Outcome, as written in receipts.
    pub outcome: String,
    /// Digest of the receipt.
    pub receipt: Option<String>,
}

impl ReceivedAnswer {
    /// Received answer of a record.
    pub(super) fn from_record(record: &Record, received: ReceivedRecord) -> Self {
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
