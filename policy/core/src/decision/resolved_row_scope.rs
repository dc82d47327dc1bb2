//! Rows of the datasets that a question covers, as resolved by the provider.

use crate::id::DatasetId;
use hansa_audit_log::time::UtcTimestamp;
use std::collections::BTreeMap;

/// Rows of the datasets that a question covers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ResolvedRowScope {
    /// Place in the log of the permit of an earlier answer that the question continues.
    pub follows: Option<u64>,
    /// For each dataset, the last publication before the covered rows.
    pub after: BTreeMap<DatasetId, String>,
    /// Instant of the state of the datasets that is read.
    pub as_of: Option<UtcTimestamp>,
}
