//! The bound of an answer: what may have left of it, at most, while its close is not recorded.
//!
//! A permit carries the bound of the first block, and each further block a record of its own, which is durable before
//! anything of the block leaves. So also of an answer that a crash has ended it is known how much left at most.

use crate::json::Json;
use crate::record::Record;

/// The most that may have left of an answer from its first message on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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

    /// The member of a record that holds it.
    pub const MEMBER: &'static str = "at_most";

    /// The bound that a record names; none where it names none.
    #[must_use]
    pub fn of(record: &Record) -> Option<Self> {
        Self::in_body(&record.body)
    }

    /// The bound within the body of a record; none where it names none.
    #[must_use]
    pub fn in_body(body: &Json) -> Option<Self> {
        let bound = body.get(Self::MEMBER)?;
        Some(Self {
            rows: bound.get("rows")?.as_count()?,
            bytes: bound.get("bytes")?.as_count()?,
        })
    }

    /// The member of a record that names it.
    #[must_use]
    pub fn member(self) -> (&'static str, Json) {
        let bound = Json::object([
            ("rows", Json::count(self.rows)),
            ("bytes", Json::count(self.bytes)),
        ]);
        (Self::MEMBER, bound)
    }

    /// Says whether so many rows and bytes lie within it.
    #[must_use]
    pub const fn holds(self, rows: u64, bytes: u64) -> bool {
        rows <= self.rows && bytes <= self.bytes
    }
}
