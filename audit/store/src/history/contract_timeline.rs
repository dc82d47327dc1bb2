//! Contracts of the log's owner: activation and withdrawals.

use hansa_audit_log::time::UtcTimestamp;

/// Records of the log about a contract.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ContractTimeline {
    /// Place and time of the activation.
    pub activated: Option<(u64, UtcTimestamp)>,
    /// Withdrawals of the contract.
    pub withdrawn: Vec<RecordedWithdrawal>,
    /// Provider of the dataset.
    pub provider: String,
    /// Consumer; `h:public` for a public view.
    pub consumer: String,
    /// Dataset of the contract.
    pub dataset: String,
}

/// Withdrawal of a contract.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordedWithdrawal {
    /// Place of the record.
    pub index: u64,
    /// Time of the record.
    pub at: UtcTimestamp,
    /// Instant of effect, where notice was given.
    pub effective: Option<UtcTimestamp>,
    /// Party that withdrew.
    pub party: String,
    /// Digest of the signed statement.
    pub statement: String,
}
