//! Text to plan: counted, parsed, held against a list of what SQL is understood, and planned over a view in which nothing
//! exists that was not put in.

pub mod again;
pub mod allow;
pub mod cube;
pub mod functions;
mod growth;
pub mod names;
pub(crate) mod schemas;
pub mod stack;
pub mod statements;
pub mod steady;

use crate::fault;
use crate::limits::SqlLimits;
use crate::plan::names::{Tables, Words};
use crate::session;
use datafusion::optimizer::Analyzer;
use datafusion::sql::planner::SqlToRel;
use datafusion::sql::sqlparser::ast::Statement;
use datafusion_expr::LogicalPlan;
use hansa_audit_log::time::Time;
use hansa_catalog::view::View;
use hansa_enforcement::bind::{Bound, bind};
use hansa_policy::refusal::Refusal;
use std::sync::Arc;

/// A statement as a plan over the tables that its asker sees, types checked and coerced.
#[derive(Debug, Clone)]
pub struct Planned {
    /// The plan.
    pub plan: LogicalPlan,
    /// Whether the plan itself is asked for (`EXPLAIN`), not its rows.
    pub explain: bool,
}

/// Plans and binds `sql` over `view`, on a thread of its own with a large stack, and waits for it.
///
/// `now` is what `now()` means in the statement.
///
/// # Errors
/// `SQL_TOO_LARGE`, `SQL_TOO_DEEP`, `SQL_SYNTAX`, `ONE_STATEMENT_ONLY`, `STATEMENT_NOT_ALLOWED`, `CONSTRUCT_NOT_ALLOWED`,
/// `DATASET_UNKNOWN`, `COLUMN_UNKNOWN`, `FUNCTION_UNKNOWN`, `SQL_INVALID`; the refusals of the aggregate form;
/// `RESOURCE_LIMIT` when planning takes longer than its limit.
pub fn plan(sql: &str, view: &View, limits: &SqlLimits, now: Time) -> Result<Bound, Refusal> {
    stack::wait(limits.planning, planning(sql, view, limits, now))
}

/// As [`plan`], without blocking the caller's thread.
///
/// # Errors
/// Those of [`plan`].
pub async fn plan_apart(
    sql: &str,
    view: &View,
    limits: &SqlLimits,
    now: Time,
) -> Result<Bound, Refusal> {
    stack::run(limits.planning, planning(sql, view, limits, now)).await
}

fn planning(
    sql: &str,
    view: &View,
    limits: &SqlLimits,
    now: Time,
) -> impl FnOnce() -> Result<Bound, Refusal> + Send + 'static {
    let tables = Arc::new(names::ViewTables::new(view));
    let (sql, limits) = (sql.to_owned(), *limits);
    move || {
        let Planned { plan, explain } = planned(&sql, tables, &limits, now)?;
        let plan = functions::joined::bounded(plan).map_err(|error| fault::planning(&error))?;
        bind(plan, explain)
    }
}

/// Plans `sql` over `tables` on the calling thread; for callers that already are on a large stack.
///
/// # Errors
/// Those of [`plan`] but the last.
pub fn planned(
    sql: &str,
    tables: Arc<dyn Tables>,
    limits: &SqlLimits,
    now: Time,
) -> Result<Planned, Refusal> {
    let (statement, explain) = allow::statement(sql, limits, tables.as_ref())?;
    let config = session::config(&crate::limits::Limits::default());
    let words = Words::new(tables, config.options(), now);
    let plan = SqlToRel::new(&words)
        .sql_statement_to_plan(Statement::Query(statement))
        .map_err(|error| fault::planning(&error))?;
    let plan = Analyzer::new()
        .execute_and_check(plan, config.options(), |_, _| {})
        .map_err(|error| fault::planning(&error))?;
    growth::bounded(&plan, limits.spread)?;
    let plan = cube::rewritten(plan)?;
    Ok(Planned { plan, explain })
}

#[cfg(test)]
mod tests;
