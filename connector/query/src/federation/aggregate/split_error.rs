//! Why an aggregate stays here.

use crate::federation::movable_expr::bare;
use datafusion::logical_expr::Expr;
use datafusion::logical_expr::expr::AggregateFunction;

/// Why an aggregate stays here: the construct, as the asker wrote it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::federation) struct AggregateSplitError(pub(in crate::federation) String);

/// A call as people write it.
pub(in crate::federation) fn format_call(call: &AggregateFunction) -> String {
    bare(Expr::AggregateFunction(call.clone())).to_string()
}
