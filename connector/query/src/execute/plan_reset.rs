//! Copies of physical plans with fresh nodes, since a node can run only once.

use crate::limits::QueryResourceLimits;
use datafusion::physical_plan::ExecutionPlan;
use datafusion_common::Result;
use datafusion_common::tree_node::{
    Transformed, TransformedResult as _, TreeNode as _, TreeNodeRecursion,
};
use std::sync::Arc;

/// Limits that affect the shape of a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PlanSizing {
    partitions: usize,
    batch_rows: usize,
    optimizer_passes: usize,
    /// Cores, where nothing in the answer depends on how rows are dealt between them.
    cores: Option<usize>,
}

impl PlanSizing {
    /// Extracts the sizing from `limits`.
    pub(crate) const fn of(limits: &QueryResourceLimits) -> Self {
        Self {
            partitions: limits.partitions,
            batch_rows: limits.batch_rows,
            optimizer_passes: limits.optimizer_passes,
            cores: None,
        }
    }

    /// Sets the number of cores among which the plan may distribute rows.
    pub(crate) const fn at_cores(mut self, cores: Option<usize>) -> Self {
        self.cores = cores;
        self
    }
}

/// Copies a plan with fresh nodes. `own` makes the copies of nodes that are not the engine's.
///
/// # Errors
/// An error if a node can't be made.
pub(crate) fn reset_plan(
    plan: Arc<dyn ExecutionPlan>,
    own: impl Fn(&Arc<dyn ExecutionPlan>) -> Option<Result<Arc<dyn ExecutionPlan>>>,
) -> Result<Arc<dyn ExecutionPlan>> {
    plan.transform_up(|node| {
        let node = match own(&node) {
            Some(own) => own?,
            None => node.reset_state()?,
        };
        Ok(Transformed::yes(node))
    })
    .data()
}

/// Number of nodes of a plan, or `None` if a node is not known to be resettable. `own` decides for nodes that are not the engine's.
pub(crate) fn count_nodes(
    plan: &Arc<dyn ExecutionPlan>,
    mut own: impl FnMut(&Arc<dyn ExecutionPlan>) -> bool,
) -> Option<usize> {
    let (mut nodes, mut known) = (0_usize, true);
    let walked = plan.apply(|node| {
        nodes = nodes.saturating_add(1);
        known &= KNOWN.contains(&node.name()) || own(node);
        Ok(TreeNodeRecursion::Continue)
    });
    (walked.is_ok() && known).then_some(nodes)
}

/// Engine nodes whose state `reset_state` renews, according to their source (DataFusion 55.2). Other nodes keep shared state or
/// counters.
const KNOWN: [&str; 18] = [
    "AggregateExec",
    "CoalesceBatchesExec",
    "CoalescePartitionsExec",
    "CooperativeExec",
    "CrossJoinExec",
    "DataSourceExec",
    "EmptyExec",
    "FilterExec",
    "GlobalLimitExec",
    "HashJoinExec",
    "LocalLimitExec",
    "PlaceholderRowExec",
    "ProjectionExec",
    "RepartitionExec",
    "SortExec",
    "SortExec(TopK)",
    "SortPreservingMergeExec",
    "UnionExec",
];

/// Maximum number of nodes of a cached plan.
pub(crate) const NODES: usize = 64;

/// Number of runs after which a plan is made anew. The engine's scans share their counters over all runs, and each run adds some
/// kilobytes.
pub(crate) const RUNS: usize = 64;
