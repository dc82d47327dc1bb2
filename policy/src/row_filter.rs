//! The row filter of a contract: a small language without functions, so that evaluating it can't fail.
//!
//! Grammar (term 8): columns, literals, `= <> < <= > >=`, `IN`, `BETWEEN`, `IS [NOT] NULL`, `AND`, `OR`, `NOT`.
//! A row for which the filter is NULL is hidden. `{{consumer}}` stands for the identity of the asking participant and is
//! bound as a typed literal (term 9), never by replacing text.

use crate::id::Name;

/// A condition on one row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RowFilter {
    /// `column op operand`
    Compare {
        /// The column.
        column: Name,
        /// The comparison.
        op: Comparison,
        /// What it is compared with.
        with: Operand,
    },
    /// `column IN (…)` or `NOT IN`
    In {
        /// The column.
        column: Name,
        /// Whether it is `NOT IN`.
        negated: bool,
        /// The list; not empty.
        list: Vec<Operand>,
    },
    /// `column BETWEEN low AND high`, both ends included
    Between {
        /// The column.
        column: Name,
        /// Whether it is `NOT BETWEEN`.
        negated: bool,
        /// Lower end.
        low: Operand,
        /// Upper end.
        high: Operand,
    },
    /// `column IS NULL` or `IS NOT NULL`
    IsNull {
        /// The column.
        column: Name,
        /// Whether it is `IS NOT NULL`.
        negated: bool,
    },
    /// All of them; at least two.
    And(Vec<RowFilter>),
    /// Any of them; at least two.
    Or(Vec<RowFilter>),
    /// The opposite.
    Not(Box<RowFilter>),
}

/// A comparison operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    /// `=`
    Eq,
    /// `<>`
    NotEq,
    /// `<`
    Lt,
    /// `<=`
    LtEq,
    /// `>`
    Gt,
    /// `>=`
    GtEq,
}

/// The right side of a comparison.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Operand {
    /// A literal; its type must be that of the column, dates and instants are written as text.
    Literal(Literal),
    /// `{{consumer}}`: the domain of the asking participant, or the tenant that the provider maps it to.
    Consumer,
}

/// A literal in a policy. No floating point: decimals keep their text.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Literal {
    /// Text, also for dates (`2026-01-31`) and instants (RFC 3339).
    Text(String),
    /// An integer.
    Int(i64),
    /// A decimal number, as written.
    Decimal(String),
    /// True or false.
    Bool(bool),
}
