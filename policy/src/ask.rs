//! A question as it arrives, parsed.

use crate::id::{ContractId, PurposeId, RequestId};

/// What a peer asks: SQL under named contracts, for a declared purpose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ask {
    /// The asker's identity for this question; the same one is answered once.
    pub request: RequestId,
    /// The contracts (or public views) under which it asks; each binds its dataset. At least one, at most 64.
    pub contracts: Vec<ContractId>,
    /// One SQL statement.
    pub sql: String,
    /// The declared purpose.
    pub purpose: Option<PurposeId>,
}
