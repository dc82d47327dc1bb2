//! Observed heads of logs.

/// Head of a log, as shown to the owner of this log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObservedHead {
    /// Place of the record.
    pub index: u64,
    /// Owner of the log; for a head of this log, the cosigning participant.
    pub peer: String,
    /// Signed head.
    pub note: String,
}
