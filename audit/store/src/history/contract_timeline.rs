//! The contracts of the log's owner: when they came into force, and when they were withdrawn.

use hansa_audit_log::time::UtcTimestamp;

/// What the log says of a contract.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ContractTimeline {
    /// Where its activation stands, and when that was.
    pub activated: Option<(u64, UtcTimestamp)>,
    /// Its withdrawals.
    pub withdrawn: Vec<RecordedWithdrawal>,
    /// The owner of the dataset.
    pub provider: String,
    /// Who takes; `h:public` for a public view.
    pub consumer: String,
    /// The dataset.
    pub dataset: String,
}

/// The withdrawal of a contract.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordedWithdrawal {
    /// Where it stands.
    pub index: u64,
    /// When it was recorded.
    pub at: UtcTimestamp,
    /// From when, where notice was given.
    pub effective: Option<UtcTimestamp>,
    /// By whom.
    pub party: String,
    /// The digest of the signed statement.
    pub statement: String,
}
