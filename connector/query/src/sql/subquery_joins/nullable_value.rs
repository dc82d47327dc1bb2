//! A subquery that stands for one value: NULL where it has no row.

use datafusion_common::{Column, Result};
use datafusion_expr::logical_plan::{JoinType, LogicalPlan, LogicalPlanBuilder};
use datafusion_expr::{Expr, lit};

/// The plan of one value, with NULL for no row. The engine takes a value for one that is never NULL where the column is so in each row, or
/// becomes a constant later (DataFusion 55.2).
pub(super) fn nullable_value(plan: LogicalPlan, value: Column) -> Result<LogicalPlan> {
    if has_one_row(&plan) {
        return Ok(plan);
    }
    LogicalPlanBuilder::empty(true)
        .join_on(plan, JoinType::Left, [lit(true)])?
        .project([Expr::Column(value)])?
        .build()
}

/// True for aggregates over all rows.
fn has_one_row(plan: &LogicalPlan) -> bool {
    match plan {
        LogicalPlan::Aggregate(aggregate) => aggregate.group_expr.is_empty(),
        LogicalPlan::Projection(projection) => has_one_row(&projection.input),
        LogicalPlan::SubqueryAlias(alias) => has_one_row(&alias.input),
        LogicalPlan::EmptyRelation(relation) => relation.produce_one_row,
        _ => false,
    }
}
