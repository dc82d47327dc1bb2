//! Provider's restrictions of the datasets that contracts give. They are judged after the contract, by the same checks, and can
//! only refuse.

use crate::contract::{ActiveContracts, Requester};
use crate::id::DatasetId;
use crate::refusal::{ErrorCode, Refusal};
use crate::restriction::ProviderRestrictions;
use hansa_audit_log::digest::Digest;
use std::collections::BTreeMap;

/// Contracts with the restrictions of their datasets in place of the clauses.
#[derive(Debug)]
pub(super) struct RestrictedContracts {
    pub(super) contracts: ActiveContracts,
    /// Refusals of the restrictions that can't be read.
    pub(super) unreadable: BTreeMap<DatasetId, Refusal>,
}

impl RestrictedContracts {
    /// Restrictions of the datasets that the contracts give.
    pub(super) fn new(active: &ActiveContracts, held: &ProviderRestrictions) -> Self {
        let mut readable = BTreeMap::new();
        let mut unreadable = BTreeMap::new();
        // Users of this participant are not subject to its own restrictions.
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

    /// Readable restrictions; an unreadable one is an error.
    pub(super) fn require_readable(self) -> Result<Self, Refusal> {
        match self.unreadable.values().next() {
            None => Ok(self),
            Some(refusal) => Err(refusal.clone()),
        }
    }

    /// Digests of the documents of the restrictions under which datasets are read.
    pub(super) fn document_digests(
        &self,
        held: &ProviderRestrictions,
    ) -> BTreeMap<DatasetId, Digest> {
        let restricted = self.contracts.grants().keys();
        restricted
            .filter_map(|dataset| Some((dataset.clone(), held.get(dataset)?.document)))
            .collect()
    }
}
