//! Operators whose meaning depends on the types beside them.

use crate::sql::{decimal_types, functions};
use datafusion::arrow::datatypes::{DataType, TimeUnit};
use datafusion::sql::sqlparser::ast::BinaryOperator;
use datafusion_common::{DFSchema, Result, plan_err};
use datafusion_expr::planner::{ExprPlanner, PlannerResult, RawBinaryExpr};
use datafusion_expr::{Expr, ExprSchemable, Operator, cast};

/// Plans operators as PostgreSQL reads them, where the engine reads them in another way.
///
/// A decimal beside another number is computed exactly or as a floating-point number ([`decimal_types`]).
///
/// A day and an interval make an instant without a zone: the engine cuts it down to a day again (DataFusion 55.2).
#[derive(Debug)]
pub(super) struct OperatorPlanner;

impl ExprPlanner for OperatorPlanner {
    fn plan_binary_op(
        &self,
        mut expr: RawBinaryExpr,
        schema: &DFSchema,
    ) -> Result<PlannerResult<RawBinaryExpr>> {
        let kinds = (expr.left.get_type(schema), expr.right.get_type(schema));
        let (Ok(left), Ok(right)) = kinds else {
            return Ok(PlannerResult::Original(expr));
        };
        match expr.op {
            BinaryOperator::Plus | BinaryOperator::Minus
                if is_day(&left) && is_interval(&right) =>
            {
                expr.left = midnight(expr.left);
            }
            BinaryOperator::Plus if is_interval(&left) && is_day(&right) => {
                expr.right = midnight(expr.right);
            }
            _ => {}
        }
        if let Some(op) = arithmetic(&expr.op) {
            [expr.left, expr.right] =
                decimal_types::arithmetic_operands([expr.left, expr.right], op, schema)?;
        }
        Ok(PlannerResult::Original(expr))
    }
}

/// Plans calls with a syntax of their own as calls of the functions of the list: the engine's planners take its own functions, which
/// have other bounds and other results.
#[derive(Debug)]
pub(super) struct CallPlanner;

impl ExprPlanner for CallPlanner {
    fn plan_extract(&self, args: Vec<Expr>) -> Result<PlannerResult<Vec<Expr>>> {
        call("date_part", args)
    }

    fn plan_position(&self, args: Vec<Expr>) -> Result<PlannerResult<Vec<Expr>>> {
        call("strpos", args)
    }

    fn plan_substring(&self, args: Vec<Expr>) -> Result<PlannerResult<Vec<Expr>>> {
        call("substr", args)
    }

    fn plan_overlay(&self, args: Vec<Expr>) -> Result<PlannerResult<Vec<Expr>>> {
        call("overlay", args)
    }
}

fn call(name: &str, args: Vec<Expr>) -> Result<PlannerResult<Vec<Expr>>> {
    match functions::timeless(name) {
        Some(function) => Ok(PlannerResult::Planned(function.call(args))),
        None => plan_err!("there is no function {name}"),
    }
}

/// The operator as the engine has it, if it is one of arithmetic.
const fn arithmetic(op: &BinaryOperator) -> Option<Operator> {
    Some(match op {
        BinaryOperator::Plus => Operator::Plus,
        BinaryOperator::Minus => Operator::Minus,
        BinaryOperator::Multiply => Operator::Multiply,
        BinaryOperator::Divide => Operator::Divide,
        BinaryOperator::Modulo => Operator::Modulo,
        _ => return None,
    })
}

const fn is_day(kind: &DataType) -> bool {
    matches!(kind, DataType::Date32 | DataType::Date64)
}

const fn is_interval(kind: &DataType) -> bool {
    matches!(kind, DataType::Interval(_))
}

/// The instant without a zone at which a day begins.
fn midnight(day: Expr) -> Expr {
    cast(day, DataType::Timestamp(TimeUnit::Microsecond, None))
}
