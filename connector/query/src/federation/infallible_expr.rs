//! Expressions that can be asked of other rows than the question says: they give no error, whatever these hold.

use arrow_schema::DataType;
use datafusion::common::DFSchema;
use datafusion::common::tree_node::TreeNode;
use datafusion::logical_expr::{BinaryExpr, Expr, ExprSchemable, Operator};

/// Whether an expression over these columns gives no error: comparisons, and arithmetic of floating-point numbers, which
/// neither ends at a limit of its type nor at a zero.
pub(super) fn never_fails(expr: &Expr, schema: &DFSchema) -> bool {
    let float = |expr: &Expr| matches!(expr.get_type(schema), Ok(DataType::Float64));
    let failing = expr.exists(|expr| {
        Ok(match expr {
            Expr::BinaryExpr(BinaryExpr { left, op, right }) => match op {
                Operator::Plus | Operator::Minus | Operator::Multiply => {
                    !(float(left) && float(right))
                }
                Operator::And
                | Operator::Or
                | Operator::Eq
                | Operator::NotEq
                | Operator::Lt
                | Operator::LtEq
                | Operator::Gt
                | Operator::GtEq
                | Operator::IsDistinctFrom
                | Operator::IsNotDistinctFrom => false,
                _ => true,
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
