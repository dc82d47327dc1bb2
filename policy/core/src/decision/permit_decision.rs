//! Getters of a permit.

use super::PermitDecision;
use super::quota_budget::{QuotaBudget, RowLimit};
use crate::contract::ActiveContracts;
use crate::decision::prepaid_charge::PrepaidCharge;
use crate::effect::Effect;
use crate::id::{ClauseId, ContractId, DatasetId, PurposeId, RequestId};
use crate::refusal::{ErrorCode, Refusal};
use hansa_audit_log::digest::Digest;
use hansa_audit_log::time::UtcTimestamp;
use std::collections::{BTreeMap, BTreeSet};

impl<Q> PermitDecision<Q> {
    /// Question.
    pub const fn question(&self) -> &Q {
        &self.question
    }

    /// Contracts of the question.
    pub const fn active_contracts(&self) -> &ActiveContracts {
        &self.active
    }

    /// Identity of the question.
    pub const fn request(&self) -> RequestId {
        self.request
    }

    /// Declared purpose.
    pub const fn purpose(&self) -> Option<&PurposeId> {
        self.purpose.as_ref()
    }

    /// Commitment to the SQL text.
    pub const fn sql_commit(&self) -> Digest {
        self.sql_commit
    }

    /// Snapshot label of each dataset.
    pub const fn snapshots(&self) -> &BTreeMap<DatasetId, String> {
        &self.conditions.snapshots
    }

    /// Digests of the signed statements that the admission relies on.
    pub fn relied_on(&self) -> BTreeSet<Digest> {
        let credentials = self.conditions.relied.values().flatten();
        credentials.map(|credential| credential.statement).collect()
    }

    /// Effects on each dataset.
    pub const fn effects(&self) -> &BTreeMap<DatasetId, Vec<Effect>> {
        &self.conditions.effects
    }

    /// Instant of the decision.
    pub const fn decision_instant(&self) -> UtcTimestamp {
        self.at
    }

    /// Prohibitions in force in the contract of each dataset.
    pub const fn active_prohibitions(&self) -> &BTreeMap<DatasetId, BTreeSet<ClauseId>> {
        &self.conditions.prohibits
    }

    /// Quotas that the answer uses.
    pub fn budgets(&self) -> &[QuotaBudget] {
        &self.conditions.budgets
    }

    /// Lowest limit on the rows of the answer.
    pub const fn row_limit(&self) -> Option<RowLimit> {
        self.conditions.row_limit
    }

    /// Largest number of rows per second, by contract.
    pub fn rates(&self) -> &[(ContractId, u64)] {
        &self.conditions.rates
    }

    /// First instant at which a contract ends or a prohibition of a contract or restriction begins to hold. The answer is cut
    /// there.
    pub fn end_instant(&self) -> UtcTimestamp {
        self.conditions
            .ends
            .min(self.conditions.prohibited)
            .min(self.conditions.restriction_begins)
    }

    /// Refusal that reports why the answer is cut at that instant.
    pub fn cut_refusal(&self) -> Refusal {
        if self.conditions.restriction_begins < self.conditions.prohibited.min(self.conditions.ends)
        {
            let sentence = "the provider's restriction came to refuse it while the answer ran";
            Refusal::new(ErrorCode::DatasetRestricted, sentence)
        } else if self.conditions.prohibited < self.conditions.ends {
            let sentence = "a prohibition of the contract came to hold while the answer ran";
            Refusal::new(ErrorCode::Prohibited, sentence)
        } else {
            Refusal::new(
                ErrorCode::Expired,
                "the contract ended while the answer ran",
            )
        }
    }

    /// Prepaid amounts that the answer uses.
    pub fn prepaid_charges(&self) -> &[PrepaidCharge] {
        &self.conditions.charges
    }

    /// Question without its effects, which the executor has already taken.
    pub fn into_question(self) -> Q {
        self.question
    }
}
