//! Physical plans that are run more than once: each run has nodes of its own.

use crate::limits::QueryResourceLimits;
use datafusion::physical_plan::ExecutionPlan;
use datafusion_common::Result;
use datafusion_common::tree_node::{
    Transformed, TransformedResult as _, TreeNode as _, TreeNodeRecursion,
};
use std::sync::Arc;

/// What of the limits a plan is made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PlanSizing {
    partitions: usize,
    batch_rows: usize,
    optimizer_passes: usize,
    /// Cores, where nothing in the answer depends on how rows are dealt between them.
    cores: Option<usize>,
}

impl PlanSizing {
    /// That of these limits.
    pub(crate) const fn of(limits: &QueryResourceLimits) -> Self {
        Self {
            partitions: limits.partitions,
            batch_rows: limits.batch_rows,
            optimizer_passes: limits.optimizer_passes,
            cores: None,
        }
    }

    /// The same, for a plan that is dealt between so many cores where it may be.
    pub(crate) const fn at_cores(mut self, cores: Option<usize>) -> Self {
        self.cores = cores;
        self
    }
}

/// The plan with other nodes, which have not run yet; `own` makes those that are not the engine's.
///
/// # Errors
/// When a node can't be made.
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

/// How many nodes a plan has; none where there is one of which it is not known that it can be made fresh. Of those that are not
/// the engine's `own` says whether they can.
pub(crate) fn nodes(
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

/// Nodes of the engine whose state is made anew by `reset_state`, as their source says (55.2); others hold what was shared or counted.
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

/// Plans of so many nodes at most are kept.
pub(crate) const NODES: usize = 64;

/// A plan is made anew after so many runs: the engine's scans share the counters of all of them, some kilobytes each.
pub(crate) const RUNS: usize = 64;
