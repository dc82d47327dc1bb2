//! Session of one question and its planner.

use super::cancellation::CancellationSignal;
use super::physical_planner::GovernedQueryPlanner;
use super::query_resources::QueryResources;
use crate::runtime::QueryMemoryPool;
use crate::session;
use datafusion::execution::session_state::SessionState;
use hansa_policy::refusal::Refusal;
use std::sync::Arc;

/// Creates a session for one question.
///
/// # Errors
/// A refusal if the runtime can't provide the resources.
pub(super) fn create_query_session(
    resources: QueryResources<'_>,
    watch: &CancellationSignal,
    plan: PlanUse,
) -> Result<(SessionState, Arc<QueryMemoryPool>), Refusal> {
    let limits = resources.limits;
    let (environment, pool) = resources.runtime.environment(limits)?;
    let planner = create_planner(resources, watch);
    let planner = match plan {
        PlanUse::Home => planner,
        PlanUse::Stages => planner.for_stages(),
    };
    let state = session::create_session(limits, environment, Arc::new(planner));
    Ok((state, pool))
}

/// Target of the planning.
#[derive(Debug, Clone, Copy)]
pub(super) enum PlanUse {
    /// One core of this machine.
    Home,
    /// Stages at workers.
    Stages,
}

/// Creates the planner of a question.
pub(super) fn create_planner(
    resources: QueryResources<'_>,
    watch: &CancellationSignal,
) -> GovernedQueryPlanner {
    let QueryResources {
        holdings,
        runtime,
        limits,
    } = resources;
    GovernedQueryPlanner::new(
        holdings.clone(),
        *limits,
        runtime.databases().clone(),
        watch.clone(),
        Arc::clone(&runtime.gate),
    )
}
