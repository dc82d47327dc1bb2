//! Nullability of scalar subqueries: the value is NULL if there is no row.

use datafusion_common::{Column, Result};
use datafusion_expr::logical_plan::{JoinType, LogicalPlan, LogicalPlanBuilder};
use datafusion_expr::{Expr, lit};

/// Makes the value of a scalar subquery nullable. The engine assumes that it is never NULL if the column is not nullable, or if the
/// column becomes a constant later (DataFusion 55.2).
pub(super) fn nullable_value(plan: LogicalPlan, value: Column) -> Result<LogicalPlan> {
    if has_one_row(&plan) {
        return Ok(plan);
    }
    LogicalPlanBuilder::empty(true)
        .join_on(plan, JoinType::Left, [lit(true)])?
        .project([Expr::Column(value)])?
        .build()
}

/// Checks for an aggregate without keys, which has exactly one row.
fn has_one_row(plan: &LogicalPlan) -> bool {
    match plan {
        LogicalPlan::Aggregate(aggregate) => aggregate.group_expr.is_empty(),
        LogicalPlan::Projection(projection) => has_one_row(&projection.input),
        LogicalPlan::SubqueryAlias(alias) => has_one_row(&alias.input),
        LogicalPlan::EmptyRelation(relation) => relation.produce_one_row,
        _ => false,
    }
}
