//! Plans that run at several cores of this machine. The answer must not depend on the distribution of rows; the rule is the one for
//! plans in stages at workers.

use crate::core_pool::CoreShare;
use crate::engine_error;
use crate::execute::gated_leaf::GovernedScanExec;
use crate::execute::physical_planner::GovernedQueryPlanner;
use crate::execute::plan_preparation::optimize_and_plan;
use crate::execute::stages::eligibility::why_at_one_core;
use crate::execute::stages::plan_name::planning_session;
use crate::limits::QueryResourceLimits;
use crate::session;
use crate::snapshot::registry::SnapshotSet;
use datafusion::execution::runtime_env::RuntimeEnv;
use datafusion::physical_plan::ExecutionPlan;
use datafusion_common::tree_node::TreeNode as _;
use datafusion_expr::LogicalPlan;
use hansa_policy::refusal::Refusal;
use std::sync::Arc;

/// Checks that a question over these snapshots is large enough for more than one core.
pub(super) fn is_worth_cores(holdings: &SnapshotSet, limits: &QueryResourceLimits) -> bool {
    let stored = holdings.values().map(|snapshot| snapshot.dataset.rows);
    limits.cores > 1 && stored.max().unwrap_or_default() >= limits.rows_for_cores
}

/// Checks that a plan distributes rows among several cores.
pub(super) fn is_dealt(plan: &Arc<dyn ExecutionPlan>) -> bool {
    let found = plan.exists(|node| {
        let leaf = node.downcast_ref::<GovernedScanExec>();
        Ok(leaf.is_some_and(GovernedScanExec::is_dealt))
    });
    found.unwrap_or_default()
}

/// Planner of one question for several cores.
pub(super) struct CorePlanner {
    pub(super) planner: GovernedQueryPlanner,
    pub(super) limits: QueryResourceLimits,
    pub(super) environment: Arc<RuntimeEnv>,
    pub(super) share: CoreShare,
}

impl CorePlanner {
    /// Creates the plan for these cores. Returns no plan if the answer could depend on the distribution of rows; then all cores but
    /// one go back to the pool.
    ///
    /// # Errors
    /// Those of planning.
    pub(super) fn plan(
        self,
        plan: LogicalPlan,
    ) -> Result<(Option<Arc<dyn ExecutionPlan>>, CoreShare), Refusal> {
        let mut share = self.share;
        let limits = QueryResourceLimits {
            partitions: share.count(),
            ..self.limits
        };
        let planner = self.planner.for_cores(share.count());
        let state = session::create_session(&limits, self.environment, Arc::new(planner));
        let made = optimize_and_plan(plan, &planning_session(state))?;
        let why =
            why_at_one_core(&made).map_err(|error| engine_error::execution_refusal(&error))?;
        if let Some(why) = why {
            tracing::debug!(name: "cores.one", %why);
            share.keep_one();
            return Ok((None, share));
        }
        Ok((Some(made.physical), share))
    }
}

#[cfg(test)]
mod tests;
