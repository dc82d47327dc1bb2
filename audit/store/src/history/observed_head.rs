//! Heads of logs, as they were shown to the log's owner.

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
