//! The bound of an answer: what may have left of it, at most, while its close is not recorded.
//!
//! A permit carries the bound of the first block, and each further block a record of its own, which is durable before
//! anything of the block leaves. So also of an answer that a crash has ended it is known how much left at most.

use serde::{Deserialize, Serialize};

/// The most that may have left of an answer from its first message on.
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

    /// Says whether so many rows and bytes lie within it.
    #[must_use]
    pub const fn holds(self, rows: u64, bytes: u64) -> bool {
        rows <= self.rows && bytes <= self.bytes
    }
}
