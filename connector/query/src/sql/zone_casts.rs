//! Casts from timestamps with a zone to timestamps without one: the result is the local time of the zone.
//!
//! The engine returns the time in UTC (DataFusion 55.2), although its other functions use the local time.

use datafusion::arrow::datatypes::DataType;
use datafusion::functions::datetime::expr_fn::to_local_time;
use datafusion_common::tree_node::{Transformed, TransformedResult, TreeNode};
use datafusion_common::{ExprSchema, Result};
use datafusion_expr::expr_rewriter::NamePreserver;
use datafusion_expr::utils::merge_schema;
use datafusion_expr::{Cast, Expr, ExprSchemable, LogicalPlan};

/// Rewrites such casts to use the local time.
///
/// # Errors
/// An error if the type of an expression can't be determined or the plan can't be rebuilt.
pub(super) fn use_local_times(plan: LogicalPlan) -> Result<LogicalPlan> {
    plan.transform_up_with_subqueries(|node| {
        let schema = merge_schema(&node.inputs());
        let names = NamePreserver::new(&node);
        node.map_expressions(|expr| {
            super::functions::exact_arithmetic::map_keeping_names(&names, expr, |expr| {
                expr.transform_up(|part| through_local_time(part, &schema))
            })
        })
    })
    .data()
}

fn through_local_time(part: Expr, schema: &dyn ExprSchema) -> Result<Transformed<Expr>> {
    let Expr::Cast(cast) = part else {
        return Ok(Transformed::no(part));
    };
    let loses_zone = matches!(cast.field.data_type(), DataType::Timestamp(_, None))
        && is_local(&cast.expr.get_type(schema)?);
    if !loses_zone {
        return Ok(Transformed::no(Expr::Cast(cast)));
    }
    let local = to_local_time(vec![*cast.expr]);
    Ok(Transformed::yes(Expr::Cast(Cast::new_from_field(
        Box::new(local),
        cast.field,
    ))))
}

/// Checks for the type of timestamps in a zone other than UTC.
fn is_local(kind: &DataType) -> bool {
    matches!(kind, DataType::Timestamp(_, Some(zone)) if !matches!(&**zone, "UTC" | "+00:00" | "Etc/UTC"))
}
