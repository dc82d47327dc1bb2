//! Which questions one thread computes from their rows on: those whose aggregates round in between. Of several threads whichever
//! is done first goes first, and in the last digit it would show when each was done, and with that how many rows are hidden.

use datafusion_common::Result;
use datafusion_common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion_expr::{Expr, LogicalPlan};

/// What can be put together from parts in any order, and what is computed from all its values at once. Sums and averages of
/// floating-point numbers round, too: what is asked for most is computed by all threads, and differs in its last digit from
/// one time to the next.
const IN_ANY_ORDER: [&str; 16] = [
    "approx_distinct",
    "avg",
    "bit_and",
    "bit_or",
    "bit_xor",
    "bool_and",
    "bool_or",
    "count",
    "distinct_state_v1",
    "grouping",
    "max",
    "median",
    "min",
    "percentile_cont",
    "sum",
    "whole_sum",
];

/// Whether the rows of a plan are to stay together.
///
/// # Errors
/// When the plan can't be walked.
pub(super) fn is_alone(plan: &LogicalPlan) -> Result<bool> {
    let mut alone = false;
    plan.apply_with_subqueries(|node| {
        node.apply_expressions(|expr| {
            expr.apply(|part| {
                alone |= matches!(part, Expr::AggregateFunction(call) if !IN_ANY_ORDER.contains(&call.func.name()));
                Ok(stop_if(alone))
            })
        })
    })?;
    Ok(alone)
}

const fn stop_if(found: bool) -> TreeNodeRecursion {
    if found {
        TreeNodeRecursion::Stop
    } else {
        TreeNodeRecursion::Continue
    }
}
