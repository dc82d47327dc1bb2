//! The outer columns that a subquery names.

use datafusion_common::arrow::datatypes::FieldRef;
use datafusion_common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion_common::{Column, Result};
use datafusion_expr::Expr;
use datafusion_expr::logical_plan::{LogicalPlan, Subquery};
use std::collections::BTreeMap;

/// Outer columns with their types.
pub(crate) type OuterColumns = BTreeMap<Column, FieldRef>;

/// The columns that a plan names and none of its own relations has, those in its subqueries included.
///
/// A name belongs to the nearest query that has it, as the planner reads it.
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

/// The subquery that an expression is, if it is one.
pub(crate) const fn subquery_of(expr: &Expr) -> Option<&Subquery> {
    match expr {
        Expr::Exists(exists) => Some(&exists.subquery),
        Expr::InSubquery(among) => Some(&among.subquery),
        Expr::SetComparison(comparison) => Some(&comparison.subquery),
        Expr::ScalarSubquery(subquery) => Some(subquery),
        _ => None,
    }
}

/// True if a node itself has a subquery in one of its expressions.
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

/// True if an expression has a subquery in it.
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
