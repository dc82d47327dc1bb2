//! What a question does with rows that come: whether more of them make more of its answer, and nothing else.

use crate::sql::functions::current_time;
use datafusion_common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion_expr::{Expr, LogicalPlan};

/// Whether it answers the same over the same rows at any time: it names no function of the moment.
#[must_use]
pub fn is_steady(plan: &LogicalPlan) -> bool {
    everywhere(
        plan,
        &|expr| !matches!(expr, Expr::ScalarFunction(call) if current_time::NAMES.contains(&call.func.name())),
    )
}

/// Whether its answer over some rows and others together is what it answers over each: it takes rows of one dataset after the other,
/// leaves some out, and shows each as it is. The closed list of nodes of which that holds.
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
    // A sub-query in an expression looks at all rows of its dataset.
    only && walked.is_ok()
        && everywhere(plan, &|expr| {
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

/// Whether something holds of every expression, also within sub-queries.
fn everywhere(plan: &LogicalPlan, holds: &dyn Fn(&Expr) -> bool) -> bool {
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
