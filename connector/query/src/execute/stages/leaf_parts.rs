//! A governed leaf as each of several tasks reads it: the row groups that begin in a part of each of its files. Where a contract shows
//! cells alone, what a task gives of them are states of their aggregates, and never a row.

use super::exact_aggregates::{travels, why_not_exact};
use crate::execute::gated_leaf::GovernedScanExec;
use datafusion::datasource::listing::{FileRange, PartitionedFile};
use datafusion::datasource::physical_plan::{FileGroup, FileScanConfig, FileScanConfigBuilder};
use datafusion::datasource::source::DataSourceExec;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::aggregates::{AggregateExec, AggregateMode};
use datafusion::physical_plan::coalesce_partitions::CoalescePartitionsExec;
use datafusion::physical_plan::coop::CooperativeExec;
use datafusion::physical_plan::filter::FilterExec;
use datafusion::physical_plan::projection::ProjectionExec;
use datafusion::physical_plan::sorts::sort::SortExec;
use datafusion_common::Result;
use datafusion_common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use std::sync::Arc;

type Plan = Arc<dyn ExecutionPlan>;

/// Whether the rows of a leaf may be dealt among tasks.
pub(super) fn is_dealable(leaf: &GovernedScanExec) -> bool {
    leaf.rows().is_some() && (is_scan(leaf.inner()) || is_cells(leaf.inner()))
}

/// The plan with its cells opened: tasks give the states of their aggregates, and above these, within the same gate, stand what puts
/// them together and the thresholds.
///
/// # Errors
/// When the engine does not take its own nodes.
pub(super) fn opened(plan: Plan) -> Result<Plan> {
    let cells_opened = plan.transform_up(|node| {
        let Some(leaf) = node.downcast_ref::<GovernedScanExec>() else {
            return Ok(Transformed::no(node));
        };
        if !is_dealable(leaf) || is_scan(leaf.inner()) {
            return Ok(Transformed::no(node));
        }
        let inner = Arc::clone(leaf.inner()).transform_down(|node| {
            let Some(whole) = node.downcast_ref::<AggregateExec>() else {
                return Ok(Transformed::no(node));
            };
            let together = in_parts(leaf, whole)?;
            Ok(Transformed::new(together, true, TreeNodeRecursion::Stop))
        });
        let opened: Plan = Arc::new(leaf.opened(inner?.data));
        Ok(Transformed::yes(opened))
    });
    Ok(cells_opened?.data)
}

/// The aggregates of cells, put together of the states that tasks give.
// INVARIANT: cells-in-states. Where a contract shows cells alone, no row is exchanged between machines.
fn in_parts(leaf: &GovernedScanExec, whole: &AggregateExec) -> Result<Plan> {
    let aggregate = |mode, groups, below| {
        AggregateExec::try_new(
            mode,
            groups,
            whole.aggr_expr().to_vec(),
            whole.filter_expr().to_vec(),
            below,
            whole.input_schema(),
        )
    };
    let rows = Arc::clone(whole.input());
    let states = aggregate(AggregateMode::Partial, whole.group_expr().clone(), rows)?;
    let states: Plan = Arc::new(leaf.states(Arc::new(states)));
    let states: Plan = Arc::new(CoalescePartitionsExec::new(states));
    let groups = whole.group_expr().as_final();
    let together = aggregate(AggregateMode::Final, groups, states)?;
    Ok(Arc::new(together))
}

/// Whether a leaf gives rows or states that are a part of what it would give alone.
pub(super) fn gives_parts(leaf: &GovernedScanExec) -> bool {
    let states = leaf.inner().downcast_ref::<AggregateExec>();
    let of_rows = |states: &AggregateExec| {
        *states.mode() == AggregateMode::Partial && is_scan(states.input())
    };
    leaf.rows().is_some() && (is_scan(leaf.inner()) || states.is_some_and(of_rows))
}

/// The part of a leaf that one of so many tasks reads.
///
/// # Errors
/// When the engine does not take its own nodes.
pub(super) fn deal(leaf: &GovernedScanExec, part: u32, of: u32) -> Result<Plan> {
    let inner = Arc::clone(leaf.inner()).transform_down(|node| {
        let Some(config) = scan(&node) else {
            return Ok(Transformed::no(node));
        };
        Ok(Transformed::yes(some_of(config, part, of)))
    })?;
    Ok(Arc::new(leaf.with_inner(inner.data)))
}

/// The scan of a part: each row group belongs to the part of its file in which it begins.
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

/// Whether a private plan makes cells of such rows by aggregates that can be put together of states.
fn is_cells(inner: &Plan) -> bool {
    if let Some(whole) = inner.downcast_ref::<AggregateExec>() {
        let mut states = whole.aggr_expr().iter().map(|call| call.state_fields());
        let travel = states.all(|fields| {
            fields.is_ok_and(|fields| fields.iter().all(|field| travels(field.data_type())))
        });
        let at_once = matches!(
            whole.mode(),
            AggregateMode::Single | AggregateMode::SinglePartitioned
        );
        return at_once && travel && why_not_exact(whole).is_none() && is_scan(whole.input());
    }
    let sorts = inner.downcast_ref::<SortExec>();
    let by_row = inner.is::<ProjectionExec>() || inner.is::<FilterExec>() || sorts.is_some();
    match inner.children().as_slice() {
        [below] => by_row && inner.fetch().is_none() && is_cells(below),
        _ => false,
    }
}

/// Whether a private plan reads files, and filters and computes row by row.
fn is_scan(inner: &Plan) -> bool {
    let by_row =
        inner.is::<ProjectionExec>() || inner.is::<FilterExec>() || inner.is::<CooperativeExec>();
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
