//! Replacement values of columns.

use crate::id::SqlIdentifier;
use crate::row_filter::PolicyLiteral;
use hansa_audit_log::digest::Digest;

/// Replacement value of a masked column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MaskValue {
    /// NULL in every row.
    Null,
    /// One value in every row, of the column's type.
    Constant(PolicyLiteral),
}

/// Term 13: level of a published hierarchy that a column shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LookupTerm {
    /// Column of text or integers; it then shows text.
    pub column: SqlIdentifier,
    /// SHA-256 of the table's file.
    pub table: Digest,
    /// Name of the level's column.
    pub level: String,
}
