//! Time zone of an expression, derived from the dataset columns that it uses.

use super::day_zone::{DayZone, is_instant};
use crate::sql::resolver::TableResolver;
use datafusion::arrow::datatypes::DataType;
use datafusion_common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion_common::{Column, Result};
use datafusion_expr::logical_plan::{Distinct, JoinType};
use datafusion_expr::{Expr, LogicalPlan};

/// Zone of a plan column, or `None` if it uses no dataset column.
pub(crate) fn zone_of_column(
    plan: &LogicalPlan,
    index: usize,
    tables: &dyn TableResolver,
) -> Option<DayZone> {
    let below = |input: &LogicalPlan| zone_of_column(input, index, tables);
    match plan {
        LogicalPlan::TableScan(scan) => {
            let field = scan.projected_schema.fields().get(index)?;
            tables.day_zone(scan.source.as_ref(), field.name())
        }
        LogicalPlan::Projection(one) => zone_of(one.expr.get(index)?, &[&one.input], tables),
        LogicalPlan::Aggregate(one) => {
            let mut exprs = one.group_expr.iter().chain(&one.aggr_expr);
            zone_of(exprs.nth(index)?, &[&one.input], tables)
        }
        LogicalPlan::Window(one) => {
            let kept = one.input.schema().fields().len();
            match index.checked_sub(kept) {
                None => below(&one.input),
                Some(index) => zone_of(one.window_expr.get(index)?, &[&one.input], tables),
            }
        }
        LogicalPlan::Join(join) => {
            let left = join.left.schema().fields().len();
            match join.join_type {
                JoinType::RightSemi | JoinType::RightAnti | JoinType::RightMark => {
                    below(&join.right)
                }
                _ => match index.checked_sub(left) {
                    None => below(&join.left),
                    Some(index) => zone_of_column(&join.right, index, tables),
                },
            }
        }
        LogicalPlan::Union(union) => {
            let zones = union.inputs.iter().filter_map(|input| below(input));
            zones.reduce(DayZone::combine)
        }
        LogicalPlan::Distinct(Distinct::On(one)) => {
            zone_of(one.select_expr.get(index)?, &[&one.input], tables)
        }
        LogicalPlan::Distinct(Distinct::All(input)) => below(input),
        LogicalPlan::Filter(one) => below(&one.input),
        LogicalPlan::Sort(one) => below(&one.input),
        LogicalPlan::Limit(one) => below(&one.input),
        LogicalPlan::SubqueryAlias(one) => below(&one.input),
        LogicalPlan::Subquery(one) => below(&one.subquery),
        _ => None,
    }
}

/// Zone of an expression over these inputs, or `None` if it uses no dataset column.
pub(super) fn zone_of(
    expr: &Expr,
    inputs: &[&LogicalPlan],
    tables: &dyn TableResolver,
) -> Option<DayZone> {
    match expr {
        Expr::Column(column) => zone_of_name(column, inputs, tables),
        Expr::Cast(cast) => match cast.field.data_type() {
            // An explicit zone takes precedence.
            DataType::Timestamp(_, Some(zone)) => Some(DayZone::Of(zone.to_string())),
            _ => zone_of(&cast.expr, inputs, tables),
        },
        Expr::ScalarSubquery(subquery) => zone_of_column(&subquery.subquery, 0, tables),
        other => {
            let mut zone: Option<DayZone> = None;
            let seen: Result<TreeNodeRecursion> = other.apply_children(|part| {
                if let Some(one) = zone_of(part, inputs, tables) {
                    zone = Some(match zone.take() {
                        Some(before) => before.combine(one),
                        None => one,
                    });
                }
                Ok(TreeNodeRecursion::Continue)
            });
            seen.ok().and(zone)
        }
    }
}

fn zone_of_name(
    column: &Column,
    inputs: &[&LogicalPlan],
    tables: &dyn TableResolver,
) -> Option<DayZone> {
    inputs.iter().find_map(|input| {
        let index = input.schema().maybe_index_of_column(column)?;
        zone_of_column(input, index, tables)
    })
}

/// Zone of all timestamps in the tables of a plan, or `None` if there are none.
pub(super) fn zone_of_tables(
    plan: &LogicalPlan,
    tables: &dyn TableResolver,
) -> Result<Option<DayZone>> {
    let mut zone: Option<DayZone> = None;
    plan.apply_with_subqueries(|node| {
        if let LogicalPlan::TableScan(scan) = node {
            for field in scan.projected_schema.fields() {
                if is_instant(field.data_type())
                    && let Some(one) = tables.day_zone(scan.source.as_ref(), field.name())
                {
                    zone = Some(match zone.take() {
                        Some(before) => before.combine(one),
                        None => one,
                    });
                }
            }
        }
        Ok(TreeNodeRecursion::Continue)
    })?;
    Ok(zone)
}
