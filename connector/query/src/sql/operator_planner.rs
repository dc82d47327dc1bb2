//! Planning of operators whose meaning depends on the types of their operands.

use crate::sql::{decimal_types, functions};
use datafusion::arrow::datatypes::{DataType, TimeUnit};
use datafusion::sql::sqlparser::ast::BinaryOperator;
use datafusion_common::{DFSchema, Result, plan_err};
use datafusion_expr::planner::{ExprPlanner, PlannerResult, RawBinaryExpr};
use datafusion_expr::{Expr, ExprSchemable, Operator, cast};

/// Planner for operators that PostgreSQL interprets differently from the engine.
///
/// Arithmetic of a decimal and another number is exact or uses floating-point numbers ([`decimal_types`]).
///
/// The sum of a date and an interval is a timestamp without a zone; the engine truncates it to a date (DataFusion 55.2).
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
                expr.left = midnight_timestamp(expr.left);
            }
            BinaryOperator::Plus if is_interval(&left) && is_day(&right) => {
                expr.right = midnight_timestamp(expr.right);
            }
            _ => {}
        }
        if let Some(op) = arithmetic_operator(&expr.op) {
            [expr.left, expr.right] =
                decimal_types::arithmetic_operands([expr.left, expr.right], op, schema)?;
        }
        Ok(PlannerResult::Original(expr))
    }
}

/// Planner that converts special call syntax to calls of listed functions. The engine's planners would use the engine's own
/// functions, with other limits and other results.
#[derive(Debug)]
pub(super) struct CallPlanner;

impl ExprPlanner for CallPlanner {
    fn plan_extract(&self, args: Vec<Expr>) -> Result<PlannerResult<Vec<Expr>>> {
        call_function("date_part", args)
    }

    fn plan_position(&self, args: Vec<Expr>) -> Result<PlannerResult<Vec<Expr>>> {
        call_function("strpos", args)
    }

    fn plan_substring(&self, args: Vec<Expr>) -> Result<PlannerResult<Vec<Expr>>> {
        call_function("substr", args)
    }

    fn plan_overlay(&self, args: Vec<Expr>) -> Result<PlannerResult<Vec<Expr>>> {
        call_function("overlay", args)
    }
}

fn call_function(name: &str, args: Vec<Expr>) -> Result<PlannerResult<Vec<Expr>>> {
    match functions::timeless_function(name) {
        Some(function) => Ok(PlannerResult::Planned(function.call(args))),
        None => plan_err!("there is no function {name}"),
    }
}

/// Engine operator for an arithmetic operator.
const fn arithmetic_operator(op: &BinaryOperator) -> Option<Operator> {
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

/// Timestamp without a zone at which a date starts.
fn midnight_timestamp(day: Expr) -> Expr {
    cast(day, DataType::Timestamp(TimeUnit::Microsecond, None))
}
