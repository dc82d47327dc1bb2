//! Expressions that can't fail on any row, and can therefore be evaluated on more rows than the question says.

use arrow_schema::DataType;
use datafusion::common::DFSchema;
use datafusion::common::tree_node::TreeNode;
use datafusion::logical_expr::{BinaryExpr, Expr, ExprSchemable, Operator};

/// Checks that an expression over these columns can't fail: comparisons and floating-point arithmetic, which never overflows with
/// an error and permits division by zero.
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
