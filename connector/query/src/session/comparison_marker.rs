//! Protection of comparisons from an optimizer fault. The optimizer merges comparisons of a value as if it were never NULL: `v IN
//! (1) AND v IN (2)` becomes false, `v NOT IN (1) OR v NOT IN (2)` becomes true, and NULLs in a list count as values (DataFusion
//! 55.2). Where the fault is visible, each comparison is marked during the optimisation, so that no two comparisons have an equal
//! operand.

use crate::session::projection_marker::projection_mark;
use crate::sql::functions::exact_arithmetic::map_keeping_names;
use datafusion_common::Result;
use datafusion_common::tree_node::{Transformed, TransformedResult, TreeNode};
use datafusion_expr::expr::InList;
use datafusion_expr::expr_rewriter::NamePreserver;
use datafusion_expr::{BinaryExpr, Expr, LogicalPlan, Operator};
use std::cell::Cell;

/// Marks such comparisons in a plan. `projection_marker::remove_projection_marks` removes the marks.
///
/// # Errors
/// An error if the plan can't be rebuilt.
pub(crate) fn mark_comparisons(plan: LogicalPlan) -> Result<LogicalPlan> {
    let marker = ComparisonMarker::default();
    plan.transform_up_with_subqueries(|node| {
        let place = match &node {
            LogicalPlan::Filter(_) | LogicalPlan::Join(_) => ComparisonPlace::Condition,
            _ => ComparisonPlace::Value,
        };
        let names = NamePreserver::new(&node);
        node.map_expressions(|expr| {
            map_keeping_names(&names, expr, |expr| marker.mark_in(expr, place))
        })
    })
    .data()
}

/// Marks such comparisons in an expression. `projection_marker::unmarked_expr` removes the marks.
///
/// # Errors
/// An error if the expression can't be rebuilt.
pub(crate) fn mark_expr(expr: Expr) -> Result<Expr> {
    let marker = ComparisonMarker::default();
    marker.mark_in(expr, ComparisonPlace::Value).data()
}

/// Context of a comparison, which determines the meaning of NULL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ComparisonPlace {
    /// Condition of a filter or a join, which must be true.
    Condition,
    /// Operand of OR in such a condition: NULL has the effect of false.
    Alternative,
    /// Value: NULL, false and true differ.
    Value,
}

#[derive(Debug, Default)]
struct ComparisonMarker {
    next: Cell<usize>,
}

impl ComparisonMarker {
    fn mark_in(&self, expr: Expr, place: ComparisonPlace) -> Result<Transformed<Expr>> {
        match expr {
            Expr::BinaryExpr(BinaryExpr {
                left,
                op: op @ (Operator::And | Operator::Or),
                right,
            }) => {
                let place = match (op, place) {
                    (Operator::Or, ComparisonPlace::Condition) => ComparisonPlace::Alternative,
                    _ => place,
                };
                let left = self.mark_in(*left, place)?;
                let right = self.mark_in(*right, place)?;
                let any = left.transformed || right.transformed;
                let both = BinaryExpr::new(Box::new(left.data), op, Box::new(right.data));
                Ok(Transformed::new_transformed(Expr::BinaryExpr(both), any))
            }
            Expr::InList(mut list) => {
                if is_safe(&list, place) {
                    return Ok(Transformed::no(Expr::InList(list)));
                }
                list.expr = Box::new(self.mark_expression(*list.expr)?);
                Ok(Transformed::yes(Expr::InList(list)))
            }
            // Equality that the optimizer combines with others under OR to a list.
            Expr::BinaryExpr(BinaryExpr {
                left,
                op: Operator::Eq,
                right,
            }) if place == ComparisonPlace::Value && compares_value(&left, &right) => {
                let (left, right) = match matches!(*left, Expr::Literal(_, _)) {
                    true => (*left, self.mark_expression(*right)?),
                    false => (self.mark_expression(*left)?, *right),
                };
                Ok(Transformed::yes(left.eq(right)))
            }
            other => other.map_children(|part| self.mark_in(part, ComparisonPlace::Value)),
        }
    }

    fn mark_expression(&self, expr: Expr) -> Result<Expr> {
        let expr = self.mark_in(expr, ComparisonPlace::Value)?.data;
        self.next.set(self.next.get().saturating_add(1));
        Ok(projection_mark(self.next.get()).call(vec![expr]))
    }
}

/// Checks that the optimizer's change of a list is not visible.
fn is_safe(list: &InList, place: ComparisonPlace) -> bool {
    let of_values = list
        .list
        .iter()
        .all(|item| matches!(item, Expr::Literal(value, _) if !value.is_null()));
    of_values
        && match place {
            ComparisonPlace::Condition => true,
            ComparisonPlace::Alternative => !list.negated,
            ComparisonPlace::Value => false,
        }
}

/// Checks that one side is a column and the other a constant.
const fn compares_value(left: &Expr, right: &Expr) -> bool {
    matches!(
        (left, right),
        (Expr::Column(_), Expr::Literal(_, _)) | (Expr::Literal(_, _), Expr::Column(_))
    )
}
