//! Blocks of requests and bytes that were reserved for anybody on the web, before they left.

use hansa_audit_log::record::Record;
use hansa_audit_log::record::answers::OpenBlockRecord;
use hansa_audit_log::time::UtcTimestamp;

/// What may leave to anybody on the web without another record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenBlock {
    /// Where it stands.
    pub index: u64,
    /// When.
    pub at: UtcTimestamp,
    /// The public view under which it leaves; absent: it is for the list of what is open.
    pub contract: Option<String>,
    /// The dataset.
    pub dataset: Option<String>,
    /// Requests.
    pub requests: u64,
    /// Bytes.
    pub bytes: u64,
}

impl OpenBlock {
    /// The block of a record.
    pub(super) fn of(record: &Record, block: OpenBlockRecord) -> Self {
        Self {
            index: record.seq,
            at: record.at,
            contract: block.contract,
            dataset: block.dataset,
            requests: block.requests,
            bytes: block.bytes,
        }
    }
}
