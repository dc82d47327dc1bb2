//! Column expressions, and a comparison in which NULL equals NULL.

use datafusion::logical_expr::{Operator, binary_expr};
use datafusion_common::Column;
use datafusion_expr::{Expr, col};

/// Column with this bare name.
pub(super) fn bare_column(name: impl Into<String>) -> Expr {
    col(Column::from_name(name))
}

/// Equality in which NULL equals NULL.
pub(super) fn null_safe_equality(one: Expr, other: Expr) -> Expr {
    binary_expr(one, Operator::IsNotDistinctFrom, other)
}
