//! Deterministic planning in stages and the digest of a plan, which are equal on the connector and all workers.

use super::dealt_joins::{DealtJoins, statistics_registry};
use crate::execute::plan_preparation::OptimizedPlan;
use crate::limits::QueryResourceLimits;
use datafusion::execution::session_state::{SessionState, SessionStateBuilder};
use datafusion::physical_plan::displayable;
use hansa_audit_log::digest::Digest;
use std::sync::Arc;

/// Number of partitions of each task. A plan with one partition has no stages, since no rows are distributed by keys.
const PARTITIONS: usize = 2;

/// Limits for planning in stages, equal on all machines.
pub(crate) const fn limits_in_stages(limits: &QueryResourceLimits) -> QueryResourceLimits {
    let mut staged = *limits;
    staged.partitions = PARTITIONS;
    staged
}

/// Maximum rows and bytes, by the engine's estimate, of a join side that is repeated for each task. The other side then stays in
/// place. The repeated rows still count against the memory of the question.
const REPEATED: (usize, usize) = (500_000, 64 << 20);

/// Session for planning in stages. Rows are distributed by keys or not at all; a small input is repeated where that avoids the
/// distribution of many rows.
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
        Arc::new(DealtJoins(statistics_registry())),
    );
    SessionStateBuilder::new_from_existing(state)
        .with_physical_optimizer_rules(rules)
        .with_statistics_registry(statistics_registry())
        .build()
}

/// Engine rule that chooses the build side of a join and decides to distribute both sides.
const JOIN_MODES: &str = "join_selection";

/// Digest that identifies a plan. Equal plans of equal questions have equal digests.
pub(super) fn plan_digest(made: &OptimizedPlan) -> Digest {
    let logical = made.optimized.display_indent_schema().to_string();
    let physical = displayable(made.physical.as_ref()).indent(true).to_string();
    Digest::of_parts(&[logical.as_bytes(), physical.as_bytes()])
}
