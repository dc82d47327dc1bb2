//! How a plan in stages is made and named, the same by whoever makes it.

use crate::execute::plan_preparation::OptimizedPlan;
use crate::limits::QueryResourceLimits;
use datafusion::execution::session_state::SessionState;
use datafusion::physical_plan::displayable;
use hansa_audit_log::digest::Digest;

/// Partitions of each task: a plan with one has no stages, since no rows are dealt by their keys.
const PARTITIONS: usize = 2;

/// The limits with which a plan in stages is made, whoever makes it.
pub(crate) const fn limits_in_stages(limits: &QueryResourceLimits) -> QueryResourceLimits {
    let mut staged = *limits;
    staged.partitions = PARTITIONS;
    staged
}

/// The session in which a plan in stages is made: rows are dealt by their keys or not at all.
pub(crate) fn planning_session(mut state: SessionState) -> SessionState {
    let options = state.config_mut().options_mut();
    options.optimizer.enable_round_robin_repartition = false;
    state
}

/// What names a plan: who makes the same of the same question gets the same.
pub(super) fn digest(made: &OptimizedPlan) -> Digest {
    let logical = made.optimized.display_indent_schema().to_string();
    let physical = displayable(made.physical.as_ref()).indent(true).to_string();
    Digest::of_parts(&[logical.as_bytes(), physical.as_bytes()])
}
