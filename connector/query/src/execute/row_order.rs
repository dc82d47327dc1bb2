//! Row order for sources whose own order does not depend on the view alone.
//!
//! An answer is a function of the view if it does not reveal the source's row order. There are three methods: the source sorts by a
//! key that the view shows; the leaf sorts by all its output columns; or, if the question sorts or groups, the result of that step
//! gets a total order, and the rows below it may have any order.

use datafusion_common::Result;
use datafusion_common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion_expr::expr::Sort as SortExpr;
use datafusion_expr::logical_plan::Sort;
use datafusion_expr::{Expr, LogicalPlan, LogicalPlanBuilder};

/// Required order of the rows of a leaf.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum RowOrder {
    /// Order of the source.
    Any,
    /// Order by the key columns, sorted by the source.
    Key(Vec<String>),
    /// Order by all output columns of the leaf.
    Sorted,
}

/// Sorts the plan by all its columns. Rows that are equal in all columns are indistinguishable.
pub(super) fn sort_by_all_columns(plan: LogicalPlan) -> Result<LogicalPlan> {
    let keys = all_columns(&plan);
    if keys.is_empty() {
        return Ok(plan);
    }
    LogicalPlanBuilder::from(plan).sort(keys)?.build()
}

/// Gives the last sort or aggregation of a plan a total order, so that the order of rows below it is invisible in the answer.
/// Returns `None` if the plan has neither, or if a node below depends on row order.
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
        // A single row has only one order.
        LogicalPlan::Aggregate(of) if of.group_expr.is_empty() => {
            Ok(is_blind_to_order(plan)?.then(|| plan.clone()))
        }
        LogicalPlan::Aggregate(_) if is_blind_to_order(plan)? => {
            sort_by_all_columns(plan.clone()).map(Some)
        }
        _ => Ok(None),
    }
}

/// Checks that the result rows, as a multiset, do not depend on the row order of the tables. Order-sensitive functions get a total
/// order before ([`crate::sql::functions::total_order`]).
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

/// Checks that the results of subqueries in the expressions of a node do not depend on the row order of their tables.
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
