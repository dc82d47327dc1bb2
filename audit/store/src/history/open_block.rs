//! Reserved blocks of open data: requests and bytes for the web, recorded before they are sent.

use hansa_audit_log::record::Record;
use hansa_audit_log::record::answers::OpenBlockRecord;
use hansa_audit_log::time::UtcTimestamp;

/// Amount of open data that may be sent without a further record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenBlock {
    /// Place of the record.
    pub index: u64,
    /// Time of the record.
    pub at: UtcTimestamp,
    /// Public view of the data; absent for the list of open datasets.
    pub contract: Option<String>,
    /// Dataset of the view.
    pub dataset: Option<String>,
    /// Number of requests.
    pub requests: u64,
    /// Number of bytes.
    pub bytes: u64,
}

impl OpenBlock {
    /// Block of a record.
    pub(super) fn from_record(record: &Record, block: OpenBlockRecord) -> Self {
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
