//! A session for one question: nothing registered, no statistics, no way round the gate.

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

/// The settings of every session here.
#[must_use]
pub fn config(limits: &QueryResourceLimits) -> SessionConfig {
    let mut config = SessionConfig::new()
        .with_information_schema(false)
        .with_create_default_catalog_and_schema(false)
        .with_target_partitions(limits.partitions.max(1))
        .with_batch_size(limits.batch_rows.max(1))
        .with_collect_statistics(false);
    let options = config.options_mut();
    // Keys of one table would travel into the scan of another. The umbrella alone does nothing.
    options.optimizer.enable_dynamic_filter_pushdown = false;
    options.optimizer.enable_join_dynamic_filter_pushdown = false;
    options.optimizer.enable_topk_dynamic_filter_pushdown = false;
    options.optimizer.enable_aggregate_dynamic_filter_pushdown = false;
    // It reserves memory for ten times the LIMIT before a row has come.
    options.optimizer.enable_topk_aggregation = false;
    // A sort with a limit that runs per partition shares one threshold among all of them and leaves out columns that are
    // constant in each: over a union whose arms hold constants of their own, rows of other arms are lost (55.2).
    options.optimizer.repartition_sorts = false;
    // It makes one condition of those of two queries, which the simplifier then takes for conditions of one.
    options.optimizer.enable_unions_to_filter = false;
    options.optimizer.max_passes = limits.optimizer_passes;
    // It takes another nullability of a column for another column.
    options.execution.skip_physical_aggregate_schema_check = true;
    // TIMESTAMP WITH TIME ZONE has a zone.
    options.execution.time_zone = Some("UTC".to_owned());
    options.sql_parser.map_string_types_to_utf8view = false;
    options.execution.parquet.schema_force_view_types = false;
    options.execution.parquet.pushdown_filters = false;
    options.execution.parquet.reorder_filters = false;
    config
}

/// A fresh session in `environment` that plans with `planner`.
#[must_use]
pub fn fresh(
    limits: &QueryResourceLimits,
    environment: Arc<RuntimeEnv>,
    planner: Arc<dyn QueryPlanner + Send + Sync>,
) -> SessionState {
    SessionStateBuilder::new()
        .with_config(config(limits))
        .with_runtime_env(environment)
        .with_query_planner(planner)
        .with_optimizer_rules(optimizer_rules())
        .with_physical_optimizer_rules(physical_optimizer_rules())
        .build()
}

/// The rules of the engine for physical plans, with our own in the place of those that are wrong.
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

/// The rules of the engine's optimizer, with our own in the place of those that are wrong.
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

/// Takes constants out of the keys of a group, and takes a key and a cast of it for one column (DataFusion 55.2).
const GROUP_RULE: &str = "eliminate_group_by_constant";

/// What a plan that is ready needs of a session to run in `environment`.
#[must_use]
pub fn context(config: SessionConfig, environment: Arc<RuntimeEnv>) -> Arc<TaskContext> {
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

/// The plan after the engine's optimizer; called instead of the session's own, which loses steps (see `apart`). Its long lists of
/// values are functions from here on.
///
/// # Errors
/// What the optimizer says.
pub fn optimize_plan(
    state: &SessionState,
    plan: LogicalPlan,
) -> datafusion_common::Result<LogicalPlan> {
    let ready = protect(in_set::fold_in_lists(use_sound_forms(plan)?)?)?;
    projection_marker::remove_projection_marks(state.optimize(&ready)?)
}

/// The plan with marks where the optimizer would merge what differs; `projection_marker::remove_projection_marks` takes them away.
///
/// # Errors
/// When the plan can't be put together again.
pub(crate) fn protect(plan: LogicalPlan) -> datafusion_common::Result<LogicalPlan> {
    projection_marker::mark_projections(comparison_marker::mark_comparisons(plan)?)
}
