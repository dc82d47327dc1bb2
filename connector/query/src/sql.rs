//! Planning of SQL texts: a text is measured, parsed, checked against the list of supported SQL, and planned over the tables of a
//! view alone.

pub mod allowlist;
pub mod cube_rewrite;
pub mod day_zone;
mod decimal_types;
pub mod dialect;
mod exact_literals;
mod expansion_limit;
pub mod functions;
mod like_patterns;
mod local_days;
pub mod logical_plan_cache;
pub mod monotonicity;
mod named_columns_join;
mod operator_planner;
pub mod parameters;
pub(crate) mod plan_schema;
pub mod planner_threads;
pub mod query_text;
pub(crate) mod refused_construct;
pub mod resolver;
mod row_number;
pub mod saved_statement;
pub mod sound_forms;
pub mod statement_splitter;
pub mod subquery_joins;
mod time_constants;
mod type_families;
mod type_names;
mod zone_casts;
pub(crate) mod zone_lineage;

use crate::engine_error;
use crate::limits::SqlStatementLimits;
use crate::session;
use crate::sql::resolver::{StatementContextProvider, TableResolver};
use datafusion::optimizer::Analyzer;
use datafusion::sql::planner::SqlToRel;
use datafusion::sql::sqlparser::ast::Statement;
use datafusion_common::config::ConfigOptions;
use datafusion_expr::{InvariantLevel, LogicalPlan};
use hansa_audit_log::time::UtcTimestamp;
use hansa_catalog::query_view::QueryView;
use hansa_enforcement::bound_plan::{BoundPlan, bind};
use hansa_policy::refusal::Refusal;
use std::sync::Arc;

/// Statement planned over the tables that its consumer sees, with types checked and coerced.
#[derive(Debug, Clone)]
pub struct PlannedStatement {
    /// Logical plan.
    pub plan: LogicalPlan,
    /// Set if the statement asks for the plan (`EXPLAIN`) and not for its rows.
    pub explain: bool,
}

/// Plans and binds `sql` over `view` on a planner thread with a large stack, and blocks until it ends.
///
/// `now` is the value of `now()` in the statement.
///
/// # Errors
/// `SQL_TOO_LARGE`, `SQL_TOO_DEEP`, `SQL_SYNTAX`, `ONE_STATEMENT_ONLY`, `STATEMENT_NOT_ALLOWED`, `CONSTRUCT_NOT_ALLOWED`,
/// `DATASET_UNKNOWN`, `COLUMN_UNKNOWN`, `FUNCTION_UNKNOWN`, `SQL_INVALID`; the refusals of the aggregate form; `RESOURCE_LIMIT` if
/// planning exceeds its time limit.
pub fn plan_query(
    sql: &str,
    view: &QueryView,
    limits: &SqlStatementLimits,
    now: UtcTimestamp,
) -> Result<BoundPlan, Refusal> {
    planner_threads::wait_on_planner_thread(limits.planning, planning_task(sql, view, limits, now))
}

/// Plans a statement as [`plan_query`] does, without blocking the caller's thread.
///
/// # Errors
/// Those of [`plan_query`].
pub async fn plan_apart(
    sql: &str,
    view: &QueryView,
    limits: &SqlStatementLimits,
    now: UtcTimestamp,
) -> Result<BoundPlan, Refusal> {
    planner_threads::run_on_planner_thread(limits.planning, planning_task(sql, view, limits, now))
        .await
}

fn planning_task(
    sql: &str,
    view: &QueryView,
    limits: &SqlStatementLimits,
    now: UtcTimestamp,
) -> impl FnOnce() -> Result<BoundPlan, Refusal> + Send + 'static {
    let tables = Arc::new(resolver::ViewTables::new(view));
    let (sql, limits) = (sql.to_owned(), *limits);
    move || {
        let PlannedStatement { plan, explain } =
            plan_on_current_thread(&sql, tables, &limits, now)?;
        let plan = functions::concatenation::limit_concatenations(plan)
            .map_err(|error| engine_error::planning_refusal(&error))?;
        bind(plan, explain)
    }
}

/// Plans `sql` over `tables` on the current thread, for callers that already have a large stack.
///
/// # Errors
/// Those of [`plan_query`] but the last.
pub fn plan_on_current_thread(
    sql: &str,
    tables: Arc<dyn TableResolver>,
    limits: &SqlStatementLimits,
    now: UtcTimestamp,
) -> Result<PlannedStatement, Refusal> {
    let (mut statement, explain) = allowlist::parse_allowed_query(sql, limits, tables.as_ref())?;
    like_patterns::write_with_backslash(&mut statement)?;
    type_names::use_postgresql_types(&mut statement);
    exact_literals::write_exact_literals(&mut statement);
    named_columns_join::set_apart(&mut statement)?;
    let config = session::session_config(&crate::limits::QueryResourceLimits::default());
    let words = StatementContextProvider::new(Arc::clone(&tables), config.options(), now);
    let plan = SqlToRel::new(&words)
        .sql_statement_to_plan(Statement::Query(statement))
        .map_err(|error| engine_error::planning_refusal(&error))?;
    let plan = local_days::name_zones(plan, tables.as_ref())
        .map_err(|error| engine_error::planning_refusal(&error))?;
    let plan = analyze_plan(plan, config.options())
        .map_err(|error| engine_error::planning_refusal(&error))?;
    expansion_limit::check_expansion(&plan, limits.spread)?;
    sound_forms::check_sound_forms(&plan)
        .map_err(|error| engine_error::planning_refusal(&error))?;
    let plan = cube_rewrite::rewrite_blocks(plan)?;
    Ok(PlannedStatement { plan, explain })
}

/// Checks and coerces the types of a plan by the rules of the engine.
///
/// The engine's own function for these rules also refuses subqueries that its optimizer can't join, so it is not used.
pub(crate) fn analyze_plan(
    plan: LogicalPlan,
    options: &Arc<ConfigOptions>,
) -> datafusion_common::Result<LogicalPlan> {
    plan.check_invariants(InvariantLevel::Always)?;
    let rules = Analyzer::new().rules.into_iter();
    let mut plan = type_families::unite_families(plan)?;
    for rule in rules {
        plan = rule.analyze(plan, options)?;
    }
    let plan = zone_casts::use_local_times(plan)?;
    time_constants::refuse_equal_times(&plan, options)?;
    Ok(plan)
}

#[cfg(test)]
mod tests;
