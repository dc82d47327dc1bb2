//! Split of an optimised plan: every part that one participant can compute becomes a remote query, and the rest stays local.
//!
//! The split runs after the fixpoint of the optimizer rules, so conditions and columns are already pushed down.

use crate::federation::aggregate;
use crate::federation::fragment::RemoteFragment;
use crate::federation::movable_expr::is_movable;
use crate::federation::plan_fragments::find_branches;
use crate::federation::plan_union::{not_planned, union_plans};
use crate::federation::pushdown::{
    estimate_partial_bytes, estimate_transfer_bytes, is_more, is_worth_pushdown, pushed_down,
};
use crate::federation::query_ir::{OutputOrder, RemoteSelect, SelectBody};
use crate::federation::remote_query_builder::RemoteQueryBuilder;
use crate::federation::remote_sql::verified_sql::UnsupportedExpr;
use crate::federation::table_source::RemoteTableSource;
use crate::sql::plan_schema::recompute_schemas;
use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::common::{Column, DFSchema, DataFusionError};
use datafusion::logical_expr::utils::conjunction;
use datafusion::logical_expr::{
    Aggregate, Expr, ExprSchemable, Filter, LogicalPlan, LogicalPlanBuilder, Sort, TableScan,
};
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

/// Replaces the fragments of participants by remote queries.
pub(super) fn split_fragments(
    plan: LogicalPlan,
    builder: &mut RemoteQueryBuilder,
) -> Result<LogicalPlan, DataFusionError> {
    let plan = plan
        .transform_down_with_subqueries(|node| {
            let replaced = match &node {
                LogicalPlan::Aggregate(aggregate) => push_down_groups(aggregate, builder),
                LogicalPlan::Sort(sort) if sort.fetch.is_some() => {
                    whole_branches(&sort.input, builder)
                        .and_then(|all| push_down_top_rows(sort, &all, builder))
                }
                LogicalPlan::TableScan(scan) if scan.source.is::<RemoteTableSource>() => {
                    Some(push_down_rows(scan, builder)?)
                }
                LogicalPlan::Join(_)
                | LogicalPlan::Filter(_)
                | LogicalPlan::Projection(_)
                | LogicalPlan::Window(_) => push_down_join(&node, builder),
                _ => None,
            };
            Ok(match replaced {
                Some(plan) => Transformed::new(plan, true, TreeNodeRecursion::Jump),
                None => Transformed::no(node),
            })
        })?
        .data;
    recompute_schemas(plan)
}

fn whole_branches(plan: &LogicalPlan, builder: &RemoteQueryBuilder) -> Option<Vec<RemoteFragment>> {
    let branches = pushed_down(plan, builder)?;
    let whole = branches
        .iter()
        .all(|branch| branch.fetch.is_none() && !branch.is_base());
    (whole && !branches.is_empty()).then_some(branches)
}

/// Pushes down an aggregate as groups or partial states, if these are not more data than the rows.
fn push_down_groups(
    aggregate: &Aggregate,
    builder: &mut RemoteQueryBuilder,
) -> Option<LogicalPlan> {
    let branches = whole_branches(&aggregate.input, builder)?;
    let much = branches.iter().any(is_more)
        && !branches.iter().any(RemoteFragment::must_stay)
        && estimate_partial_bytes(aggregate, builder).is_some_and(|bytes| {
            let inputs = aggregate.input.inputs().into_iter();
            bytes
                > inputs
                    .map(|input| estimate_transfer_bytes(input, builder))
                    .sum::<f64>()
        });
    if much {
        return None;
    }
    let before = builder.remote_queries.len();
    let split = aggregate::split_aggregate(aggregate, &branches, builder);
    if split.is_err() {
        builder.remote_queries.truncate(before);
    }
    split.ok()
}

/// Pushes down a join of relations of one participant.
fn push_down_join(plan: &LogicalPlan, builder: &mut RemoteQueryBuilder) -> Option<LogicalPlan> {
    if over_groups(plan) {
        return None;
    }
    let branches = whole_branches(plan, builder)?;
    if !branches.iter().any(is_more) || !is_worth_pushdown(plan, &branches, builder) {
        return None;
    }
    let before = builder.remote_queries.len();
    let schema = plan.schema();
    let plans: Result<Vec<_>, _> = branches
        .iter()
        .map(|branch| fetch_rows(branch, schema, &[], None, builder))
        .collect();
    let done = plans.ok().and_then(|plans| union_plans(plans).ok());
    if done.is_none() {
        builder.remote_queries.truncate(before);
    }
    relabel_columns(done?, schema).ok()
}

/// Checks that a plan only computes on groups, which are then fetched.
fn over_groups(plan: &LogicalPlan) -> bool {
    match plan {
        LogicalPlan::Projection(projection) => over_groups(&projection.input),
        LogicalPlan::SubqueryAlias(alias) => over_groups(&alias.input),
        LogicalPlan::Aggregate(_) => true,
        _ => false,
    }
}

/// Pushes down the filters and columns of one scan.
fn push_down_rows(
    scan: &TableScan,
    builder: &mut RemoteQueryBuilder,
) -> Result<LogicalPlan, DataFusionError> {
    let all = find_branches(&LogicalPlan::TableScan(scan.clone())).unwrap_or_default();
    let [branch] = all.as_slice() else {
        return Err(not_planned());
    };
    if let Ok(plan) = fetch_rows(branch, &scan.projected_schema, &[], branch.fetch, builder) {
        return Ok(plan);
    }
    // Each condition was accepted alone, but the combination fails. The rows are fetched without conditions and filtered here.
    let bare = RemoteFragment {
        conjuncts: Vec::new(),
        fetch: None,
        outputs: branch
            .columns()
            .columns()
            .into_iter()
            .map(Expr::Column)
            .collect(),
        ..branch.clone()
    };
    let schema =
        DFSchema::try_from_qualified_schema(scan.table_name.clone(), &scan.source.schema())?;
    let mut plan = fetch_rows(&bare, &schema, &[], None, builder).map_err(|_| not_planned())?;
    if let Some(predicate) = conjunction(scan.filters.iter().cloned()) {
        plan = LogicalPlan::Filter(Filter::try_new(predicate, Arc::new(plan))?);
    }
    LogicalPlanBuilder::from(plan)
        .project(
            scan.projected_schema
                .columns()
                .into_iter()
                .map(Expr::Column),
        )?
        .build()
}

/// Fetches the first rows of each branch in order, and sorts them again here.
fn push_down_top_rows(
    sort: &Sort,
    branches: &[RemoteFragment],
    builder: &mut RemoteQueryBuilder,
) -> Option<LogicalPlan> {
    let schema = sort.input.schema();
    let mut plans = Vec::new();
    let before = builder.remote_queries.len();
    for branch in branches {
        let mut order = Vec::new();
        for key in &sort.expr {
            if !is_movable(&key.expr) {
                return None;
            }
            let inside = branch.rewrite_expr(&key.expr, schema)?;
            if inside.any_column_refs() {
                order.push((inside, key.asc, key.nulls_first));
            }
        }
        match fetch_rows(branch, schema, &order, sort.fetch, builder) {
            Ok(plan) => plans.push(plan),
            Err(_) => {
                builder.remote_queries.truncate(before);
                return None;
            }
        }
    }
    let input = union_plans(plans).ok()?;
    let input = relabel_columns(input, schema).ok()?;
    Some(LogicalPlan::Sort(Sort {
        expr: sort.expr.clone(),
        input: Arc::new(input),
        fetch: sort.fetch,
    }))
}

/// Fetches the columns that a branch needs, and computes its outputs with the names of `schema`.
fn fetch_rows(
    branch: &RemoteFragment,
    schema: &DFSchema,
    order: &[(Expr, bool, bool)],
    limit: Option<usize>,
    builder: &mut RemoteQueryBuilder,
) -> Result<LogicalPlan, UnsupportedExpr> {
    let strange = |error: DataFusionError| UnsupportedExpr(error.to_string());
    let relation = branch.columns();
    let used: BTreeSet<&Column> = branch.outputs.iter().flat_map(Expr::column_refs).collect();
    let columns: Vec<Column> = relation
        .columns()
        .into_iter()
        .filter(|column| used.contains(column))
        .collect();
    let mut shipped: Vec<Expr> = columns.iter().cloned().map(Expr::Column).collect();
    let mut keys = Vec::new();
    for (expr, ascending, nulls_first) in order {
        let expr = builder
            .writer
            .simplify(expr.clone(), &relation)
            .map_err(strange)?;
        let output = match shipped.iter().position(|known| *known == expr) {
            Some(at) => at,
            None => {
                shipped.push(expr);
                shipped.len().saturating_sub(1)
            }
        };
        keys.push(OutputOrder {
            output,
            ascending: *ascending,
            nulls_first: *nulls_first,
        });
    }
    let query = RemoteSelect {
        from: branch.from.clone(),
        conjuncts: branch.conjuncts.clone(),
        body: SelectBody::Rows {
            outputs: shipped,
            order: keys,
        },
        limit,
    };
    let text = builder.writer.write(&query)?;
    let scan = builder
        .add_query(&query, text, &branch.relies)
        .map_err(strange)?;
    let fetched = scan.schema().columns();
    let by_name: HashMap<&Column, &Column> = columns.iter().zip(&fetched).collect();
    let mut outputs = Vec::new();
    for (output, (qualifier, field)) in branch.outputs.iter().zip(schema.iter()) {
        let output = output
            .clone()
            .transform_down(|node| {
                Ok(match &node {
                    Expr::Column(column) => match by_name.get(column) {
                        Some(fetched) => Transformed::new(
                            Expr::Column(Column::clone(fetched)),
                            true,
                            TreeNodeRecursion::Jump,
                        ),
                        None => Transformed::no(node),
                    },
                    _ => Transformed::no(node),
                })
            })
            .map_err(strange)?
            .data
            .cast_to(field.data_type(), scan.schema())
            .map_err(strange)?;
        outputs.push(output.alias_qualified(qualifier.cloned(), field.name()));
    }
    LogicalPlanBuilder::from(scan)
        .project(outputs)
        .and_then(LogicalPlanBuilder::build)
        .map_err(strange)
}

/// Renames the columns of a plan to those of `schema`, in order.
fn relabel_columns(plan: LogicalPlan, schema: &DFSchema) -> Result<LogicalPlan, DataFusionError> {
    let outputs: Vec<Expr> = plan
        .schema()
        .columns()
        .into_iter()
        .zip(schema.iter())
        .map(|(column, (qualifier, field))| {
            Expr::Column(column).alias_qualified(qualifier.cloned(), field.name())
        })
        .collect();
    LogicalPlanBuilder::from(plan).project(outputs)?.build()
}
