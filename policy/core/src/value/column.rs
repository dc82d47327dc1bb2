//! What a column shows instead of its values.

use crate::id::SqlIdentifier;
use crate::row_filter::PolicyLiteral;
use hansa_audit_log::digest::Digest;

/// What a masked column shows instead of its values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MaskValue {
    /// NULL in every row.
    Null,
    /// One value in every row, of the column's type.
    Constant(PolicyLiteral),
}

/// Term 13: the level of a published hierarchy on which a column shows its values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LookupTerm {
    /// The column; text or integers. It shows text.
    pub column: SqlIdentifier,
    /// SHA-256 of the file of the table.
    pub table: Digest,
    /// The level, by the name of its column.
    pub level: String,
}
