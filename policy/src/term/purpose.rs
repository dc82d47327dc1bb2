//! Term 4: the declared purpose is one of those named, or narrower.

use crate::id::PurposeId;
use std::collections::BTreeMap;

/// The tree of purposes: each has at most a few parents. Pinned by version and digest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taxonomy {
    /// Version and digest, `2.1:sha256:…`, as it stands in contracts.
    pub label: String,
    /// Each purpose with its direct parents.
    pub parents: BTreeMap<PurposeId, Vec<PurposeId>>,
}
