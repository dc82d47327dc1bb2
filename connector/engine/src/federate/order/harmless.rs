//! Conditions that can be asked of other rows than the question says: they give no error.

use arrow_schema::DataType;
use datafusion::common::tree_node::TreeNode;
use datafusion::logical_expr::{BinaryExpr, Expr, Operator};

/// Whether a condition gives no error, whatever rows it is asked of.
pub(super) fn never_fails(condition: &Expr) -> bool {
    let float = |expr: &Expr| matches!(expr, Expr::Literal(value, _) if value.data_type() == DataType::Float64);
    let failing = condition.exists(|expr| {
        Ok(match expr {
            Expr::BinaryExpr(BinaryExpr { left, op, right }) => match op {
                Operator::Plus | Operator::Minus | Operator::Multiply => {
                    !(float(left) || float(right))
                }
                Operator::And | Operator::Or => false,
                other => !other.supports_propagation(),
            },
            Expr::Column(_)
            | Expr::Literal(..)
            | Expr::Not(_)
            | Expr::Like(_)
            | Expr::IsNull(_)
            | Expr::IsNotNull(_)
            | Expr::InList(_)
            | Expr::Between(_) => false,
            _ => true,
        })
    });
    !failing.unwrap_or(true)
}
