//! Which rows of its datasets a question is about, once that is settled.

use crate::id::DatasetId;
use hansa_audit_log::time::UtcTimestamp;
use std::collections::BTreeMap;

/// Which rows of its datasets a question is about.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ResolvedRowScope {
    /// It goes on from the answer whose permit is this record.
    pub follows: Option<u64>,
    /// Of these datasets, the rows alone that came after this publication.
    pub after: BTreeMap<DatasetId, String>,
    /// Those that were there at this instant.
    pub as_of: Option<UtcTimestamp>,
}
