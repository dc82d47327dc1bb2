//! What one contract gives, as the terms read it.

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
    pub(super) fn of(id: ContractId, agreement: &Agreement) -> Self {
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

    /// The same, as a later version of another contract.
    pub(super) const fn begun_by(mut self, first: ContractId) -> Self {
        self.first = Some(first);
        self
    }

    /// The same, over at that instant at the latest.
    pub(super) fn ending(mut self, at: UtcTimestamp) -> Self {
        self.not_after = self.not_after.min(at);
        self
    }

    /// The first version of the contract: what lasts over amendments, such as the keys of hashed columns, belongs to it.
    #[must_use]
    pub const fn first(&self) -> Option<ContractId> {
        self.first
    }

    /// What it does to its dataset, bound to who asks.
    ///
    /// # Errors
    /// As [`clause_effects::of_clauses`], with the contract.
    pub fn effects(&self, to: &EffectBinding<'_>) -> Result<Vec<Effect>, Refusal> {
        let effects = clause_effects::of_clauses(self.clauses(), &to.under(self.first()));
        effects.map_err(|refusal| self.name_contract(refusal))
    }

    /// A refusal with the contract that it comes from, where there is one.
    pub(crate) fn name_contract(&self, refusal: Refusal) -> Refusal {
        match self.contract() {
            Some(contract) => refusal.with_contract(contract),
            None => refusal,
        }
    }

    /// The clauses of a restriction in the place of those of the contract: what both give at most is what the contract gives.
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
            purposes: restriction.purposes().to_owned(),
            own_purposes: restriction.own_purposes().to_vec(),
            // Its periods begin with the days of UTC, whenever a contract began.
            not_before: UtcTimestamp::EPOCH,
            not_after: UtcTimestamp::LATEST,
            ..self.clone()
        }
    }

    /// All of a dataset of our own, for our own people.
    pub(super) const fn house(schema: Digest) -> Self {
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

    /// The contract; absent for the house contract.
    #[must_use]
    pub const fn contract(&self) -> Option<ContractId> {
        self.contract
    }

    /// The schema that it was made for.
    #[must_use]
    pub const fn schema(&self) -> Digest {
        self.schema
    }

    /// Its clauses in order.
    #[must_use]
    pub fn clauses(&self) -> &[Clause] {
        &self.clauses
    }

    /// Version and digest of the purpose vocabulary that it was made with.
    #[must_use]
    pub fn purposes(&self) -> &str {
        &self.purposes
    }

    /// The provider's own purposes that its clauses use.
    #[must_use]
    pub fn own_purposes(&self) -> &[OwnPurpose] {
        &self.own_purposes
    }

    /// First instant in force, from which periods of quotas are counted.
    #[must_use]
    pub const fn not_before(&self) -> UtcTimestamp {
        self.not_before
    }

    /// First instant no longer in force.
    #[must_use]
    pub const fn not_after(&self) -> UtcTimestamp {
        self.not_after
    }

    /// The number of the first clause for which `wanted` holds.
    #[must_use]
    pub fn clause_where(&self, wanted: impl Fn(&crate::term::Term) -> bool) -> Option<ClauseId> {
        self.clauses
            .iter()
            .find(|clause| wanted(&clause.term))
            .map(|clause| clause.id)
    }
}

impl ActiveContracts {
    /// What the restrictions say in the place of the grants for which there is one: no ground for an answer, so it is supposed.
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

    /// Who asks.
    #[must_use]
    pub const fn asker(&self) -> &Requester {
        &self.asker
    }

    /// What is given, by dataset.
    #[must_use]
    pub const fn grants(&self) -> &BTreeMap<DatasetId, DatasetGrant> {
        &self.grants
    }
}
