//! What a question that is permitted says of itself.

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
    /// The question.
    pub const fn question(&self) -> &Q {
        &self.question
    }

    /// The contracts.
    pub const fn standing(&self) -> &ActiveContracts {
        &self.active
    }

    /// The question's identity.
    pub const fn request(&self) -> RequestId {
        self.request
    }

    /// The declared purpose.
    pub const fn purpose(&self) -> Option<&PurposeId> {
        self.purpose.as_ref()
    }

    /// Commitment to the SQL text.
    pub const fn sql_commit(&self) -> Digest {
        self.sql_commit
    }

    /// The snapshot label of each dataset.
    pub const fn snapshots(&self) -> &BTreeMap<DatasetId, String> {
        &self.conditions.snapshots
    }

    /// The signed statements on which it relies that the question is let in.
    pub fn relied_on(&self) -> BTreeSet<Digest> {
        let credentials = self.conditions.relied.values().flatten();
        credentials.map(|credential| credential.statement).collect()
    }

    /// What is done to each dataset.
    pub const fn effects(&self) -> &BTreeMap<DatasetId, Vec<Effect>> {
        &self.conditions.effects
    }

    /// The instant of the ruling.
    pub const fn at(&self) -> UtcTimestamp {
        self.at
    }

    /// The prohibitions of its contract that hold, of each dataset.
    pub const fn prohibits(&self) -> &BTreeMap<DatasetId, BTreeSet<ClauseId>> {
        &self.conditions.prohibits
    }

    /// The quotas that the answer draws on.
    pub fn budgets(&self) -> &[QuotaBudget] {
        &self.conditions.budgets
    }

    /// The least limit on the rows of the answer.
    pub const fn row_limit(&self) -> Option<RowLimit> {
        self.conditions.row_limit
    }

    /// How many rows may leave in a second, by contract.
    pub fn rates(&self) -> &[(ContractId, u64)] {
        &self.conditions.rates
    }

    /// The instant at which the first of the contracts ends, or a prohibition comes to hold, of a contract or a restriction; the
    /// answer is cut there.
    pub fn ends(&self) -> UtcTimestamp {
        self.conditions
            .ends
            .min(self.conditions.prohibited)
            .min(self.conditions.restriction_begins)
    }

    /// Why it is cut there.
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

    /// What the answer draws from what was paid beforehand.
    pub fn prepaid_charges(&self) -> &[PrepaidCharge] {
        &self.conditions.charges
    }

    /// The question alone; for the executor, which has taken the effects.
    pub fn into_question(self) -> Q {
        self.question
    }
}
