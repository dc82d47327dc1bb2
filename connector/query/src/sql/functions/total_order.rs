//! `first_value`, `last_value` and `nth_value` as aggregates. Ties in the consumer's order are decided by the value itself, the
//! smallest first. The engine would choose by row order, so the answer would reveal the position of rows and the timing of threads.

use super::exact_arithmetic::map_keeping_names;
use datafusion_common::Result;
use datafusion_common::tree_node::{Transformed, TransformedResult, TreeNode};
use datafusion_expr::expr_rewriter::NamePreserver;
use datafusion_expr::{Expr, LogicalPlan};

/// Adds the value to the order of such calls, so that the order is total. Column names do not change.
///
/// # Errors
/// An error if the plan can't be rebuilt.
pub fn totally_ordered(plan: LogicalPlan) -> Result<LogicalPlan> {
    plan.transform_up_with_subqueries(|node| {
        if !matches!(node, LogicalPlan::Aggregate(_)) {
            return Ok(Transformed::no(node));
        }
        let names = NamePreserver::new(&node);
        node.map_expressions(|expr| map_keeping_names(&names, expr, add_value_order))
    })
    .data()
}

fn add_value_order(expr: Expr) -> Result<Transformed<Expr>> {
    expr.transform_up(|part| {
        let Expr::AggregateFunction(mut call) = part else {
            return Ok(Transformed::no(part));
        };
        let name = call.func.name();
        let looks_at_order = matches!(name, "first_value" | "last_value" | "nth_value");
        // A NULL is returned only if there is no other value, at either end of the order.
        let is_last = name == "last_value";
        let by_value = call.params.args.first().cloned();
        let by_value = by_value.map(|value| value.sort(true, is_last));
        match by_value {
            Some(by_value) if looks_at_order && call.params.order_by.last() != Some(&by_value) => {
                call.params.order_by.push(by_value);
                Ok(Transformed::yes(Expr::AggregateFunction(call)))
            }
            _ => Ok(Transformed::no(Expr::AggregateFunction(call))),
        }
    })
}
