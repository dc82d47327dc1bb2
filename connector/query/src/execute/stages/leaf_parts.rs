//! Parts of a governed leaf for several tasks. A part contains the row groups that begin in one section of each file. Where a
//! contract shows cells alone, a task returns aggregate states of the part and never a row.

use super::exact_aggregates::{is_sendable_type, why_not_exact};
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

/// Checks that the rows of a leaf may be distributed among tasks.
pub(super) fn is_dealable(leaf: &GovernedScanExec) -> bool {
    leaf.rows().is_some() && (is_scan(leaf.inner_plan()) || is_cells(leaf.inner_plan()))
}

/// Opens the cells of a plan: tasks return aggregate states, and the merge and the thresholds follow above these within the same
/// gate.
///
/// # Errors
/// An error if the engine refuses its own nodes.
pub(super) fn open_cells(plan: Plan) -> Result<Plan> {
    let cells_opened = plan.transform_up(|node| {
        let Some(leaf) = node.downcast_ref::<GovernedScanExec>() else {
            return Ok(Transformed::no(node));
        };
        if !is_dealable(leaf) || is_scan(leaf.inner_plan()) {
            return Ok(Transformed::no(node));
        }
        let inner = Arc::clone(leaf.inner_plan()).transform_down(|node| {
            let Some(whole) = node.downcast_ref::<AggregateExec>() else {
                return Ok(Transformed::no(node));
            };
            let together = in_parts(leaf, whole)?;
            Ok(Transformed::new(together, true, TreeNodeRecursion::Stop))
        });
        let opened: Plan = Arc::new(leaf.with_opened_inner(inner?.data));
        Ok(Transformed::yes(opened))
    });
    Ok(cells_opened?.data)
}

/// Merges the aggregates of cells from the states of several tasks.
// INVARIANT: cells-in-states. Where a contract shows cells alone, no row is exchanged between machines.
fn in_parts(leaf: &GovernedScanExec, whole: &AggregateExec) -> Result<Plan> {
    let states = states_of(whole)?;
    put_together(whole, Arc::new(leaf.to_state_leaf(states)))
}

/// Splits an aggregate into partial aggregates for all partitions and a final merge.
///
/// # Errors
/// An error if the engine refuses its own nodes.
pub(super) fn in_two_phases(whole: &AggregateExec) -> Result<Plan> {
    put_together(whole, states_of(whole)?)
}

fn states_of(whole: &AggregateExec) -> Result<Plan> {
    let states = AggregateExec::try_new(
        AggregateMode::Partial,
        whole.group_expr().clone(),
        whole.aggr_expr().to_vec(),
        whole.filter_expr().to_vec(),
        Arc::clone(whole.input()),
        whole.input_schema(),
    )?;
    Ok(Arc::new(states))
}

fn put_together(whole: &AggregateExec, states: Plan) -> Result<Plan> {
    let together = AggregateExec::try_new(
        AggregateMode::Final,
        whole.group_expr().as_final(),
        whole.aggr_expr().to_vec(),
        whole.filter_expr().to_vec(),
        Arc::new(CoalescePartitionsExec::new(states)),
        whole.input_schema(),
    )?;
    Ok(Arc::new(together))
}

/// Checks that a leaf returns only a part of its rows or states.
pub(super) fn gives_parts(leaf: &GovernedScanExec) -> bool {
    let states = leaf.inner_plan().downcast_ref::<AggregateExec>();
    let of_rows = |states: &AggregateExec| {
        *states.mode() == AggregateMode::Partial && is_scan(states.input())
    };
    leaf.rows().is_some() && (is_scan(leaf.inner_plan()) || states.is_some_and(of_rows))
}

/// Creates part number `part` of `of` parts of a leaf.
///
/// # Errors
/// An error if the engine refuses its own nodes.
pub(super) fn create_leaf_part(leaf: &GovernedScanExec, part: u32, of: u32) -> Result<Plan> {
    let inner = Arc::clone(leaf.inner_plan()).transform_down(|node| {
        let Some(config) = find_file_scan(&node) else {
            return Ok(Transformed::no(node));
        };
        Ok(Transformed::yes(some_of(config, part, of)))
    })?;
    Ok(Arc::new(leaf.with_inner(inner.data)))
}

/// Scan of one part.
fn some_of(config: &FileScanConfig, part: u32, of: u32) -> Plan {
    let files = files_of(config, part, of);
    let config = FileScanConfigBuilder::from(config.clone())
        .with_file_groups(vec![FileGroup::new(files)])
        .build();
    DataSourceExec::from_data_source(config)
}

/// Sections of all files for one part. A row group belongs to the part in which it begins.
fn files_of(config: &FileScanConfig, part: u32, of: u32) -> Vec<PartitionedFile> {
    let bound = |size: u64, part: u32| {
        let at = u128::from(size) * u128::from(part) / u128::from(of.max(1));
        i64::try_from(at).unwrap_or(i64::MAX)
    };
    let files = config.file_groups.iter().flat_map(FileGroup::iter);
    files
        .map(|file| {
            let size = file.object_meta.size;
            let mut file = file.clone();
            file.range = Some(FileRange {
                start: bound(size, part),
                end: bound(size, part.saturating_add(1)),
            });
            file
        })
        .collect()
}

/// Creates a leaf that `cores` cores of this machine read in parallel, if its rows can be distributed. The leaf still returns
/// complete cells; the rows of cells are distributed inside the gate.
///
/// # Errors
/// An error if the engine refuses its own nodes.
pub(crate) fn deal_locally(leaf: GovernedScanExec, cores: usize) -> Result<GovernedScanExec> {
    let Some(stored) = leaf.rows().filter(|_| cores > 1 && is_dealable(&leaf)) else {
        return Ok(leaf);
    };
    let inner = Arc::clone(leaf.inner_plan()).transform_up(|node| {
        if let Some(config) = find_file_scan(&node) {
            let dealt = some_at_once(config, stored, cores);
            return Ok(Transformed::yes(dealt));
        }
        match node.downcast_ref::<AggregateExec>() {
            None => Ok(Transformed::no(node)),
            Some(whole) => Ok(Transformed::yes(in_two_phases(whole)?)),
        }
    })?;
    match is_scan(&inner.data) {
        true => Ok(leaf.with_dealt_rows(inner.data)),
        false => Ok(leaf.with_cells_of_dealt_rows(inner.data)),
    }
}

/// Scan of all parts by `cores` partitions. An idle partition takes the next part.
fn some_at_once(config: &FileScanConfig, stored: u64, cores: usize) -> Plan {
    let groups = usize::try_from(stored / ROWS_OF_PART).unwrap_or(usize::MAX);
    let most = cores.saturating_mul(PARTS_PER_CORE);
    let parts = u32::try_from(groups.clamp(cores, most)).unwrap_or(u32::MAX);
    let mut dealt = vec![Vec::new(); cores];
    for part in 0..parts {
        let files = files_of(config, part, parts);
        let partition = usize::try_from(part).unwrap_or_default() % cores.max(1);
        if let Some(dealt) = dealt.get_mut(partition) {
            dealt.extend(files);
        }
    }
    let config = FileScanConfigBuilder::from(config.clone())
        .with_file_groups(dealt.into_iter().map(FileGroup::new).collect())
        .with_preserve_order(false)
        .build();
    DataSourceExec::from_data_source(config)
}

/// Number of parts for each core. Small parts shorten the wait for the last core.
const PARTS_PER_CORE: usize = 8;

/// Minimum number of stored rows in a part.
const ROWS_OF_PART: u64 = 65_536;

/// Checks that a private plan computes cells of such rows by aggregates with mergeable states.
fn is_cells(inner: &Plan) -> bool {
    if let Some(whole) = inner.downcast_ref::<AggregateExec>() {
        let mut states = whole.aggr_expr().iter().map(|call| call.state_fields());
        let travel = states.all(|fields| {
            fields.is_ok_and(|fields| {
                fields
                    .iter()
                    .all(|field| is_sendable_type(field.data_type()))
            })
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

/// Checks that a private plan reads files and only filters and computes row by row.
fn is_scan(inner: &Plan) -> bool {
    let by_row =
        inner.is::<ProjectionExec>() || inner.is::<FilterExec>() || inner.is::<CooperativeExec>();
    match inner.children().as_slice() {
        [] => find_file_scan(inner).is_some_and(|config| config.limit.is_none()),
        [below] => by_row && inner.fetch().is_none() && is_scan(below),
        _ => false,
    }
}

fn find_file_scan(node: &Plan) -> Option<&FileScanConfig> {
    let source = node.downcast_ref::<DataSourceExec>()?;
    source.data_source().downcast_ref::<FileScanConfig>()
}
