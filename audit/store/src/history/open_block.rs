//! Blocks of requests and bytes that were reserved for anybody on the web, before they left.

use super::body_members::{count, text};
use hansa_audit_log::record::Record;
use hansa_audit_log::time::UtcTimestamp;

/// The kind of the record of a block.
pub const OPEN_BLOCK: &str = "open_block";

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
    pub(super) fn of(record: &Record) -> Self {
        let body = &record.body;
        Self {
            index: record.seq,
            at: record.at,
            contract: text(body, "contract"),
            dataset: text(body, "dataset"),
            requests: count(body, "requests").unwrap_or_default(),
            bytes: count(body, "bytes").unwrap_or_default(),
        }
    }
}
