//! Rewrite of row-style SQL over an aggregate-only dataset to its published cells, where both have equal answers.
//!
//! The rewrite works on the analysed plan before optimisation. A part that is not rewritten keeps its row-style table, which `bind`
//! refuses. The rewrite is therefore not needed for safety, but for convenience and for helpful refusals.

mod block_rewrite;
mod cell_filter;
pub(crate) mod time_dimension;

use crate::sql::plan_schema::recompute_schemas;
use datafusion_common::DataFusionError;
use datafusion_common::tree_node::{Transformed, TreeNodeRecursion};
use datafusion_expr::TableScan;
use datafusion_expr::logical_plan::{Aggregate, LogicalPlan};
use hansa_enforcement::table_source::{NamedTable, RelationPart};
use hansa_policy::effect::{Cube, CubeDimension};
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_policy::value::cube::CubeFunction;
use hansa_policy::value::time::TimeBucketWidth;
use std::sync::Arc;

/// Rewrites each aggregate block over a row-style table to the cells of its cube.
///
/// # Errors
/// `AGGREGATE_ONLY`, `FUNCTION_NOT_ALLOWED`, `DIMENSION_NOT_ALLOWED`, `FILTER_NOT_ON_GRID`, `QUERY_SHAPE`.
pub fn rewrite_blocks(plan: LogicalPlan) -> Result<LogicalPlan, Refusal> {
    let mut refusal = None;
    let done = plan.transform_down_with_subqueries(|node| match node {
        LogicalPlan::Aggregate(aggregate) => match taken_up(&aggregate) {
            Ok(None) => Ok(Transformed::no(LogicalPlan::Aggregate(aggregate))),
            Ok(Some(plan)) => Ok(Transformed::new(plan, true, TreeNodeRecursion::Jump)),
            Err(found) => {
                refusal = Some(found);
                Err(DataFusionError::Internal("refused".to_owned()))
            }
        },
        other => Ok(Transformed::no(other)),
    });
    if let Some(refusal) = refusal {
        return Err(refusal);
    }
    let done = done.map_err(|error| crate::engine_error::planning_refusal(&error))?;
    let plan = match done.transformed {
        true => nullable_counts(done.data)?,
        false => done.data,
    };
    refuse_remaining_table(&plan, None)?;
    Ok(plan)
}

/// Recomputes the schemas above the blocks. A count over rows is never NULL, but one over cells may be, so a rule that uses the old
/// schema would replace `count(m) IS NULL` by false.
fn nullable_counts(plan: LogicalPlan) -> Result<LogicalPlan, Refusal> {
    recompute_schemas(plan).map_err(|error| crate::engine_error::planning_refusal(&error))
}

/// Introduction of a permitted example.
pub(crate) const EXAMPLE: &str = "this would pass: ";

/// Row-style table of a cube, as found in an aggregate block.
pub(super) struct CubeBaseTable<'a> {
    pub(super) scan: &'a TableScan,
    pub(super) named: &'a NamedTable,
    pub(super) cube: &'a Arc<Cube>,
}

impl CubeBaseTable<'_> {
    /// Refusal with a permitted example.
    pub(super) fn refuse(&self, code: ErrorCode, sentence: impl Into<String>) -> Refusal {
        let refusal = Refusal::new(code, sentence)
            .with_help(format!("{EXAMPLE}{}", example_block(self.named, self.cube)));
        match self.named.contract {
            Some(contract) => refusal.with_contract(contract),
            None => refusal,
        }
    }

    pub(super) fn shape_refusal(&self, construct: &str) -> Refusal {
        self.refuse(
            ErrorCode::QueryShape,
            format!(
                "{construct} can't be used inside an aggregate over `{}`",
                self.named.dataset.name
            ),
        )
    }

    pub(super) fn dimension(&self, column: &str) -> Option<&CubeDimension> {
        self.cube
            .dimensions
            .iter()
            .find(|dimension| dimension.column.as_str() == column)
    }

    pub(super) fn is_measure(&self, column: &str) -> bool {
        self.cube
            .measures
            .iter()
            .any(|measure| measure.as_str() == column)
    }
}

/// Notation of a dimension: its name, or its bucket.
pub(crate) fn format_dimension(dimension: &CubeDimension, is_date: bool) -> String {
    let column = &dimension.column;
    let zoned = match &dimension.zone {
        Some(zone) if zone != "UTC" => format!("{column} AT TIME ZONE '{zone}'"),
        Some(_) | None => column.to_string(),
    };
    match dimension.bucket {
        None => column.to_string(),
        Some(TimeBucketWidth::Day) if is_date => column.to_string(),
        Some(TimeBucketWidth::QuarterHour) => format!("date_bin(INTERVAL '15 minutes', {column})"),
        Some(TimeBucketWidth::Hour) => format!("date_trunc('hour', {column})"),
        Some(TimeBucketWidth::Day) => format!("date_trunc('day', {zoned})"),
        Some(TimeBucketWidth::Week) => format!("date_trunc('week', {zoned})"),
        Some(TimeBucketWidth::Month) => format!("date_trunc('month', {zoned})"),
        Some(TimeBucketWidth::Year) => format!("date_trunc('year', {zoned})"),
    }
}

fn example_block(named: &NamedTable, cube: &Cube) -> String {
    let mut columns: Vec<String> = cube
        .dimensions
        .iter()
        .map(|dimension| {
            format_dimension(
                dimension,
                time_dimension::is_date(named, dimension.column.as_str()),
            )
        })
        .collect();
    let groups = columns.len();
    let measure = cube.measures.first();
    for function in &cube.functions {
        match (function, measure) {
            (CubeFunction::Count, _) => columns.push("count(*)".to_owned()),
            (CubeFunction::Sum, Some(measure)) => columns.push(format!("sum({measure})")),
            (CubeFunction::Avg, Some(measure)) => columns.push(format!("avg({measure})")),
            (CubeFunction::Variance, Some(measure)) => columns.push(format!("var({measure})")),
            (CubeFunction::Sum | CubeFunction::Avg | CubeFunction::Variance, None)
            | (CubeFunction::Units, _) => {}
        }
    }
    let numbers: Vec<String> = (1..=groups).map(|number| number.to_string()).collect();
    format!(
        "SELECT {} FROM {} GROUP BY {}",
        columns.join(", "),
        named.dataset.name,
        numbers.join(", ")
    )
}

fn taken_up(aggregate: &Aggregate) -> Result<Option<LogicalPlan>, Refusal> {
    let mut predicate = None;
    let mut inner = aggregate.input.as_ref();
    if let LogicalPlan::Filter(filter) = inner {
        predicate = Some(filter);
        inner = filter.input.as_ref();
    }
    let alias = match inner {
        LogicalPlan::SubqueryAlias(alias) => {
            inner = alias.input.as_ref();
            Some(alias.alias.clone())
        }
        _ => None,
    };
    let LogicalPlan::TableScan(scan) = inner else {
        return Ok(None);
    };
    let Some(base) = base_of(scan) else {
        return Ok(None);
    };
    let qualifier = alias.unwrap_or_else(|| scan.table_name.clone());
    block_rewrite::rewrite_block(aggregate, predicate, &base, &qualifier).map(Some)
}

fn base_of(scan: &TableScan) -> Option<CubeBaseTable<'_>> {
    let named = scan.source.downcast_ref::<NamedTable>()?;
    match &named.part {
        RelationPart::Base(cube) => Some(CubeBaseTable { scan, named, cube }),
        RelationPart::Rows | RelationPart::Cells(_) => None,
    }
}

/// Refuses a remaining row-style table, naming the construct between the table and its aggregate.
fn refuse_remaining_table(plan: &LogicalPlan, construct: Option<&str>) -> Result<(), Refusal> {
    if let LogicalPlan::TableScan(scan) = plan
        && let Some(base) = base_of(scan)
    {
        return Err(match construct {
            Some(construct) => base.shape_refusal(construct),
            None => base.refuse(
                ErrorCode::AggregateOnly,
                format!("rows of `{}` never leave", base.named.dataset.name),
            ),
        });
    }
    let named = match plan {
        LogicalPlan::Join(_) => Some("a join"),
        LogicalPlan::Window(_) => Some("a window function"),
        LogicalPlan::Distinct(_) => Some("DISTINCT"),
        LogicalPlan::Union(_) => Some("a set operation"),
        LogicalPlan::Limit(_) => Some("LIMIT"),
        LogicalPlan::Aggregate(_) => Some("a query of rows"),
        _ => construct,
    };
    // Below an aggregate, the construct next to the table is named; otherwise the rows themselves would be returned.
    let below = match plan {
        LogicalPlan::Aggregate(_)
        | LogicalPlan::Join(_)
        | LogicalPlan::Window(_)
        | LogicalPlan::Distinct(_) => named,
        _ if construct.is_some() => named,
        _ => None,
    };
    for input in plan.inputs() {
        refuse_remaining_table(input, below)?;
    }
    let mut refusal = None;
    let _ = plan.apply_subqueries(|subquery| {
        if let Err(found) = refuse_remaining_table(subquery, Some("a subquery of rows")) {
            refusal.get_or_insert(found);
        }
        Ok(TreeNodeRecursion::Continue)
    });
    refusal.map_or(Ok(()), Err)
}

#[cfg(test)]
mod tests;
