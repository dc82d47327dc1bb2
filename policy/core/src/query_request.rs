//! Question of a peer, parsed.

use crate::id::{ContractId, PurposeId, RequestId};
use hansa_audit_log::time::UtcTimestamp;

/// Question of a peer: SQL under named contracts, for a declared purpose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueryRequest {
    /// Identity of the question, chosen by the asking participant. Each identity is answered once.
    pub request: RequestId,
    /// Contracts or public views under which the peer asks, each with its dataset. 1 to 64.
    pub contracts: Vec<ContractId>,
    /// Text of one SQL statement.
    pub sql: String,
    /// Declared purpose.
    pub purpose: Option<PurposeId>,
    /// Rows that the question covers.
    pub rows: RowScope,
}

/// Rows of the datasets that a question covers, by the time of their publication.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum RowScope {
    /// All rows.
    #[default]
    All,
    /// Rows published after the answer to this earlier question of the same participant.
    Since(RequestId),
    /// Rows that were published by this instant.
    AsOf(UtcTimestamp),
}
