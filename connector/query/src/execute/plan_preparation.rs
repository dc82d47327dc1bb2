//! Preparation of a permitted plan for its run: optimisation, a second check of its tables, physical planning, and memory
//! accounting for joins and windows.

use super::{build_side_memory, window_memory, yielding_join};
use crate::sql::functions;
use crate::{engine_error, session};
use datafusion::execution::session_state::SessionState;
use datafusion::physical_plan::ExecutionPlan;
use datafusion_expr::LogicalPlan;
use hansa_enforcement::governance_check::still_gated;
use hansa_policy::refusal::Refusal;
use std::sync::Arc;

/// Plan before its preparation for the run.
pub(crate) struct OptimizedPlan {
    pub(super) optimized: LogicalPlan,
    pub(super) physical: Arc<dyn ExecutionPlan>,
}

/// Optimises and plans; on a large stack. The planner of `state` checks the leaves of what it makes.
pub(super) fn optimize_and_plan(
    plan: LogicalPlan,
    state: &SessionState,
) -> Result<OptimizedPlan, Refusal> {
    let optimized = functions::use_sound_calls(plan)
        .and_then(|plan| session::optimize_plan(state, plan))
        .map_err(|error| engine_error::execution_refusal(&error))?;
    still_gated(&optimized)?;
    let physical = futures::executor::block_on(
        state
            .query_planner()
            .create_physical_plan(&optimized, state),
    )
    .map_err(|error| engine_error::execution_refusal(&error))?;
    Ok(OptimizedPlan {
        optimized,
        physical,
    })
}

/// Prepares a plan for the run: joins yield to other tasks, and the memory of joins and windows is counted.
pub(super) fn prepare_to_run(
    physical: Arc<dyn ExecutionPlan>,
) -> Result<Arc<dyn ExecutionPlan>, Refusal> {
    yielding_join::with_yielding_joins(physical)
        .and_then(build_side_memory::with_counted_build_sides)
        .and_then(window_memory::with_counted_windows)
        .map_err(|error| engine_error::execution_refusal(&error))
}
