//! Quotas and limits that an answer draws on.

use crate::id::{ClauseId, ContractId, DatasetId};
use crate::value::time::PeriodQuota;
use hansa_audit_log::time::UtcTimestamp;

/// What a quota counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum QuotaKind {
    /// Questions.
    Queries,
    /// Rows.
    Rows,
    /// Bytes of payload.
    Bytes,
}

/// A quota that the answer draws on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuotaBudget {
    /// The dataset: what is counted of it for one asker is counted under all its contracts together.
    pub dataset: DatasetId,
    /// The contract.
    pub contract: ContractId,
    /// The clause.
    pub clause: ClauseId,
    /// What is counted.
    pub counts: QuotaKind,
    /// The quota.
    pub quota: PeriodQuota,
    /// Start of the current slot.
    pub slot: UtcTimestamp,
    /// Start of the next slot.
    pub slot_end: UtcTimestamp,
}

/// A limit on the rows of one answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RowLimit {
    /// The contract.
    pub contract: ContractId,
    /// The clause.
    pub clause: ClauseId,
    /// The most rows.
    pub rows: u64,
}
