//! Row scope of each part of a question, and the result of each part.

use hansa_audit_log::time::UtcTimestamp;
use hansa_policy::id::RequestId;
use std::collections::BTreeMap;

/// Result of a remote query.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FragmentResult {
    /// Request that was answered.
    pub request: RequestId,
    /// True if no rows came since the earlier answer.
    pub(crate) quiet: bool,
}

/// Row scope of a question, by part.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) enum FragmentRowScope {
    /// All rows.
    #[default]
    All,
    /// Rows since an earlier answer, by the number of the remote query. Parts that are not named get all rows.
    Since(BTreeMap<usize, RequestId>),
    /// Rows at an instant.
    AsOf(UtcTimestamp),
}
