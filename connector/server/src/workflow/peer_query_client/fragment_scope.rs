//! Which rows a messenger asks for, and what came of each part.

use super::PeerQueryClient;
use hansa_audit_log::time::UtcTimestamp;
use hansa_policy::id::RequestId;
use hansa_policy::query_request::RowScope;
use hansa_query::federation::remote_query::RemoteQuery;
use std::collections::BTreeMap;
use std::sync::{MutexGuard, PoisonError};

/// What came of an errand, by its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FragmentResult {
    /// The request to which it was given.
    pub(crate) request: RequestId,
    /// Nothing is new since the one before.
    pub(crate) quiet: bool,
}

/// Which rows a question is about, part by part.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) enum FragmentRowScope {
    /// All.
    #[default]
    All,
    /// Those that came since the answer of each part, by the number of the errand; all of a part that is not named.
    Since(BTreeMap<usize, RequestId>),
    /// Those that were there at this instant.
    AsOf(UtcTimestamp),
}

impl PeerQueryClient {
    /// The same, asking for these rows alone.
    pub(crate) fn about(mut self, about: FragmentRowScope) -> Self {
        self.row_scope = about;
        self
    }

    /// What came of each errand that was answered.
    pub(crate) fn came(&self) -> BTreeMap<usize, FragmentResult> {
        self.held().clone()
    }

    pub(super) fn held(&self) -> MutexGuard<'_, BTreeMap<usize, FragmentResult>> {
        self.fragment_results
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn rows(&self, errand: &RemoteQuery) -> RowScope {
        match &self.row_scope {
            FragmentRowScope::All => RowScope::All,
            FragmentRowScope::AsOf(at) => RowScope::AsOf(*at),
            FragmentRowScope::Since(parts) => match parts.get(&errand.number) {
                Some(request) => RowScope::Since(*request),
                None => RowScope::All,
            },
        }
    }
}
