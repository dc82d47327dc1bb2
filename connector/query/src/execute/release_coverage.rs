//! Refusal of questions for periods whose cells were not released because the privacy budget was spent. Without it a total over
//! such a period would look complete.

use crate::engine_error;
use crate::snapshot::registry::SnapshotSet;
use crate::snapshot::released_cells::ReleasePeriod;
use arrow_array::{
    Array, ArrayRef, BooleanArray, Date32Array, RecordBatch, TimestampMicrosecondArray,
};
use arrow_schema::{DataType, Field, Schema};
use datafusion::physical_expr::create_physical_expr;
use datafusion_common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion_common::{Column, DFSchema, Result, internal_err};
use datafusion_expr::execution_props::ExecutionProps;
use datafusion_expr::physical_planning_context::PhysicalPlanningContext;
use datafusion_expr::utils::{conjunction, split_conjunction};
use datafusion_expr::{Expr, LogicalPlan, TableSource};
use hansa_audit_log::time::UtcTimestamp;
use hansa_enforcement::table_source::ReleasedTable;
use hansa_policy::id::{DatasetId, SqlIdentifier};
use hansa_policy::refusal::{ErrorCode, Refusal};
use std::sync::Arc;

/// Refuses a private plan that covers a period without cells. The plan includes the consumer's conditions that were pushed into it.
/// A condition over more than the time column is ignored, so such a question counts as one for all periods.
///
/// # Errors
/// `PRIVACY_BUDGET_SPENT`.
pub(super) fn check_coverage(plan: &LogicalPlan, holdings: &SnapshotSet) -> Result<()> {
    let mut conditions: Vec<Expr> = Vec::new();
    let mut reads = None;
    plan.apply(|node| {
        match node {
            LogicalPlan::Filter(filter) => {
                conditions.extend(split_conjunction(&filter.predicate).into_iter().cloned());
            }
            LogicalPlan::TableScan(scan) => {
                if let Some(cells) = scan.source.downcast_ref::<ReleasedTable>() {
                    reads = Some(cells.clone());
                }
            }
            _ => {}
        }
        Ok(TreeNodeRecursion::Continue)
    })?;
    let Some(cells) = reads else {
        return Ok(());
    };
    let snapshot = holdings.get(cells.dataset());
    let lacking = snapshot.and_then(|snapshot| snapshot.released.lacking.get(&cells.shape()));
    let (Some(lacking), Some(by)) = (lacking, cells.time_column()) else {
        return Ok(());
    };
    let schema = cells.schema();
    let Some(field) = schema
        .fields()
        .iter()
        .find(|field| field.name() == by.as_str())
    else {
        return internal_err!("cells are released by a column that they do not have");
    };
    let condition = of_time(conditions, by)?;
    for period in lacking {
        if can_satisfy_condition(condition.as_ref(), *period, field)? {
            return Err(engine_error::wrap_refusal(coverage_refusal(
                cells.dataset(),
                by,
                *period,
                field,
            )));
        }
    }
    Ok(())
}

/// Conjunction of the conditions that use only the column `by`, which is addressed by its bare name.
fn of_time(conditions: Vec<Expr>, by: &SqlIdentifier) -> Result<Option<Expr>> {
    let mut own = Vec::new();
    for condition in conditions {
        let columns = condition.column_refs();
        if columns.is_empty() || columns.iter().any(|column| column.name != by.as_str()) {
            continue;
        }
        let bare = condition.transform(|expr| match expr {
            Expr::Column(column) => Ok(Transformed::yes(Expr::Column(Column::from_name(
                column.name,
            )))),
            other => Ok(Transformed::no(other)),
        })?;
        own.push(bare.data);
    }
    Ok(conjunction(own))
}

/// Checks that a cell of the period can satisfy the condition. The check tests each quarter of an hour, or each day.
fn can_satisfy_condition(
    condition: Option<&Expr>,
    period: ReleasePeriod,
    field: &Field,
) -> Result<bool> {
    let Some(condition) = condition else {
        return Ok(true);
    };
    let many = |step: i64| {
        std::iter::successors(Some(period.from), move |at| at.checked_add(step))
            .take_while(|at| *at < period.to)
    };
    let instants: ArrayRef = match field.data_type() {
        DataType::Timestamp(_, zone) => {
            let quarters = TimestampMicrosecondArray::from_iter_values(many(900_000_000));
            Arc::new(quarters.with_timezone_opt(zone.clone()))
        }
        DataType::Date32 => Arc::new(
            many(1)
                .map(|day| i32::try_from(day).ok())
                .collect::<Date32Array>(),
        ),
        _ => return Ok(true),
    };
    let schema = Arc::new(Schema::new(vec![Field::new(
        field.name(),
        field.data_type().clone(),
        true,
    )]));
    let known = DFSchema::try_from(Arc::clone(&schema))?;
    let batch = RecordBatch::try_new(schema, vec![instants])?;
    let rows = batch.num_rows();
    let (none, context) = (ExecutionProps::new(), PhysicalPlanningContext::default());
    let met = create_physical_expr(condition, &known, &none, &context)?
        .evaluate(&batch)?
        .into_array(rows)?;
    match met.as_any().downcast_ref::<BooleanArray>() {
        Some(met) => Ok(met.true_count() > 0),
        None => Ok(true),
    }
}

fn coverage_refusal(
    dataset: &DatasetId,
    by: &SqlIdentifier,
    period: ReleasePeriod,
    field: &Field,
) -> Refusal {
    let [from, to] = [period.from, period.to].map(|at| match field.data_type() {
        DataType::Date32 => format_day(at),
        _ => UtcTimestamp::from_micros(at).map_or_else(|_| at.to_string(), |time| time.to_string()),
    });
    Refusal::new(
        ErrorCode::PrivacyBudgetSpent,
        format!(
            "the budget of privacy of `{}` is spent: there are no cells from {from} to {to}",
            dataset.name
        ),
    )
    .with_help(format!(
        "leave the period out: WHERE {by} < '{from}' OR {by} >= '{to}'"
    ))
}

fn format_day(days: i64) -> String {
    let time = UtcTimestamp::from_micros(days.saturating_mul(86_400_000_000));
    let text = time.map(|time| time.to_string()).unwrap_or_default();
    text.chars().take(10).collect()
}
