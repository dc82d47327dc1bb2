//! Changes parts of expressions all over a plan.

use datafusion_common::Result;
use datafusion_common::tree_node::{Transformed, TransformedResult, TreeNode};
use datafusion_expr::expr_rewriter::NamePreserver;
use datafusion_expr::{Expr, LogicalPlan};

/// The plan with parts of its expressions changed, from the leaves up, in sub-queries too; names of columns stay.
///
/// # Errors
/// That of `change`, or when the plan can't be put together again.
pub fn rewritten(
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
