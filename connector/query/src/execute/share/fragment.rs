//! The fragments of a physical plan that can be computed in shares: an aggregate over one table whose rows may be dealt in any way.

use crate::execute::gated_leaf::GovernedScanExec;
use datafusion::arrow::datatypes::DataType;
use datafusion::datasource::listing::{FileRange, PartitionedFile};
use datafusion::datasource::physical_plan::{FileGroup, FileScanConfig, FileScanConfigBuilder};
use datafusion::datasource::source::DataSourceExec;
use datafusion::physical_expr::aggregate::AggregateFunctionExpr;
use datafusion::physical_expr::expressions::Column;
use datafusion::physical_expr::scalar_subquery::ScalarSubqueryExpr;
use datafusion::physical_expr::{LexOrdering, PhysicalExpr, PhysicalSortExpr};
use datafusion::physical_plan::aggregates::{AggregateExec, AggregateMode};
use datafusion::physical_plan::coalesce_partitions::CoalescePartitionsExec;
use datafusion::physical_plan::coop::CooperativeExec;
use datafusion::physical_plan::execution_plan::{ChildrenPropertiesMode, ReplaceChildrenOptions};
use datafusion::physical_plan::filter::FilterExec;
use datafusion::physical_plan::joins::{CrossJoinExec, HashJoinExec, NestedLoopJoinExec};
use datafusion::physical_plan::projection::ProjectionExec;
use datafusion::physical_plan::sorts::sort::SortExec;
use datafusion::physical_plan::{ExecutionPlan, ExecutionPlanProperties};
use datafusion_common::tree_node::{Transformed, TransformedResult, TreeNode, TreeNodeRecursion};
use datafusion_common::{JoinType, Result, internal_datafusion_err, internal_err};
use std::sync::Arc;

type Plan = Arc<dyn ExecutionPlan>;

/// A fragment: its states are the same, put together, however the rows of one of its tables are dealt.
pub(super) struct Fragment {
    /// Which of the plan, from 0, in the order of the plan.
    pub(super) number: u32,
    /// The aggregate, as far as its states.
    pub(super) states: Plan,
    /// Where in it the table stands whose rows are dealt: which child, from the top.
    path: Vec<usize>,
    /// Stored rows of that table.
    pub(super) rows: u64,
}

/// The plan with what `source` gives in the place of each fragment's states; those for which it gives nothing are made here. Either way
/// the groups come in the order of their keys: what they are made of must not show in their order.
///
/// # Errors
/// When the engine does not take its own nodes.
pub(super) fn replaced(
    plan: Plan,
    source: &mut dyn FnMut(Fragment) -> Result<Option<Plan>>,
) -> Result<Plan> {
    let mut number = 0_u32;
    plan.transform_down(|node| {
        let Some(fragment) = found(&node, number)? else {
            return Ok(Transformed::no(node));
        };
        number = number.saturating_add(1);
        let keys = aggregate(&node)?.group_expr().expr().len();
        let groups = match source(fragment)? {
            None => node,
            Some(states) => put_together(&node, states)?,
        };
        // INVARIANT: dealt-alike. In which order groups were found depends on where stored rows lie.
        // What is within a fragment is part of it.
        let sorted = in_order(keys, groups);
        Ok(Transformed::new(sorted, true, TreeNodeRecursion::Jump))
    })
    .data()
}

/// The states of a share.
///
/// # Errors
/// When the engine does not take its own nodes, or the fragment's table is not what it was found to be.
pub(super) fn dealt(fragment: &Fragment, part: u32, of: u32) -> Result<Plan> {
    at(&fragment.states, &fragment.path, &|node| {
        let leaf = node
            .downcast_ref::<GovernedScanExec>()
            .ok_or_else(|| internal_datafusion_err!("a table was expected here"))?;
        let inner = Arc::clone(leaf.inner()).transform_down(|node| {
            let Some(config) = scan(&node) else {
                return Ok(Transformed::no(node));
            };
            Ok(Transformed::yes(some_of(config, part, of)))
        })?;
        Ok(Arc::new(leaf.with_inner(inner.data)))
    })
}

/// The scan of a share: each row group belongs to the share in whose part of its file it begins.
fn some_of(config: &FileScanConfig, part: u32, of: u32) -> Plan {
    let bound = |size: u64, part: u32| {
        let at = u128::from(size) * u128::from(part) / u128::from(of.max(1));
        i64::try_from(at).unwrap_or(i64::MAX)
    };
    let files = config.file_groups.iter().flat_map(FileGroup::iter);
    let files: Vec<PartitionedFile> = files
        .map(|file| {
            let size = file.object_meta.size;
            let mut file = file.clone();
            file.range = Some(FileRange {
                start: bound(size, part),
                end: bound(size, part.saturating_add(1)),
            });
            file
        })
        .collect();
    let config = FileScanConfigBuilder::from(config.clone())
        .with_file_groups(vec![FileGroup::new(files)])
        .build();
    DataSourceExec::from_data_source(config)
}

/// The node at the end of a path changed.
fn at(plan: &Plan, path: &[usize], change: &dyn Fn(&Plan) -> Result<Plan>) -> Result<Plan> {
    let Some((first, rest)) = path.split_first() else {
        return change(plan);
    };
    let mut children: Vec<Plan> = plan.children().into_iter().map(Arc::clone).collect();
    let Some(child) = children.get_mut(*first) else {
        return internal_err!("the plan has another shape");
    };
    *child = at(child, rest, change)?;
    Arc::clone(plan).replace_children(
        children,
        ReplaceChildrenOptions::new(ChildrenPropertiesMode::Recompute),
    )
}

/// The aggregate made of states that come from elsewhere.
fn put_together(node: &Plan, states: Plan) -> Result<Plan> {
    let whole = aggregate(node)?;
    let merged: Plan = if states.output_partitioning().partition_count() == 1 {
        states
    } else {
        Arc::new(CoalescePartitionsExec::new(states))
    };
    Ok(Arc::new(AggregateExec::try_new(
        AggregateMode::Final,
        whole.group_expr().as_final(),
        whole.aggr_expr().to_vec(),
        whole.filter_expr().to_vec(),
        merged,
        whole.input_schema(),
    )?))
}

/// The groups in the order of their first so many columns, the keys; by place, since two keys may have one name.
fn in_order(keys: usize, groups: Plan) -> Plan {
    let schema = groups.schema();
    let keys = schema.fields().iter().enumerate().take(keys);
    let order = keys.map(|(at, field)| {
        let key: Arc<dyn PhysicalExpr> = Arc::new(Column::new(field.name(), at));
        PhysicalSortExpr::new_default(key)
    });
    match LexOrdering::new(order) {
        None => groups,
        Some(order) => Arc::new(SortExec::new(order, groups)),
    }
}

fn aggregate(node: &Plan) -> Result<&AggregateExec> {
    node.downcast_ref::<AggregateExec>()
        .ok_or_else(|| internal_datafusion_err!("an aggregate was expected here"))
}

fn found(node: &Plan, number: u32) -> Result<Option<Fragment>> {
    let Some(whole) = node.downcast_ref::<AggregateExec>() else {
        return Ok(None);
    };
    let input = whole.input();
    // A limit that the engine has put into an aggregate lets it stop early: which groups it has by then depends on the order of rows.
    let limited = whole.limit_options().is_some();
    let single = *whole.mode() == AggregateMode::Single && !limited;
    if !single || !adds_up(whole) || !stands_alone(node)? {
        return Ok(None);
    }
    let mut tables = Vec::new();
    dealable(input, &mut vec![0], &mut tables);
    // Of two that are equally large the first: both ends choose the same.
    let Some((rows, path)) = tables
        .into_iter()
        .reduce(|best, next| if next.0 > best.0 { next } else { best })
    else {
        return Ok(None);
    };
    let states = AggregateExec::try_new(
        AggregateMode::Partial,
        whole.group_expr().clone(),
        whole.aggr_expr().to_vec(),
        whole.filter_expr().to_vec(),
        Arc::clone(input),
        whole.input_schema(),
    )?;
    let travels = states
        .schema()
        .fields()
        .iter()
        .all(|field| flat(field.data_type()));
    Ok(travels.then(|| Fragment {
        number,
        states: Arc::new(states),
        path,
        rows,
    }))
}

/// Whether its states, put together, give the same to the last bit however the rows were dealt.
// INVARIANT: dealt-alike. What is rounded in between shows in its last digit how rows were dealt; these are not.
fn adds_up(whole: &AggregateExec) -> bool {
    let input = whole.input_schema();
    let groups = whole.group_expr();
    let exact_keys = || {
        let mut keys = groups.expr().iter();
        keys.all(|(key, _)| key.data_type(&input).is_ok_and(|kind| !kind.is_floating()))
    };
    let mut calls = whole.aggr_expr().iter();
    (groups.is_single() || groups.is_empty())
        && !groups.has_grouping_set()
        && exact_keys()
        && calls.all(|call| call_adds_up(call))
}

fn call_adds_up(call: &AggregateFunctionExpr) -> bool {
    if call.is_distinct() || call.ignore_nulls() || !call.order_bys().is_empty() {
        return false;
    }
    matches!(
        call.fun().name(),
        "approx_median"
            | "approx_percentile_cont"
            | "avg"
            | "bit_and"
            | "bit_or"
            | "bit_xor"
            | "bool_and"
            | "bool_or"
            | "corr"
            | "count"
            | "covar_pop"
            | "covar_samp"
            | "distinct_state_v1"
            | "max"
            | "min"
            | "percentile_state_v2"
            | "stddev"
            | "stddev_pop"
            | "sum"
            | "var"
            | "var_pop"
            | "whole_sum"
    )
}

/// Whether all that it reads is in files of snapshots, and nothing in it waits for another part of the plan.
fn stands_alone(node: &Plan) -> Result<bool> {
    let mut alone = true;
    node.apply(|node| {
        if let Some(leaf) = node.downcast_ref::<GovernedScanExec>() {
            alone &= leaf.rows().is_some();
        }
        node.apply_expressions(&mut |expr: &Arc<dyn PhysicalExpr>| {
            expr.apply(|part| {
                alone &= part.downcast_ref::<ScalarSubqueryExpr>().is_none();
                Ok(TreeNodeRecursion::Continue)
            })
        })?;
        Ok(if alone {
            TreeNodeRecursion::Continue
        } else {
            TreeNodeRecursion::Stop
        })
    })?;
    Ok(alone)
}

/// The tables below whose rows may be dealt, with their paths: what stands above them gives for two sets of rows what it gives for
/// each, put together.
fn dealable(node: &Plan, path: &mut Vec<usize>, tables: &mut Vec<(u64, Vec<usize>)>) {
    if let Some(leaf) = node.downcast_ref::<GovernedScanExec>() {
        if let Some(rows) = leaf.rows().filter(|_| is_scan(leaf.inner())) {
            tables.push((rows, path.clone()));
        }
        return;
    }
    if node.fetch().is_some() {
        return;
    }
    for &child in sides(node) {
        if let Some(below) = node.children().get(child) {
            path.push(child);
            dealable(below, path, tables);
            path.pop();
        }
    }
}

/// The inputs of a node in which rows may be dealt.
fn sides(node: &Plan) -> &'static [usize] {
    let by_kind = |kind: &JoinType| -> &'static [usize] {
        match kind {
            JoinType::Inner => &[0, 1],
            JoinType::Left | JoinType::LeftSemi | JoinType::LeftAnti | JoinType::LeftMark => &[0],
            JoinType::Right | JoinType::RightSemi | JoinType::RightAnti | JoinType::RightMark => {
                &[1]
            }
            JoinType::Full => &[],
        }
    };
    if let Some(join) = node.downcast_ref::<HashJoinExec>() {
        by_kind(join.join_type())
    } else if let Some(join) = node.downcast_ref::<NestedLoopJoinExec>() {
        by_kind(join.join_type())
    } else if node.downcast_ref::<CrossJoinExec>().is_some() {
        &[0, 1]
    } else if node.downcast_ref::<ProjectionExec>().is_some()
        || node.downcast_ref::<FilterExec>().is_some()
        || node.downcast_ref::<CooperativeExec>().is_some()
    {
        &[0]
    } else {
        &[]
    }
}

/// Whether a private plan reads files, and filters and computes row by row.
fn is_scan(inner: &Plan) -> bool {
    let by_row = inner.downcast_ref::<ProjectionExec>().is_some()
        || inner.downcast_ref::<FilterExec>().is_some()
        || inner.downcast_ref::<CooperativeExec>().is_some();
    match inner.children().as_slice() {
        [] => scan(inner).is_some_and(|config| config.limit.is_none()),
        [below] => by_row && inner.fetch().is_none() && is_scan(below),
        _ => false,
    }
}

fn scan(node: &Plan) -> Option<&FileScanConfig> {
    let source = node.downcast_ref::<DataSourceExec>()?;
    source.data_source().downcast_ref::<FileScanConfig>()
}

/// Types without children, which are all that travels.
fn flat(kind: &DataType) -> bool {
    !kind.is_nested()
        && !matches!(
            kind,
            DataType::Dictionary(_, _) | DataType::RunEndEncoded(_, _)
        )
}
