//! Contracts by who takes: neither a question nor a page of a catalogue looks through everybody's.

use crate::id::{ContractId, SqlIdentifier};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

/// What one participant takes by name, or what anybody may.
#[derive(Debug, Clone, Default)]
pub(super) struct AssigneeContracts {
    all: BTreeSet<ContractId>,
    /// Those over our own datasets, by dataset.
    ours: BTreeMap<SqlIdentifier, BTreeSet<ContractId>>,
}

impl AssigneeContracts {
    /// Nothing.
    pub(super) const fn new() -> Self {
        Self {
            all: BTreeSet::new(),
            ours: BTreeMap::new(),
        }
    }

    /// Takes in a contract, over that dataset where it is ours.
    pub(super) fn insert(&mut self, id: ContractId, ours: Option<&SqlIdentifier>) {
        self.all.insert(id);
        if let Some(name) = ours {
            self.ours.entry(name.clone()).or_default().insert(id);
        }
    }

    /// All of them, in order.
    pub(super) fn all(&self) -> impl Iterator<Item = ContractId> {
        self.all.iter().copied()
    }

    /// Those over one of our datasets, in order.
    pub(super) fn of(&self, dataset: &SqlIdentifier) -> impl Iterator<Item = ContractId> {
        self.ours.get(dataset).into_iter().flatten().copied()
    }

    /// The first of our datasets behind that name that there is one over.
    pub(super) fn dataset_after(&self, after: Option<&SqlIdentifier>) -> Option<&SqlIdentifier> {
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        let mut behind = self
            .ours
            .range::<SqlIdentifier, _>((from, Bound::Unbounded));
        behind.next().map(|(name, _)| name)
    }
}
