//! Permission that one contract gives for one dataset, in the form that the terms read.

use super::{ActiveContracts, Agreement, DatasetGrant, Requester};
use crate::effect::Effect;
use crate::id::{ClauseId, ContractId, DatasetId};
use crate::refusal::Refusal;
use crate::restriction::ProviderRestriction;
use crate::term::prohibition::ProhibitedAction;
use crate::term::purpose::OwnPurpose;
use crate::term::rule::EffectBinding;
use crate::term::{Clause, Term, clause_effects};
use hansa_audit_log::digest::Digest;
use hansa_audit_log::time::UtcTimestamp;
use std::collections::BTreeMap;

impl DatasetGrant {
    pub(super) fn from_agreement(id: ContractId, agreement: &Agreement) -> Self {
        Self {
            contract: Some(id),
            first: Some(id),
            schema: agreement.dataset.schema,
            clauses: agreement.clauses.clone(),
            purposes: agreement.purposes.clone(),
            own_purposes: agreement.own_purposes.clone(),
            not_before: agreement.not_before,
            not_after: agreement.not_after,
        }
    }

    /// Grant with `first` as the first version of its contract.
    pub(super) const fn begun_by(mut self, first: ContractId) -> Self {
        self.first = Some(first);
        self
    }

    /// Grant that ends at `at` at the latest.
    pub(super) fn with_latest_end(mut self, at: UtcTimestamp) -> Self {
        self.not_after = self.not_after.min(at);
        self
    }

    /// First version of the contract. Values that last over amendments belong to it, such as the keys of hashed columns.
    #[must_use]
    pub const fn first_version(&self) -> Option<ContractId> {
        self.first
    }

    /// Effects of the grant on its dataset, bound to the asking participant.
    ///
    /// # Errors
    /// As [`clause_effects::of_clauses`], with the contract added.
    pub fn derive_effects(&self, to: &EffectBinding<'_>) -> Result<Vec<Effect>, Refusal> {
        let effects =
            clause_effects::of_clauses(self.clauses(), &to.with_contract(self.first_version()));
        effects.map_err(|refusal| self.name_contract(refusal))
    }

    /// Adds the contract to the refusal, where the grant has one.
    pub(crate) fn name_contract(&self, refusal: Refusal) -> Refusal {
        match self.contract() {
            Some(contract) => refusal.with_contract(contract),
            None => refusal,
        }
    }

    /// Grant with the clauses of a restriction in place of the contract's. The clauses of the contract are checked separately.
    pub(crate) fn with_restriction(&self, restriction: &ProviderRestriction) -> Self {
        let asked = ProhibitedAction::from_clauses(&self.clauses);
        let clauses = restriction.clauses().iter();
        let clauses = clauses.filter(|clause| match &clause.term {
            Term::Prohibition(one) => one.action.contains(asked),
            _ => true,
        });
        Self {
            clauses: clauses
                .map(|clause| Clause {
                    id: clause.id.in_restriction(),
                    term: clause.term.clone(),
                })
                .collect(),
            purposes: restriction.purpose_vocabulary().to_owned(),
            own_purposes: restriction.own_purposes().to_vec(),
            // Periods of a restriction's quotas begin with days in UTC, whenever the contract began.
            not_before: UtcTimestamp::EPOCH,
            not_after: UtcTimestamp::LATEST,
            ..self.clone()
        }
    }

    /// Complete access of this participant's users to a dataset of its own.
    pub(super) const fn for_house(schema: Digest) -> Self {
        Self {
            contract: None,
            first: None,
            schema,
            clauses: Vec::new(),
            purposes: String::new(),
            own_purposes: Vec::new(),
            not_before: UtcTimestamp::EARLIEST,
            not_after: UtcTimestamp::LATEST,
        }
    }

    /// Contract of the grant; absent for the house contract.
    #[must_use]
    pub const fn contract(&self) -> Option<ContractId> {
        self.contract
    }

    /// Schema for which the grant was made.
    #[must_use]
    pub const fn schema(&self) -> Digest {
        self.schema
    }

    /// Clauses in their order.
    #[must_use]
    pub fn clauses(&self) -> &[Clause] {
        &self.clauses
    }

    /// Version and digest of the purpose vocabulary of the contract.
    #[must_use]
    pub fn purpose_vocabulary(&self) -> &str {
        &self.purposes
    }

    /// Provider's own purposes that the clauses use.
    #[must_use]
    pub fn own_purposes(&self) -> &[OwnPurpose] {
        &self.own_purposes
    }

    /// First instant in force. Periods of quotas are counted from it.
    #[must_use]
    pub const fn not_before(&self) -> UtcTimestamp {
        self.not_before
    }

    /// First instant no longer in force.
    #[must_use]
    pub const fn not_after(&self) -> UtcTimestamp {
        self.not_after
    }

    /// Number of the first clause that satisfies `wanted`.
    #[must_use]
    pub fn clause_where(&self, wanted: impl Fn(&crate::term::Term) -> bool) -> Option<ClauseId> {
        self.clauses
            .iter()
            .find(|clause| wanted(&clause.term))
            .map(|clause| clause.id)
    }
}

impl ActiveContracts {
    /// Contracts with the restrictions in place of the grants of their datasets. The result is marked as a simulation, so that no
    /// answer can rest on it.
    pub(crate) fn with_restrictions(
        &self,
        restrictions: &BTreeMap<DatasetId, &ProviderRestriction>,
    ) -> Self {
        let restricted = self.grants.iter().filter_map(|(dataset, grant)| {
            let restriction = restrictions.get(dataset)?;
            Some((dataset.clone(), grant.with_restriction(restriction)))
        });
        Self::from_supposed_grants(self.asker.id().clone(), restricted.collect())
    }

    /// Caller.
    #[must_use]
    pub const fn asker(&self) -> &Requester {
        &self.asker
    }

    /// Grants by dataset.
    #[must_use]
    pub const fn grants(&self) -> &BTreeMap<DatasetId, DatasetGrant> {
        &self.grants
    }
}
