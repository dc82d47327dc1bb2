//! Constant timestamps that the engine confuses: it compares them without their zones, and evaluates expressions that differ in
//! nothing else only once (DataFusion 55.2).

use super::refused_construct::not_allowed;
use super::type_families::is_comparison;
use crate::engine_error;
use datafusion::arrow::datatypes::DataType;
use datafusion::config::ConfigOptions;
use datafusion::logical_expr::simplify::SimplifyContext;
use datafusion::optimizer::simplify_expressions::ExprSimplifier;
use datafusion_common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion_common::{DFSchema, Result, ScalarValue};
use datafusion_expr::{BinaryExpr, Expr, ExprSchemable, LogicalPlan};
use std::sync::Arc;

/// Refuses a plan with two constant timestamps that differ in their zone alone. Timestamps that are only compared are permitted,
/// since they are equal there.
///
/// # Errors
/// `CONSTRUCT_NOT_ALLOWED`.
pub(super) fn refuse_equal_times(plan: &LogicalPlan, options: &Arc<ConfigOptions>) -> Result<()> {
    let mut times = Vec::new();
    plan.apply_with_subqueries(|node| {
        node.apply_expressions(|expr| {
            find_times(expr, &mut times)?;
            Ok(TreeNodeRecursion::Continue)
        })
    })?;
    if times.len() < 2 {
        return Ok(());
    }
    let context = SimplifyContext::builder()
        .with_schema(Arc::new(DFSchema::empty()))
        .with_config_options(Arc::clone(options))
        .build();
    let simplifier = ExprSimplifier::new(context);
    let mut found: Vec<ScalarValue> = Vec::new();
    for time in times {
        let Ok(Expr::Literal(value, _)) = simplifier.simplify(time) else {
            continue;
        };
        let is_other = |known: &ScalarValue| {
            *known == value && !value.is_null() && known.data_type() != value.data_type()
        };
        if found.iter().any(is_other) {
            let refusal = not_allowed("a time beside one that differs in its zone alone");
            let help = "write AT TIME ZONE beside each of them, within what is around it";
            return Err(engine_error::wrap_refusal(refusal.with_help(help)));
        }
        found.push(value);
    }
    Ok(())
}

/// Collects the constant timestamps of an expression that are used for more than a comparison.
fn find_times(expr: &Expr, times: &mut Vec<Expr>) -> Result<()> {
    expr.apply(|part| {
        if is_constant(part)? {
            let kind = part.get_type(&DFSchema::empty());
            if matches!(kind, Ok(DataType::Timestamp(_, _))) {
                times.push(part.clone());
            }
            return Ok(TreeNodeRecursion::Jump);
        }
        match part {
            Expr::BinaryExpr(BinaryExpr { left, op, right }) if is_comparison(*op) => {
                for side in [left, right] {
                    if !is_constant(side)? {
                        find_times(side, times)?;
                    }
                }
                Ok(TreeNodeRecursion::Jump)
            }
            Expr::InList(list) => {
                find_times(&list.expr, times)?;
                for value in &list.list {
                    if !is_constant(value)? {
                        find_times(value, times)?;
                    }
                }
                Ok(TreeNodeRecursion::Jump)
            }
            _ => Ok(TreeNodeRecursion::Continue),
        }
    })?;
    Ok(())
}

/// Checks that an expression is constant for the whole statement.
fn is_constant(expr: &Expr) -> Result<bool> {
    let varies = expr.exists(|part| {
        Ok(part.is_volatile_node()
            || matches!(
                part,
                Expr::Column(_)
                    | Expr::OuterReferenceColumn(..)
                    | Expr::ScalarSubquery(_)
                    | Expr::InSubquery(_)
                    | Expr::Exists(_)
                    | Expr::SetComparison(_)
                    | Expr::AggregateFunction(_)
                    | Expr::WindowFunction(_)
                    | Expr::GroupingSet(_)
                    | Expr::Placeholder(_)
            ))
    })?;
    Ok(!varies)
}
