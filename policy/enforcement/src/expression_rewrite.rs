//! Rewriting of expressions in a whole plan.

use datafusion_common::Result;
use datafusion_common::tree_node::{Transformed, TransformedResult, TreeNode};
use datafusion_expr::expr_rewriter::NamePreserver;
use datafusion_expr::{Expr, LogicalPlan};

/// Plan with `change` applied to its expressions, from the leaves up, with subqueries. Column names are kept.
///
/// # Errors
/// An error of `change`, or of the reconstruction of the plan.
pub fn rewrite_expressions(
    plan: LogicalPlan,
    change: impl Fn(Expr) -> Result<Transformed<Expr>>,
) -> Result<LogicalPlan> {
    plan.transform_up_with_subqueries(|node| {
        let names = NamePreserver::new(&node);
        node.map_expressions(|expr| {
            let name = names.save(&expr);
            let done = expr.transform_up(&change)?;
            Ok(if done.transformed {
                done.update_data(|expr| name.restore(expr))
            } else {
                done
            })
        })
    })
    .data()
}
