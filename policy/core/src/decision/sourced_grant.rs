//! Clauses on one dataset with whose they are: a contract's, or those of the provider's restriction beside it.

use super::restricted_contracts::RestrictedContracts;
use crate::contract::{ActiveContracts, DatasetGrant};
use crate::id::DatasetId;
use crate::refusal::{ErrorClass, ErrorCode, Refusal};
use crate::term::Clause;

/// Clauses on one dataset, with whose they are.
#[derive(Debug, Clone, Copy)]
pub(super) struct SourcedGrant<'a> {
    pub(super) source: RequirementSource,
    pub(super) dataset: &'a DatasetId,
    pub(super) grant: &'a DatasetGrant,
}

/// Whose clauses a requirement comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RequirementSource {
    /// A contract.
    Contract,
    /// The provider's restriction of the dataset.
    Restriction,
}

impl<'a> SourcedGrant<'a> {
    /// The contracts, then the restrictions, each in the order of datasets.
    pub(super) fn all(
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

    /// What a contract gives of a dataset.
    ///
    /// # Errors
    /// `DATASET_UNKNOWN` where none gives it, whether or not it exists.
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

    /// The refusal of a clause. That of a restriction says whose it is and that no amendment of the contract would help. It
    /// is in the words of the restriction, since a check of contracts speaks of the contract.
    pub(super) fn refusal(&self, clause: &Clause, why: Refusal) -> Refusal {
        if self.source == RequirementSource::Contract {
            return why;
        }
        let plain = clause.term.plain();
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

/// The refusal of a dataset that is not there for who asks.
pub(super) fn dataset_unknown(dataset: &DatasetId) -> Refusal {
    let sentence = format!("no dataset `{}`", dataset.name);
    Refusal::new(ErrorCode::DatasetUnknown, sentence)
}
