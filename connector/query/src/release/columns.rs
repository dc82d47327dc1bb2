//! Columns of frames, and whether two values are the same.

use datafusion::logical_expr::{Operator, binary_expr};
use datafusion_common::Column;
use datafusion_expr::{Expr, col};

/// A column by its bare name.
pub(super) fn own(name: impl Into<String>) -> Expr {
    col(Column::from_name(name))
}

/// Whether two are the same, NULL being the same as NULL.
pub(super) fn same(one: Expr, other: Expr) -> Expr {
    binary_expr(one, Operator::IsNotDistinctFrom, other)
}
