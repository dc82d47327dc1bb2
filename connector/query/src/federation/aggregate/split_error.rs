//! Reason why an aggregate can't be split.

use crate::federation::movable_expr::to_bare_expr;
use datafusion::logical_expr::Expr;
use datafusion::logical_expr::expr::AggregateFunction;

/// Construct that can't be split, as the consumer wrote it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::federation) struct AggregateSplitError(pub(in crate::federation) String);

/// Aggregate call in SQL notation.
pub(in crate::federation) fn format_call(call: &AggregateFunction) -> String {
    to_bare_expr(Expr::AggregateFunction(call.clone())).to_string()
}
