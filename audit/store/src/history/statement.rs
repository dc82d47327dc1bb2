//! Signed statements and notices under contracts, as records name them.

use hansa_audit_log::record::Record;
use hansa_audit_log::record::contracts::{DeletionRecord, NoticeRecord, UsageRecord};
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
    pub(super) fn of_deletion(record: &Record, deletion: DeletionRecord) -> Self {
        Self {
            index: record.seq,
            at: record.at,
            contract: deletion.contract,
            first: Some(deletion.first),
            peer: deletion.peer,
            incoming: deletion.direction == "in",
            requests: deletion.requests,
            statement: deletion.statement.to_string(),
        }
    }

    pub(super) fn of_usage(record: &Record, usage: UsageRecord) -> Self {
        Self {
            index: record.seq,
            at: record.at,
            contract: usage.contract,
            first: None,
            peer: String::new(),
            incoming: false,
            requests: Vec::new(),
            statement: usage.statement.to_string(),
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
    pub(super) fn of(record: &Record, notice: NoticeRecord) -> Option<Self> {
        let is_it = notice.topic.starts_with(AFFECTED) && notice.outcome == "delivered";
        is_it.then_some(Self {
            at: record.at,
            contract: notice.contract,
            topic: notice.topic,
        })
    }
}
