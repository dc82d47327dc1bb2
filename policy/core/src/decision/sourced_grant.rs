//! Clauses on one dataset with their source: a contract or the provider's restriction.

use super::restricted_contracts::RestrictedContracts;
use crate::contract::{ActiveContracts, DatasetGrant};
use crate::id::DatasetId;
use crate::refusal::{ErrorClass, ErrorCode, Refusal};
use crate::term::Clause;

/// Clauses on one dataset, with their source.
#[derive(Debug, Clone, Copy)]
pub(super) struct SourcedGrant<'a> {
    pub(super) source: RequirementSource,
    pub(super) dataset: &'a DatasetId,
    pub(super) grant: &'a DatasetGrant,
}

/// Source of the clauses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RequirementSource {
    /// A contract.
    Contract,
    /// The provider's restriction of the dataset.
    Restriction,
}

impl<'a> SourcedGrant<'a> {
    /// Grants of the contracts, then of the restrictions, each in the order of datasets.
    pub(super) fn list_grants(
        active: &'a ActiveContracts,
        restricted: &'a RestrictedContracts,
    ) -> impl Iterator<Item = Self> {
        let contracts = active.grants().iter();
        let contracts = contracts.map(|given| (RequirementSource::Contract, given));
        let restrictions = restricted.contracts.grants().iter();
        let restrictions = restrictions.map(|given| (RequirementSource::Restriction, given));
        let all = contracts.chain(restrictions);
        all.map(|(source, (dataset, grant))| Self {
            source,
            dataset,
            grant,
        })
    }

    /// Grant of a contract for a dataset.
    ///
    /// # Errors
    /// `DATASET_UNKNOWN` where no contract gives the dataset, whether or not it exists.
    pub(super) fn of_contract(
        active: &'a ActiveContracts,
        dataset: &'a DatasetId,
    ) -> Result<Self, Refusal> {
        let grant = active.grants().get(dataset);
        Ok(Self {
            source: RequirementSource::Contract,
            dataset,
            grant: grant.ok_or_else(|| dataset_unknown(dataset))?,
        })
    }

    /// Refusal by a clause. For a restriction, the refusal names the restriction and says that an amendment of the contract would
    /// not help.
    /// Its text is rewritten, since the check's own text speaks of a contract.
    pub(super) fn clause_refusal(&self, clause: &Clause, why: Refusal) -> Refusal {
        if self.source == RequirementSource::Contract {
            return why;
        }
        let plain = clause.term.to_english();
        let (name, owner) = (&self.dataset.name, self.dataset.owner.domain());
        let refusal = match why.code.kind() {
            ErrorClass::Exhausted => {
                let sentence =
                    format!("by the provider's restriction of `{name}` {}", why.sentence);
                let help = why.help.first().cloned();
                Refusal::new(why.code, sentence).with_help(help.unwrap_or_default())
            }
            _ => {
                let sentence = format!(
                    "the provider's restriction of `{name}` refuses it, whatever the contract permits: {plain}"
                );
                Refusal::new(ErrorCode::DatasetRestricted, sentence)
                    .with_help(format!("ask {owner} when the restriction will be lifted"))
            }
        };
        self.grant
            .name_contract(refusal.with_clause(clause.id, plain))
    }
}

/// Refusal for a dataset that does not exist for the caller.
pub(super) fn dataset_unknown(dataset: &DatasetId) -> Refusal {
    let sentence = format!("no dataset `{}`", dataset.name);
    Refusal::new(ErrorCode::DatasetUnknown, sentence)
}
