//! Bound of an answer: the largest amount that may have been sent while the answer's close is not recorded.
//!
//! A permit contains the bound of the first block, and each further block has a record of its own, which is durable before any part
//! of the block is sent. So the largest sent amount is known even for an answer that a crash has ended.

use serde::{Deserialize, Serialize};

/// Largest amount of an answer that may have been sent, counted from its first message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AnswerBound {
    /// Rows.
    pub rows: u64,
    /// Bytes of Arrow IPC messages, the schema included.
    pub bytes: u64,
}

impl AnswerBound {
    /// The first block, which the permit itself grants.
    pub const FIRST: Self = Self {
        rows: 8192,
        bytes: 1 << 20,
    };

    /// True if this number of rows and bytes is within the bound.
    #[must_use]
    pub const fn holds(self, rows: u64, bytes: u64) -> bool {
        rows <= self.rows && bytes <= self.bytes
    }
}
