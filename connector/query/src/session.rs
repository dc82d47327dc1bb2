//! Session of one question: no registered tables, no statistics, and no access that bypasses enforcement.

pub(crate) mod comparison_marker;
mod cross_join_rule;
mod distinct_limit_rule;
mod equijoin_rule;
mod filter_rule;
pub(crate) mod join_key_columns;
mod outer_join_rule;
mod physical_filter_rule;
mod physical_projection_rule;
pub(crate) mod projection_marker;
mod single_distinct_rule;
#[cfg(test)]
mod tests;

use crate::limits::QueryResourceLimits;
use crate::session::cross_join_rule::CrossJoinRule;
use crate::session::distinct_limit_rule::DistinctLimitRule;
use crate::session::equijoin_rule::EquijoinRule;
use crate::session::filter_rule::FilterRule;
use crate::session::outer_join_rule::OuterJoinRule;
use crate::session::physical_filter_rule::PhysicalFilterRule;
use crate::session::physical_projection_rule::PhysicalProjectionRule;
use crate::session::single_distinct_rule::SingleDistinctRule;
use crate::sql::sound_forms::use_sound_forms;
use datafusion::execution::TaskContext;
use datafusion::execution::context::QueryPlanner;
use datafusion::execution::runtime_env::RuntimeEnv;
use datafusion::execution::session_state::{SessionState, SessionStateBuilder};
use datafusion::optimizer::{Optimizer, OptimizerRule};
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_optimizer::optimizer::PhysicalOptimizer;
use datafusion::prelude::SessionConfig;
use datafusion_expr::LogicalPlan;
use hansa_enforcement::in_set;
use std::collections::HashMap;
use std::sync::Arc;

/// Settings of every session in this package.
#[must_use]
pub fn session_config(limits: &QueryResourceLimits) -> SessionConfig {
    let mut config = SessionConfig::new()
        .with_information_schema(false)
        .with_create_default_catalog_and_schema(false)
        .with_target_partitions(limits.partitions.max(1))
        .with_batch_size(limits.batch_rows.max(1))
        .with_collect_statistics(false);
    let options = config.options_mut();
    // Dynamic filters would carry keys of one table into the scan of another. The general switch alone has no effect.
    options.optimizer.enable_dynamic_filter_pushdown = false;
    options.optimizer.enable_join_dynamic_filter_pushdown = false;
    options.optimizer.enable_topk_dynamic_filter_pushdown = false;
    options.optimizer.enable_aggregate_dynamic_filter_pushdown = false;
    // This optimisation reserves memory for ten times the LIMIT before the first row.
    options.optimizer.enable_topk_aggregation = false;
    // A sort with a limit in several partitions has one common threshold and ignores columns that are constant within a partition.
    // Over a union whose arms contain different constants, rows of other arms are lost (55.2).
    options.optimizer.repartition_sorts = false;
    // This rule merges the conditions of two queries into one, and the simplifier then treats them as conditions on one row.
    options.optimizer.enable_unions_to_filter = false;
    options.optimizer.max_passes = limits.optimizer_passes;
    // It takes another nullability of a column for another column.
    options.execution.skip_physical_aggregate_schema_check = true;
    // TIMESTAMP WITH TIME ZONE needs a zone.
    options.execution.time_zone = Some("UTC".to_owned());
    options.sql_parser.map_string_types_to_utf8view = false;
    options.execution.parquet.schema_force_view_types = false;
    options.execution.parquet.pushdown_filters = false;
    options.execution.parquet.reorder_filters = false;
    config
}

/// Creates a session in `environment` with this planner.
#[must_use]
pub fn create_session(
    limits: &QueryResourceLimits,
    environment: Arc<RuntimeEnv>,
    planner: Arc<dyn QueryPlanner + Send + Sync>,
) -> SessionState {
    SessionStateBuilder::new()
        .with_config(session_config(limits))
        .with_runtime_env(environment)
        .with_query_planner(planner)
        .with_optimizer_rules(optimizer_rules())
        .with_physical_optimizer_rules(physical_optimizer_rules())
        .build()
}

/// Physical optimizer rules of the engine, with replacements for incorrect ones.
fn physical_optimizer_rules() -> Vec<Arc<dyn PhysicalOptimizerRule + Send + Sync>> {
    let rules = PhysicalOptimizer::new().rules.into_iter();
    let last: Arc<dyn PhysicalOptimizerRule + Send + Sync> = Arc::new(DistinctLimitRule);
    rules
        .flat_map(
            |rule| -> Vec<Arc<dyn PhysicalOptimizerRule + Send + Sync>> {
                match rule.name() {
                    OuterJoinRule::BEFORE => vec![Arc::new(OuterJoinRule), rule],
                    PhysicalFilterRule::NAME => vec![Arc::new(PhysicalFilterRule::new(rule))],
                    PhysicalProjectionRule::NAME => {
                        vec![Arc::new(PhysicalProjectionRule::new(rule))]
                    }
                    _ => vec![rule],
                }
            },
        )
        .chain([last])
        .collect()
}

/// Logical optimizer rules of the engine, with replacements for incorrect ones.
pub(crate) fn optimizer_rules() -> Vec<Arc<dyn OptimizerRule + Send + Sync>> {
    let ours: [Arc<dyn OptimizerRule + Send + Sync>; 4] = [
        Arc::new(CrossJoinRule::default()),
        Arc::new(EquijoinRule::default()),
        Arc::new(FilterRule::default()),
        Arc::new(SingleDistinctRule::default()),
    ];
    let rules = Optimizer::new().rules.into_iter();
    rules
        .filter(|rule| rule.name() != GROUP_RULE)
        .map(|rule| {
            let own = ours.iter().find(|own| own.name() == rule.name());
            own.map_or(rule, Arc::clone)
        })
        .collect()
}

/// Omitted rule: it removes constants from group keys, and treats a key and a cast of it as one column (DataFusion 55.2).
const GROUP_RULE: &str = "eliminate_group_by_constant";

/// Task context for a prepared plan in `environment`.
#[must_use]
pub fn task_context(config: SessionConfig, environment: Arc<RuntimeEnv>) -> Arc<TaskContext> {
    Arc::new(TaskContext::new(
        None,
        String::new(),
        config,
        HashMap::new(),
        HashMap::new(),
        HashMap::new(),
        HashMap::new(),
        environment,
    ))
}

/// Optimises a plan. It replaces the session's own method, which loses projections (see `projection_marker`). Long value lists
/// become functions.
///
/// # Errors
/// Errors of the optimizer.
pub fn optimize_plan(
    state: &SessionState,
    plan: LogicalPlan,
) -> datafusion_common::Result<LogicalPlan> {
    let ready = protect_plan(in_set::fold_in_lists(use_sound_forms(plan)?)?)?;
    projection_marker::remove_projection_marks(state.optimize(&ready)?)
}

/// Marks expressions and projections that the optimizer would wrongly merge. `projection_marker::remove_projection_marks` removes
/// the marks.
///
/// # Errors
/// An error if the plan can't be rebuilt.
pub(crate) fn protect_plan(plan: LogicalPlan) -> datafusion_common::Result<LogicalPlan> {
    projection_marker::mark_projections(comparison_marker::mark_comparisons(plan)?)
}
