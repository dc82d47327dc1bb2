//! A text of SQL that means what was meant, or why there is none.

use arrow_schema::SchemaRef;

/// A text that means what was meant.
#[derive(Debug, Clone)]
pub(in crate::federation) struct VerifiedSql {
    /// One SELECT.
    pub(in crate::federation) sql: String,
    /// What it returns.
    pub(in crate::federation) schema: SchemaRef,
}

/// Why no text was written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` can't be written as SQL that reads back the same")]
pub(in crate::federation) struct UnsupportedExpr(pub(in crate::federation) String);
