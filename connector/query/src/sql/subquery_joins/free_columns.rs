//! Outer columns of a subquery.

use datafusion_common::arrow::datatypes::FieldRef;
use datafusion_common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion_common::{Column, Result};
use datafusion_expr::Expr;
use datafusion_expr::logical_plan::{LogicalPlan, Subquery};
use std::collections::BTreeMap;

/// Outer columns with their types.
pub(crate) type OuterColumns = BTreeMap<Column, FieldRef>;

/// Columns that a plan refers to but its own relations do not have, including references in its subqueries.
///
/// A name refers to the innermost query that has it, as in the planner.
pub(crate) fn find_outer_columns(plan: &LogicalPlan) -> Result<OuterColumns> {
    let mut found = OuterColumns::new();
    plan.apply(|node| {
        let inputs = node.inputs();
        node.apply_expressions(|expr| {
            expr.apply(|part| {
                if let Expr::OuterReferenceColumn(field, column) = part {
                    found.insert(column.clone(), field.clone());
                }
                if let Some(subquery) = subquery_of(part) {
                    for (column, field) in find_outer_columns(&subquery.subquery)? {
                        let is_own = inputs
                            .iter()
                            .any(|input| input.schema().has_column(&column));
                        if !is_own {
                            found.insert(column, field);
                        }
                    }
                }
                Ok(TreeNodeRecursion::Continue)
            })
        })
    })?;
    Ok(found)
}

/// Subquery of an expression, if it is one.
pub(crate) const fn subquery_of(expr: &Expr) -> Option<&Subquery> {
    match expr {
        Expr::Exists(exists) => Some(&exists.subquery),
        Expr::InSubquery(among) => Some(&among.subquery),
        Expr::SetComparison(comparison) => Some(&comparison.subquery),
        Expr::ScalarSubquery(subquery) => Some(subquery),
        _ => None,
    }
}

/// Checks that a node has a subquery in one of its own expressions.
pub(super) fn has_subquery(node: &LogicalPlan) -> Result<bool> {
    let mut has = false;
    node.apply_expressions(|expr| {
        has |= contains_subquery(expr)?;
        Ok(match has {
            true => TreeNodeRecursion::Stop,
            false => TreeNodeRecursion::Continue,
        })
    })?;
    Ok(has)
}

/// Checks that an expression contains a subquery.
pub(super) fn contains_subquery(expr: &Expr) -> Result<bool> {
    expr.exists(|part| {
        Ok(matches!(
            part,
            Expr::Exists(_)
                | Expr::InSubquery(_)
                | Expr::SetComparison(_)
                | Expr::ScalarSubquery(_)
        ))
    })
}
