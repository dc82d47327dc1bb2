//! Quotas and row limits of an answer.

use super::sourced_grant::SourcedGrant;
use crate::id::{ClauseId, ContractId, DatasetId};
use crate::refusal::{ErrorCode, Refusal, contradiction_refusal};
use crate::term::quota::SlotBounds;
use crate::term::{Clause, Term, quota};
use crate::value::time::PeriodQuota;
use hansa_audit_log::time::UtcTimestamp;
use std::collections::BTreeMap;

/// Quantity that a quota counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum QuotaKind {
    /// Questions.
    Queries,
    /// Rows.
    Rows,
    /// Bytes of the sent payload.
    Bytes,
}

/// Quota that the answer uses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuotaBudget {
    /// Dataset. The count for one asking participant covers all its contracts on the dataset.
    pub dataset: DatasetId,
    /// Contract of the quota.
    pub contract: ContractId,
    /// Clause of the quota.
    pub clause: ClauseId,
    /// Counted quantity.
    pub counts: QuotaKind,
    /// Amount and period.
    pub quota: PeriodQuota,
    /// Start of the current slot.
    pub slot: UtcTimestamp,
    /// Start of the next slot.
    pub slot_end: UtcTimestamp,
}

impl QuotaBudget {
    /// Quota that a clause sets, with its slot at `now`; none where the clause sets no quota.
    ///
    /// # Errors
    /// `POLICY_CONTRADICTION` in the house contract, since nothing would count the quota.
    pub(super) fn of_clause(
        granted: SourcedGrant<'_>,
        clause: &Clause,
        now: UtcTimestamp,
    ) -> Result<Option<Self>, Refusal> {
        let (counts, quota) = match &clause.term {
            Term::Queries(quota) => (QuotaKind::Queries, quota),
            Term::RowQuota(quota) => (QuotaKind::Rows, quota),
            Term::ByteQuota(quota) => (QuotaKind::Bytes, quota),
            _ => return Ok(None),
        };
        let Some(contract) = granted.grant.contract() else {
            return Err(contradiction_refusal(
                "the house contract can't hold a quota",
            ));
        };
        let SlotBounds { begin, end } =
            quota::quota_slot(&quota.per, granted.grant.not_before(), now);
        Ok(Some(Self {
            dataset: granted.dataset.clone(),
            contract,
            clause: clause.id,
            counts,
            quota: quota.clone(),
            slot: begin,
            slot_end: end,
        }))
    }

    /// Bounds of the current slot.
    #[must_use]
    pub const fn slot_bounds(&self) -> SlotBounds {
        SlotBounds {
            begin: self.slot,
            end: self.slot_end,
        }
    }

    /// Refuses when the questions of the slot are used up. Rows and bytes are counted before they are sent.
    pub(super) fn check(
        &self,
        spent: &BTreeMap<(ContractId, ClauseId), u64>,
    ) -> Result<(), Refusal> {
        let spent = spent.get(&(self.contract, self.clause)).copied();
        if self.counts != QuotaKind::Queries || spent.unwrap_or(0) < self.quota.max {
            return Ok(());
        }
        let per = &self.quota.per;
        let sentence = format!("the questions of this {per} are used up");
        Err(Refusal::new(ErrorCode::QuotaQueries, sentence)
            .with_help(format!("ask again from {} on", self.slot_end)))
    }
}

/// A limit on the rows of one answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RowLimit {
    /// Contract of the limit.
    pub contract: ContractId,
    /// Clause of the limit.
    pub clause: ClauseId,
    /// Largest number of rows.
    pub rows: u64,
}
