//! How a plan in stages is made and named, the same by whoever makes it.

use super::dealt_joins::{DealtJoins, registry};
use crate::execute::plan_preparation::OptimizedPlan;
use crate::limits::QueryResourceLimits;
use datafusion::execution::session_state::{SessionState, SessionStateBuilder};
use datafusion::physical_plan::displayable;
use hansa_audit_log::digest::Digest;
use std::sync::Arc;

/// Partitions of each task: a plan with one has no stages, since no rows are dealt by their keys.
const PARTITIONS: usize = 2;

/// The limits with which a plan in stages is made, whoever makes it.
pub(crate) const fn limits_in_stages(limits: &QueryResourceLimits) -> QueryResourceLimits {
    let mut staged = *limits;
    staged.partitions = PARTITIONS;
    staged
}

/// The most rows and bytes, by the engine's estimate, of a side of a join that is repeated for each task, so that the other side stays
/// where it is. What is repeated is held against the memory of the question all the same.
const REPEATED: (usize, usize) = (500_000, 64 << 20);

/// The session in which a plan in stages is made: rows are dealt by their keys or not at all, and few rows are repeated where that saves
/// dealing many.
pub(crate) fn planning_session(mut state: SessionState) -> SessionState {
    let options = state.config_mut().options_mut();
    options.optimizer.enable_round_robin_repartition = false;
    let (rows, bytes) = REPEATED;
    options.optimizer.hash_join_single_partition_threshold_rows = rows;
    options.optimizer.hash_join_single_partition_threshold = bytes;
    options.optimizer.use_statistics_registry = true;
    let mut rules = state.physical_optimizers().to_vec();
    let chosen = rules.iter().position(|rule| rule.name() == JOIN_MODES);
    rules.insert(
        chosen.map_or(0, |at| at.saturating_add(1)),
        Arc::new(DealtJoins(registry())),
    );
    SessionStateBuilder::new_from_existing(state)
        .with_physical_optimizer_rules(rules)
        .with_statistics_registry(registry())
        .build()
}

/// The rule of the engine that chooses which side of a join is collected, and whether both are dealt.
const JOIN_MODES: &str = "join_selection";

/// What names a plan: who makes the same of the same question gets the same.
pub(super) fn digest(made: &OptimizedPlan) -> Digest {
    let logical = made.optimized.display_indent_schema().to_string();
    let physical = displayable(made.physical.as_ref()).indent(true).to_string();
    Digest::of_parts(&[logical.as_bytes(), physical.as_bytes()])
}
