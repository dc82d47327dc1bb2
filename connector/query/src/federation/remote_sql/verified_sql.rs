//! Verified SQL text, or the reason why there is none.

use arrow_schema::SchemaRef;

/// SQL text with the intended meaning.
#[derive(Debug, Clone)]
pub(in crate::federation) struct VerifiedSql {
    /// One SELECT.
    pub(in crate::federation) sql: String,
    /// Output schema.
    pub(in crate::federation) schema: SchemaRef,
}

/// Reason why no text was written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` can't be written as SQL that reads back the same")]
pub(in crate::federation) struct UnsupportedExpr(pub(in crate::federation) String);
