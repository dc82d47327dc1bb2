//! Signed statements and notices under contracts, by their records.

use hansa_audit_log::record::Record;
use hansa_audit_log::record::contracts::{DeletionRecord, NoticeRecord, UsageRecord};
use hansa_audit_log::time::UtcTimestamp;

/// Statement of deletion or of use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordedStatement {
    /// Place of the record.
    pub index: u64,
    /// Time of the record.
    pub at: UtcTimestamp,
    /// Contract of the statement.
    pub contract: String,
    /// First version of the contract, which keeps the account.
    pub first: Option<String>,
    /// Sender or recipient; empty where the statement was sent to no participant.
    pub peer: String,
    /// True for a received statement.
    pub incoming: bool,
    /// Questions whose answers are deleted.
    pub requests: Vec<String>,
    /// Digest of the signed statement.
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

/// Prefix of the topic of notices that answers used a snapshot.
pub const AFFECTED: &str = "affected:";

/// Notice to a participant that answers to it used a snapshot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AffectedNotice {
    /// Time of the notice.
    pub at: UtcTimestamp,
    /// Contract of the notice.
    pub contract: String,
    /// Topic: the snapshot and, under a public view, the recipient.
    pub topic: String,
}

impl AffectedNotice {
    pub(super) fn from_record(record: &Record, notice: NoticeRecord) -> Option<Self> {
        let is_it = notice.topic.starts_with(AFFECTED) && notice.outcome == "delivered";
        is_it.then_some(Self {
            at: record.at,
            contract: notice.contract,
            topic: notice.topic,
        })
    }
}
