//! Monotonicity of questions: additional rows only add to the answer.

use crate::sql::functions::current_time;
use datafusion_common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion_expr::{Expr, LogicalPlan};

/// Checks that a question gives equal answers over equal rows at any time: it uses no function of the current time.
#[must_use]
pub fn is_steady(plan: &LogicalPlan) -> bool {
    holds_for_all_exprs(
        plan,
        &|expr| !matches!(expr, Expr::ScalarFunction(call) if current_time::NAMES.contains(&call.func.name())),
    )
}

/// Checks that the answer over two sets of rows is the concatenation of both answers: the question filters the rows of one dataset
/// and shows each row separately. The function contains the closed list of such nodes.
#[must_use]
pub fn is_additive(plan: &LogicalPlan) -> bool {
    let mut only = true;
    let walked = plan.apply(|node| {
        only &= matches!(
            node,
            LogicalPlan::Projection(_)
                | LogicalPlan::Filter(_)
                | LogicalPlan::SubqueryAlias(_)
                | LogicalPlan::Union(_)
                | LogicalPlan::TableScan(_)
        );
        Ok(if only {
            TreeNodeRecursion::Continue
        } else {
            TreeNodeRecursion::Stop
        })
    });
    // A subquery in an expression reads all rows of its dataset.
    only && walked.is_ok()
        && holds_for_all_exprs(plan, &|expr| {
            !matches!(
                expr,
                Expr::Exists(_)
                    | Expr::InSubquery(_)
                    | Expr::ScalarSubquery(_)
                    | Expr::SetComparison(_)
                    | Expr::AggregateFunction(_)
                    | Expr::WindowFunction(_)
                    | Expr::OuterReferenceColumn(..)
            )
        })
}

/// Checks a condition for every expression, including those in subqueries.
fn holds_for_all_exprs(plan: &LogicalPlan, holds: &dyn Fn(&Expr) -> bool) -> bool {
    let mut all = true;
    let walked = plan.apply_with_subqueries(|node| {
        node.apply_expressions(|expr| {
            expr.apply(|part| {
                all &= holds(part);
                Ok(if all {
                    TreeNodeRecursion::Continue
                } else {
                    TreeNodeRecursion::Stop
                })
            })
        })
    });
    all && walked.is_ok()
}
