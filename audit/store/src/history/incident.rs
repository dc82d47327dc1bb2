//! Logs that went on in two places, and the statements by which participants close incidents, as records name them.

use hansa_audit_log::time::UtcTimestamp;

/// A statement that closes an incident, as it came into the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordedIncident {
    /// Where it stands.
    pub index: u64,
    /// When it was recorded.
    pub at: UtcTimestamp,
    /// Whose log it is about.
    pub peer: String,
    /// The cause that is stated, in one word.
    pub cause: String,
    /// The digest of the signed statement.
    pub statement: String,
    /// The sizes between which heads that do not fit no longer count; nothing where it is about permits alone.
    pub fork: Option<(u64, u64)>,
}

/// Two heads of somebody else's log of which neither continues the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForkedLog {
    /// Where it stands.
    pub index: u64,
    /// When it was found.
    pub at: UtcTimestamp,
    /// Whose log.
    pub peer: String,
    /// The one that was known.
    pub known: String,
    /// The one that was shown.
    pub shown: String,
}
