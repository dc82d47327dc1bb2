//! Which rows a messenger asks for, and what came of each part.

use hansa_audit_log::time::UtcTimestamp;
use hansa_policy::id::RequestId;
use std::collections::BTreeMap;

/// What came of a remote query, by its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FragmentResult {
    /// The request to which it was given.
    pub request: RequestId,
    /// Nothing is new since the one before.
    pub(crate) quiet: bool,
}

/// Which rows a question is about, part by part.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) enum FragmentRowScope {
    /// All.
    #[default]
    All,
    /// Those that came since the answer of each part, by the number of the remote query; all of a part that is not named.
    Since(BTreeMap<usize, RequestId>),
    /// Those that were there at this instant.
    AsOf(UtcTimestamp),
}
