//! Logs that went on in two places, and the statements by which participants close incidents, as records name them.

use super::body_members::{count, text};
use hansa_audit_log::record::Record;
use hansa_audit_log::time::UtcTimestamp;

/// The type of the record that holds one.
pub const INCIDENT: &str = "incident";

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

impl RecordedIncident {
    pub(super) fn of(record: &Record) -> Self {
        let body = &record.body;
        Self {
            index: record.seq,
            at: record.at,
            peer: text(body, "peer").unwrap_or_default(),
            cause: text(body, "cause").unwrap_or_default(),
            statement: text(body, "statement").unwrap_or_default(),
            fork: count(body, "from").zip(count(body, "upto")),
        }
    }
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

impl ForkedLog {
    pub(super) fn of(record: &Record) -> Self {
        let body = &record.body;
        Self {
            index: record.seq,
            at: record.at,
            peer: text(body, "peer").unwrap_or_default(),
            known: text(body, "known").unwrap_or_default(),
            shown: text(body, "shown").unwrap_or_default(),
        }
    }
}
