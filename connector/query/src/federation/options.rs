//! Options and limits of a question over several participants.

use crate::limits::QueryResourceLimits;
use hansa_catalog::dataset::DatasetKind;
use hansa_policy::id::{ContractId, PurposeId};
use std::collections::BTreeSet;

/// Options of a question.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct QueryOptions {
    /// Declared purpose of the whole question.
    pub purpose: Option<PurposeId>,
    /// Named contracts. Each binds its dataset; the question is refused if it uses no table under one of them.
    pub contracts: Vec<ContractId>,
    /// Set if the contracts are named for several questions. One question then need not use all of them.
    pub among_several: bool,
    /// Dataset kinds that a model includes. If empty, the model's own kind.
    pub kinds: BTreeSet<DatasetKind>,
    /// Permission for an answer that lacks participants. A participant that fails before its first row counts as having no rows,
    /// and a key source is read to its end first. A later failure fails the question, and so does a failure of all participants.
    pub partial: bool,
    /// Requirement of equal texts for participants at each run, as for a question that is followed. No keys of one participant then
    /// go into the text for another.
    pub settled: bool,
}

/// Limits of a question and of each of its remote queries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FederatedQueryLimits {
    /// Limits of the whole question.
    pub limits: QueryResourceLimits,
    /// Maximum rows of one remote query.
    pub remote_query_rows: u64,
    /// Maximum bytes of one remote query.
    pub remote_query_bytes: u64,
    /// Number of retries of a remote query after a connection failure before its first row.
    pub retries: u32,
}

impl Default for FederatedQueryLimits {
    fn default() -> Self {
        Self {
            limits: QueryResourceLimits {
                partitions: 2,
                ..QueryResourceLimits::default()
            },
            remote_query_rows: 1_000_000_000,
            remote_query_bytes: 64 << 30,
            retries: 1,
        }
    }
}
