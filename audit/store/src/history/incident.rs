//! Forks of logs, and the statements by which participants close incidents.

use hansa_audit_log::time::UtcTimestamp;

/// Recorded statement that closes an incident.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordedIncident {
    /// Place of the record.
    pub index: u64,
    /// Time of the record.
    pub at: UtcTimestamp,
    /// Owner of the affected log.
    pub peer: String,
    /// Word of the stated cause.
    pub cause: String,
    /// Digest of the signed statement.
    pub statement: String,
    /// Range of sizes in which inconsistent heads no longer count; none for a statement about permits alone.
    pub fork: Option<(u64, u64)>,
}

/// Two heads of another participant's log, neither of which continues the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForkedLog {
    /// Place of the record.
    pub index: u64,
    /// Time of the record.
    pub at: UtcTimestamp,
    /// Owner of the log.
    pub peer: String,
    /// Known head.
    pub known: String,
    /// Contradicting head.
    pub shown: String,
}
