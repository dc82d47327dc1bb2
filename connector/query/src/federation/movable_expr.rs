//! Expressions that may be evaluated elsewhere, and the substitution of their columns.

use datafusion::common::DFSchema;
use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::logical_expr::Expr;

/// Replaces each column of `schema` by the expression at its index.
pub(super) fn substitute_columns(expr: Expr, schema: &DFSchema, by: &[Expr]) -> Option<Expr> {
    let mut whole = true;
    let replaced = expr
        .transform_down(|node| {
            let Expr::Column(column) = &node else {
                return Ok(Transformed::no(node));
            };
            let found = schema
                .maybe_index_of_column(column)
                .and_then(|index| by.get(index));
            match found {
                Some(other) => Ok(Transformed::new(
                    other.clone(),
                    true,
                    TreeNodeRecursion::Jump,
                )),
                None => {
                    whole = false;
                    Ok(Transformed::new(node, false, TreeNodeRecursion::Stop))
                }
            }
        })
        .ok()?;
    whole.then(|| replaced.data.unalias_nested().data)
}

/// Removes qualifiers and aliases from an expression.
pub(super) fn to_bare_expr(expr: Expr) -> Expr {
    datafusion::logical_expr::expr_rewriter::unnormalize_col(expr)
        .unalias_nested()
        .data
}

/// Checks that an expression may be evaluated elsewhere: it is deterministic and depends on nothing but its columns.
pub(super) fn is_movable(expr: &Expr) -> bool {
    let bound = expr
        .exists(|node| {
            Ok(node.is_volatile_node()
                || matches!(
                    node,
                    Expr::ScalarSubquery(_)
                        | Expr::InSubquery(_)
                        | Expr::Exists(_)
                        | Expr::SetComparison(_)
                        | Expr::OuterReferenceColumn(..)
                        | Expr::WindowFunction(_)
                        | Expr::GroupingSet(_)
                        | Expr::Placeholder(_)
                        | Expr::Unnest(_)
                        | Expr::ScalarVariable(..)
                        | Expr::HigherOrderFunction(_)
                        | Expr::Lambda(_)
                        | Expr::LambdaVariable(_)
                ))
        })
        .unwrap_or(true);
    !bound
}

pub(super) fn remove_alias(expr: Expr) -> Expr {
    match expr {
        Expr::Alias(alias) => remove_alias(*alias.expr),
        other => other,
    }
}
