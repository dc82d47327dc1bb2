//! The options and limits of a question over several participants.

use crate::limits::QueryResourceLimits;
use hansa_catalog::dataset::DatasetKind;
use hansa_policy::id::{ContractId, PurposeId};
use std::collections::BTreeSet;

/// How somebody wants to ask.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct QueryOptions {
    /// The declared purpose; it holds for the whole question.
    pub purpose: Option<PurposeId>,
    /// The contracts that are named: each binds its dataset, and one that no table of the question is under refuses it.
    pub contracts: Vec<ContractId>,
    /// They are named for several questions of which this is one: it need not use them all.
    pub among_several: bool,
    /// The kinds of datasets that a model takes; empty: its own.
    pub kinds: BTreeSet<DatasetKind>,
    /// Accept an answer that lacks participants: the rows of one that fails before its first row count as none, wherever
    /// the question uses them; whoever gives keys to others is read to its end before. One that fails later fails the
    /// question, and so do all together.
    pub partial: bool,
    /// The texts for participants must be the same whenever it is asked, as for a question that is followed: so no keys of
    /// one participant go into the text for another.
    pub settled: bool,
}

/// What a question may use here, and each of its remote queries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FederatedQueryLimits {
    /// The whole question.
    pub limits: QueryResourceLimits,
    /// The most rows that one remote query may bring.
    pub remote_query_rows: u64,
    /// The most bytes that one remote query may bring.
    pub remote_query_bytes: u64,
    /// How often a remote query is sent again that failed on the way before its first row.
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
