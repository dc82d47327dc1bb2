//! Reserved blocks of open data: requests and bytes for the web, recorded before they are sent.

use hansa_audit_log::digest::Digest;
use hansa_audit_log::record::Record;
use hansa_audit_log::record::answers::OpenBlockRecord;
use hansa_audit_log::time::UtcTimestamp;
use hansa_audit_log::tree::leaf_hash;

/// Amount of open data that may be sent without a further record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenBlock {
    /// Place of the record.
    pub index: u64,
    /// Leaf hash of the record.
    pub leaf: Digest,
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
            leaf: leaf_hash(&record.to_bytes()),
            at: record.at,
            contract: block.contract,
            dataset: block.dataset,
            requests: block.requests,
            bytes: block.bytes,
        }
    }
}
