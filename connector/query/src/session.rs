//! A session for one question: nothing registered, no statistics, no way round the gate.

pub(crate) mod projection_marker;
#[cfg(test)]
mod tests;

use crate::limits::QueryResourceLimits;
use datafusion::execution::TaskContext;
use datafusion::execution::context::QueryPlanner;
use datafusion::execution::runtime_env::RuntimeEnv;
use datafusion::execution::session_state::{SessionState, SessionStateBuilder};
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
    // A sort with a limit that runs per partition shares one threshold among all of them and leaves out columns that are
    // constant in each: over a union whose arms hold constants of their own, rows of other arms are lost (55.2).
    options.optimizer.repartition_sorts = false;
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
        .build()
}

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
pub fn optimized(
    state: &SessionState,
    plan: LogicalPlan,
) -> datafusion_common::Result<LogicalPlan> {
    let marked = projection_marker::marked(in_set::folded(plan)?)?;
    projection_marker::unmarked(state.optimize(&marked)?)
}
