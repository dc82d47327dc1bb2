//! A question as it arrives, parsed.

use crate::id::{ContractId, PurposeId, RequestId};
use hansa_audit_log::time::UtcTimestamp;

/// What a peer asks: SQL under named contracts, for a declared purpose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueryRequest {
    /// The asker's identity for this question; the same one is answered once.
    pub request: RequestId,
    /// The contracts (or public views) under which it asks; each binds its dataset. At least one, at most 64.
    pub contracts: Vec<ContractId>,
    /// One SQL statement.
    pub sql: String,
    /// The declared purpose.
    pub purpose: Option<PurposeId>,
    /// About which rows.
    pub rows: RowScope,
}

/// Which rows of its datasets a question is about, by when they came.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum RowScope {
    /// All that there are.
    #[default]
    All,
    /// Those that came after the answer to this question of the same asker.
    Since(RequestId),
    /// Those that were there at this instant.
    AsOf(UtcTimestamp),
}
