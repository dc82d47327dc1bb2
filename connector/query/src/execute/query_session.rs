//! The session of one question, and what plans it.

use super::cancellation::CancellationSignal;
use super::physical_planner::GovernedQueryPlanner;
use crate::limits::QueryResourceLimits;
use crate::runtime::{QueryMemoryPool, QueryRuntime};
use crate::session;
use crate::snapshot::registry::SnapshotSet;
use datafusion::execution::session_state::SessionState;
use hansa_policy::refusal::Refusal;
use std::sync::Arc;

/// A session for one question. With `fixing_order` its last sorting or grouping is in a total order.
///
/// # Errors
/// What the runtime has no room for.
pub(super) fn state(
    holdings: &SnapshotSet,
    runtime: &QueryRuntime,
    limits: &QueryResourceLimits,
    watch: &CancellationSignal,
    fixing_order: bool,
) -> Result<(SessionState, Arc<QueryMemoryPool>), Refusal> {
    let (environment, pool) = runtime.environment(limits)?;
    let planner = planner(holdings, runtime, limits, watch).fixing_order(fixing_order);
    let state = session::fresh(limits, environment, Arc::new(planner));
    Ok((state, pool))
}

/// What plans a question.
pub(super) fn planner(
    holdings: &SnapshotSet,
    runtime: &QueryRuntime,
    limits: &QueryResourceLimits,
    watch: &CancellationSignal,
) -> GovernedQueryPlanner {
    GovernedQueryPlanner::new(
        holdings.clone(),
        *limits,
        runtime.databases().clone(),
        watch.clone(),
        #[cfg(test)]
        runtime.mutant,
    )
}
