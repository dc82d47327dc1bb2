//! The provider's restrictions of the datasets that contracts give: judged after the contract, by the same checks, and only
//! ever against the question.

use crate::contract::{ActiveContracts, Requester};
use crate::id::DatasetId;
use crate::refusal::{ErrorCode, Refusal};
use crate::restriction::ProviderRestrictions;
use hansa_audit_log::digest::Digest;
use std::collections::BTreeMap;

/// The restrictions in the place of the contracts of their datasets.
#[derive(Debug)]
pub(super) struct RestrictedContracts {
    pub(super) contracts: ActiveContracts,
    /// The refusals of those that can't be read.
    pub(super) unreadable: BTreeMap<DatasetId, Refusal>,
}

impl RestrictedContracts {
    /// The restrictions of the datasets that are given.
    pub(super) fn of(active: &ActiveContracts, held: &ProviderRestrictions) -> Self {
        let mut readable = BTreeMap::new();
        let mut unreadable = BTreeMap::new();
        // Our own people are under no restriction of their own.
        let own = matches!(active.asker(), Requester::House(_));
        for (dataset, grant) in active.grants().iter().filter(|_| !own) {
            match held.get(dataset).map(|held| &held.restriction) {
                None => {}
                Some(Some(restriction)) => {
                    readable.insert(dataset.clone(), restriction);
                }
                Some(None) => {
                    let sentence = format!(
                        "the provider's restriction of `{}` can't be read, so nothing of it is answered",
                        dataset.name
                    );
                    let refusal = Refusal::new(ErrorCode::DatasetRestricted, sentence);
                    unreadable.insert(dataset.clone(), grant.name_contract(refusal));
                }
            }
        }
        Self {
            contracts: active.with_restrictions(&readable),
            unreadable,
        }
    }

    /// These, where a restriction that can't be read is an error at once.
    pub(super) fn readable(self) -> Result<Self, Refusal> {
        match self.unreadable.values().next() {
            None => Ok(self),
            Some(refusal) => Err(refusal.clone()),
        }
    }

    /// The restrictions under which datasets are read, by the digests of their documents.
    pub(super) fn documents(&self, held: &ProviderRestrictions) -> BTreeMap<DatasetId, Digest> {
        let restricted = self.contracts.grants().keys();
        restricted
            .filter_map(|dataset| Some((dataset.clone(), held.get(dataset)?.document)))
            .collect()
    }
}
