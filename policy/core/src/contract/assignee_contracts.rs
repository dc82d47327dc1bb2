//! Contracts by assignee. A question or a page of the catalogue then does not search all contracts.

use crate::id::{ContractId, SqlIdentifier};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

/// Contracts of one assignee, or all public views.
#[derive(Debug, Clone, Default)]
pub(super) struct AssigneeContracts {
    all: BTreeSet<ContractId>,
    /// Contracts of this provider, by name of the dataset.
    ours: BTreeMap<SqlIdentifier, BTreeSet<ContractId>>,
}

impl AssigneeContracts {
    /// Empty set.
    pub(super) const fn new() -> Self {
        Self {
            all: BTreeSet::new(),
            ours: BTreeMap::new(),
        }
    }

    /// Adds a contract. `ours` is the name of its dataset where this participant is the provider.
    pub(super) fn insert(&mut self, id: ContractId, ours: Option<&SqlIdentifier>) {
        self.all.insert(id);
        if let Some(name) = ours {
            self.ours.entry(name.clone()).or_default().insert(id);
        }
    }

    /// All contracts, in the order of their identities.
    pub(super) fn contract_ids(&self) -> impl Iterator<Item = ContractId> {
        self.all.iter().copied()
    }

    /// Contracts over one dataset of this provider, in the order of their identities.
    pub(super) fn ids_for_dataset(
        &self,
        dataset: &SqlIdentifier,
    ) -> impl Iterator<Item = ContractId> {
        self.ours.get(dataset).into_iter().flatten().copied()
    }

    /// First name of a dataset after `after`, in alphabetical order, that has a contract.
    pub(super) fn dataset_after(&self, after: Option<&SqlIdentifier>) -> Option<&SqlIdentifier> {
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        let mut behind = self
            .ours
            .range::<SqlIdentifier, _>((from, Bound::Unbounded));
        behind.next().map(|(name, _)| name)
    }
}
