//! The order of rows where a source has none that depends on the view alone.
//!
//! An answer is a function of the view as long as nothing in it tells in which order the rows came. Three ways lead there: the
//! source sorts by a key that the view shows; the leaf sorts by all columns that it gives; or, where the question itself sorts or
//! groups, only what comes out of that is put into a total order, and the rows below may come as they like.

use datafusion_common::Result;
use datafusion_common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion_expr::expr::Sort as SortExpr;
use datafusion_expr::logical_plan::Sort;
use datafusion_expr::{Expr, LogicalPlan, LogicalPlanBuilder};

/// In which order the rows of a leaf come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum RowOrder {
    /// As the source gives them.
    Any,
    /// By the columns of a key, as the source sorts them.
    Key(Vec<String>),
    /// By all columns that the leaf gives.
    Sorted,
}

/// The plan sorted by all its columns: rows that are equal in all of them can't be told apart.
pub(super) fn sort_by_all_columns(plan: LogicalPlan) -> Result<LogicalPlan> {
    let keys = all_columns(&plan);
    if keys.is_empty() {
        return Ok(plan);
    }
    LogicalPlanBuilder::from(plan).sort(keys)?.build()
}

/// The same plan with its last sorting or grouping in a total order, so that the order of rows below can't show in the answer.
/// None where the plan has neither, or where something below looks at the order of rows.
pub(super) fn fixed_above(plan: &LogicalPlan) -> Result<Option<LogicalPlan>> {
    let inputs = plan.inputs();
    match plan {
        LogicalPlan::Projection(_) | LogicalPlan::SubqueryAlias(_) | LogicalPlan::Limit(_) => {
            let [input] = inputs.as_slice() else {
                return Ok(None);
            };
            if !asks_blindly(plan)? {
                return Ok(None);
            }
            let Some(fixed) = fixed_above(input)? else {
                return Ok(None);
            };
            let plan = plan.with_new_exprs(plan.expressions(), vec![fixed])?;
            Ok(Some(plan))
        }
        LogicalPlan::Sort(sort) if is_blind_to_order(&sort.input)? => {
            let mut expr = sort.expr.clone();
            let more = all_columns(&sort.input).into_iter();
            expr.extend(more.filter(|key| !sort.expr.iter().any(|had| had.expr == key.expr)));
            Ok(Some(LogicalPlan::Sort(Sort {
                expr,
                ..sort.clone()
            })))
        }
        // One row has one order.
        LogicalPlan::Aggregate(of) if of.group_expr.is_empty() => {
            Ok(is_blind_to_order(plan)?.then(|| plan.clone()))
        }
        LogicalPlan::Aggregate(_) if is_blind_to_order(plan)? => {
            sort_by_all_columns(plan.clone()).map(Some)
        }
        _ => Ok(None),
    }
}

/// Whether the rows that come out, each as often as it does, are the same in whatever order the rows of the tables come. The
/// functions that look at an order are given a total one before ([`crate::sql::functions::total_order`]).
fn is_blind_to_order(plan: &LogicalPlan) -> Result<bool> {
    let mut blind = true;
    plan.apply(|node| {
        blind &= asks_blindly(node)?
            && match node {
                LogicalPlan::Projection(_)
                | LogicalPlan::Filter(_)
                | LogicalPlan::SubqueryAlias(_)
                | LogicalPlan::Subquery(_)
                | LogicalPlan::Join(_)
                | LogicalPlan::Aggregate(_)
                | LogicalPlan::Union(_)
                | LogicalPlan::EmptyRelation(_)
                | LogicalPlan::Values(_) => true,
                LogicalPlan::Sort(sort) => sort.fetch.is_none(),
                LogicalPlan::TableScan(scan) => scan.fetch.is_none(),
                _ => false,
            };
        Ok(if blind {
            TreeNodeRecursion::Continue
        } else {
            TreeNodeRecursion::Stop
        })
    })?;
    Ok(blind)
}

/// Whether the questions within the expressions of a node give the same in whatever order the rows of their tables come.
fn asks_blindly(node: &LogicalPlan) -> Result<bool> {
    let mut blind = true;
    node.apply_subqueries(|asked| {
        blind &= is_blind_to_order(asked)?;
        Ok(if blind {
            TreeNodeRecursion::Continue
        } else {
            TreeNodeRecursion::Stop
        })
    })?;
    Ok(blind)
}

fn all_columns(plan: &LogicalPlan) -> Vec<SortExpr> {
    let columns = plan.schema().columns().into_iter();
    columns
        .map(|column| Expr::Column(column).sort(true, false))
        .collect()
}
