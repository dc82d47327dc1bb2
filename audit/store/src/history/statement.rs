//! Signed statements and notices under contracts, as records name them.

use super::body_members::{names, text};
use hansa_audit_log::record::Record;
use hansa_audit_log::time::UtcTimestamp;

/// A statement of deletion or of use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordedStatement {
    /// Where it stands.
    pub index: u64,
    /// When it was recorded.
    pub at: UtcTimestamp,
    /// Under which contract.
    pub contract: String,
    /// The first version of that contract, under which it counts.
    pub first: Option<String>,
    /// Who sent it, or to whom it went; empty where it went to nobody.
    pub peer: String,
    /// Whether it came in.
    pub incoming: bool,
    /// The questions with whose answers came what is deleted.
    pub requests: Vec<String>,
    /// The digest of the signed statement.
    pub statement: String,
}

impl RecordedStatement {
    pub(super) fn of(record: &Record) -> Self {
        let body = &record.body;
        Self {
            index: record.seq,
            at: record.at,
            contract: text(body, "contract").unwrap_or_default(),
            first: text(body, "first"),
            peer: text(body, "peer").unwrap_or_default(),
            incoming: text(body, "direction").as_deref() == Some("in"),
            requests: names(body, "requests"),
            statement: text(body, "statement").unwrap_or_default(),
        }
    }
}

/// How the topic of a notice begins by which somebody is told that answers to them used a snapshot.
pub const AFFECTED: &str = "affected:";

/// That somebody was told that answers to them used a snapshot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AffectedNotice {
    /// When.
    pub at: UtcTimestamp,
    /// Under which contract.
    pub contract: String,
    /// What of: the snapshot, and under a contract with everybody whom.
    pub topic: String,
}

impl AffectedNotice {
    pub(super) fn of(record: &Record) -> Option<Self> {
        let body = &record.body;
        let topic = text(body, "topic").filter(|topic| topic.starts_with(AFFECTED))?;
        (text(body, "outcome").as_deref() == Some("delivered")).then(|| Self {
            at: record.at,
            contract: text(body, "contract").unwrap_or_default(),
            topic,
        })
    }
}
