//! Execution of permitted plans: optimisation, a second check that each table is governed, physical planning, and a run under
//! limits. Rows are computed in this module alone.

pub(crate) mod build_side_memory;
pub mod cancellation;
pub(crate) mod gated_leaf;
mod inline_reader;
mod local_parts;
mod operator_spans;
mod output_batch;
mod physical_planner;
pub(crate) mod plan_cache;
mod plan_preparation;
pub(crate) mod plan_reset;
mod plan_runner;
pub mod query_resources;
mod query_session;
mod rebatch;
mod release_coverage;
mod row_order;
mod scrub_nulls;
pub mod stages;
pub(crate) mod started_plan;
pub(crate) mod window_memory;
mod window_order;
mod yielding_join;

use crate::answer::QueryAnswer;
use crate::core_pool::CoreShare;
use crate::execute::cancellation::CancellationSignal;
use crate::execute::local_parts::{CorePlanner, is_dealt, is_worth_cores};
use crate::execute::plan_preparation::{OptimizedPlan, optimize_and_plan, prepare_to_run};
use crate::execute::plan_reset::PlanSizing;
use crate::execute::plan_runner::{FallbackCause, LocalFallback, RunnablePlan, run_plan};
use crate::execute::query_resources::QueryResources;
use crate::execute::query_session::{PlanUse, create_planner, create_query_session};
use crate::execute::stages::eligibility::{HomeReason, largest_table};
use crate::execute::stages::plan_name::{limits_in_stages, planning_session};
use crate::execute::stages::staged_plan_exec::planned_in_stages;
use crate::execute::stages::workers::{QueryPlacement, Staging};
use crate::execute::started_plan::StartedPlan;
use crate::limits::QueryResourceLimits;
use crate::runtime::QueryRuntime;
use crate::snapshot::registry::SnapshotSet;
use crate::sql::planner_threads;
use crate::{engine_error, session};
use arrow_array::{ArrayRef, RecordBatch, StringArray};
use arrow_schema::{DataType, Field, Schema, SchemaRef};
use datafusion::execution::session_state::SessionState;
use datafusion::physical_plan::ExecutionPlan;
use datafusion_expr::LogicalPlan;
use hansa_audit_log::ledger::RecordReceipt;
use hansa_enforcement::permitted_plan::{PermittedPlan, PermittedPlanParts, PlanBasis};
use hansa_policy::id::RequestId;
use hansa_policy::refusal::{ErrorCode, Refusal};
use std::sync::Arc;

/// Runs a permitted plan. The rows are computed on the runtime's own threads, and stop when the answer is dropped, when `watch`
/// ends, or when the time of the limits is over.
///
/// # Errors
/// The refusal, with the receipt of the log entry that must still be closed.
pub async fn execute_plan(
    permitted: PermittedPlan,
    resources: QueryResources<'_>,
    watch: CancellationSignal,
) -> Result<QueryAnswer, UnansweredQuery> {
    execute_among(permitted, resources, watch, None).await
}

/// Runs a permitted plan as [`execute_plan`] does, and uses workers if there are any.
///
/// # Errors
/// As [`execute_plan`].
pub async fn execute_among(
    permitted: PermittedPlan,
    resources: QueryResources<'_>,
    watch: CancellationSignal,
    staging: Option<Staging>,
) -> Result<QueryAnswer, UnansweredQuery> {
    let QueryResources {
        holdings,
        runtime,
        limits,
    } = resources;
    let PermittedPlanParts {
        plan,
        named,
        explain,
        opened,
        request,
        row_limit,
        ends: _,
        datasets,
        basis,
    } = permitted.into_parts();
    // Only the snapshots that the question reads are held, until its last row.
    let pinned: SnapshotSet = datasets
        .iter()
        .filter_map(|id| holdings.get_key_value(id))
        .map(|(id, snapshot)| (id.clone(), Arc::clone(snapshot)))
        .collect();
    let started = if explain {
        explain_plan(&named).map(|batch| {
            let schema = batch.schema();
            (schema, StartedPlan::Ready(Some(batch)))
        })
    } else {
        let execution_request = ExecutionRequest {
            plan,
            basis,
            staging,
        };
        start_plan(execution_request, pinned, runtime, limits, watch.clone()).await
    };
    match started {
        Err(refusal) => Err(UnansweredQuery {
            refusal,
            opened,
            request,
        }),
        Ok((schema, started)) => {
            let mut rows = limits.rows;
            let mut clause = None;
            if let Some(limit) = row_limit
                && limit.rows < rows
            {
                rows = limit.rows;
                clause = Some(limit);
            }
            Ok(QueryAnswer::new(
                schema, started, opened, request, rows, clause, watch,
            ))
        }
    }
}

/// Question that failed before its first row.
#[derive(Debug)]
pub struct UnansweredQuery {
    /// Reason of the failure.
    pub refusal: Refusal,
    /// Receipt of the log entry that must still be closed.
    pub opened: RecordReceipt,
    /// Identity of the question.
    pub request: RequestId,
}

struct ExecutionRequest {
    plan: LogicalPlan,
    /// Inputs of the plan, as the key for a cached plan of a repeated question.
    basis: Option<PlanBasis>,
    staging: Option<Staging>,
}

async fn start_plan(
    request: ExecutionRequest,
    holdings: SnapshotSet,
    runtime: &QueryRuntime,
    limits: &QueryResourceLimits,
    watch: CancellationSignal,
) -> Result<(SchemaRef, StartedPlan), Refusal> {
    let ExecutionRequest {
        plan,
        basis,
        staging,
    } = request;
    let resources = QueryResources {
        holdings: &holdings,
        runtime,
        limits,
    };
    // A plan for workers names those of this moment.
    let basis = basis.filter(|_| staging.is_none());
    let share = is_worth_cores(&holdings, limits).then(|| runtime.cores().take_cores(limits.cores));
    let sizing = PlanSizing::of(limits).at_cores(share.as_ref().map(CoreShare::count));
    let planning = limits.time.min(limits.planning);
    let ready = basis.as_ref();
    if let Some(ready) = ready.and_then(|basis| {
        let cache = runtime.plan_cache();
        cache.find_plan(basis, &holdings, sizing, &watch)
    }) {
        let physical = prepare_to_run(ready?)?;
        let Some(mut share) = share else {
            let (environment, pool) = runtime.environment(limits)?;
            let context = session::task_context(session::session_config(limits), environment);
            let ready = RunnablePlan {
                physical,
                context,
                holdings,
                cores: None,
            };
            return Ok(run_plan(ready, None, runtime, limits, pool));
        };
        let is_dealt = is_dealt(&physical);
        if !is_dealt {
            share.keep_one();
        }
        let (state, pool) = create_query_session(resources, &watch, PlanUse::Home)?;
        let ready = RunnablePlan {
            physical,
            context: state.task_ctx(),
            holdings,
            cores: Some(share),
        };
        let otherwise = is_dealt.then_some(LocalFallback {
            plan,
            planning,
            state,
            from: FallbackCause::Cores,
        });
        return Ok(run_plan(ready, otherwise, runtime, limits, pool));
    }
    let (state, pool) = create_query_session(resources, &watch, PlanUse::Home)?;
    let (kept, pinned, limits_of) = (Arc::clone(runtime.plan_cache()), holdings.clone(), *limits);
    let at_cores = share.map(|share| CorePlanner {
        planner: create_planner(resources, &watch),
        limits: *limits,
        environment: Arc::clone(state.runtime_env()),
        share,
    });
    let in_stages = staging.map(|staging| {
        let environment = Arc::clone(state.runtime_env());
        let resources = QueryResources {
            limits: &limits_in_stages(limits),
            ..resources
        };
        let planner = create_planner(resources, &watch);
        (staging, environment, planner.for_stages())
    });
    let planned = planner_threads::run_on_planner_thread(planning, move || {
        let plan_at_home = |plan| optimize_and_plan(plan, &state);
        let mut home = None;
        if let Some((staging, environment, planner)) = in_stages {
            let made = plan_at_home(plan.clone())?;
            let staged = match why_too_small(&made, &staging)? {
                Some(why) => Err(why),
                None => {
                    let limits = limits_in_stages(&limits_of);
                    let staged_state =
                        session::create_session(&limits, environment, Arc::new(planner));
                    let staged_state = planning_session(staged_state);
                    let made = optimize_and_plan(plan.clone(), &staged_state)?;
                    planned_in_stages(&made, &staged_state, &staging)?
                }
            };
            match staged {
                Ok(staged) => {
                    let placement = QueryPlacement::Workers(staging.workers.count());
                    let _first = staging.placement.set(placement);
                    let otherwise = Some((plan, FallbackCause::Workers));
                    return Ok(PlannedQuery {
                        physical: staged,
                        otherwise,
                        cores: None,
                        state,
                    });
                }
                Err(why) => {
                    let _first = staging.placement.set(QueryPlacement::Home(why));
                }
            }
            home = Some(made.physical);
        }
        let (dealt, cores) = match at_cores {
            None => (None, None),
            Some(planner) => {
                let (dealt, share) = planner.plan(plan.clone())?;
                (dealt, Some(share))
            }
        };
        let (physical, otherwise) = match (dealt, home) {
            (Some(dealt), _) => (dealt, Some((plan, FallbackCause::Cores))),
            (None, Some(home)) => (home, None),
            (None, None) => (plan_at_home(plan)?.physical, None),
        };
        let physical = match basis {
            None => physical,
            Some(basis) => kept.keep(basis, &pinned, sizing, physical, &watch)?,
        };
        Ok(PlannedQuery {
            physical: prepare_to_run(physical)?,
            otherwise,
            cores,
            state,
        })
    })
    .await?;
    let context = planned.state.task_ctx();
    let (ready, otherwise) = (
        RunnablePlan {
            physical: planned.physical,
            context,
            holdings,
            cores: planned.cores,
        },
        planned.otherwise.map(|(plan, from)| LocalFallback {
            plan,
            planning,
            state: planned.state,
            from,
        }),
    );
    Ok(run_plan(ready, otherwise, runtime, limits, pool))
}

/// Planned question.
struct PlannedQuery {
    physical: Arc<dyn ExecutionPlan>,
    /// Logical plan and reason for a second run at one core, if the first way fails.
    otherwise: Option<(LogicalPlan, FallbackCause)>,
    cores: Option<CoreShare>,
    state: SessionState,
}

/// Reason not to use workers. Returns `None` if a table of the question is large enough.
fn why_too_small(made: &OptimizedPlan, staging: &Staging) -> Result<Option<HomeReason>, Refusal> {
    let largest = largest_table(&made.physical);
    let largest = largest.map_err(|error| engine_error::execution_refusal(&error))?;
    let large = largest.is_some_and(|rows| rows >= staging.at_least);
    Ok(match (staging.workers.count() < 2, large) {
        (true, _) => Some(HomeReason::FewWorkers),
        (false, false) => Some(HomeReason::Small(largest)),
        (false, true) => None,
    })
}

/// Rows of `EXPLAIN`: the logical plan over the permitted view.
fn explain_plan(named: &LogicalPlan) -> Result<RecordBatch, Refusal> {
    let text = named.display_indent().to_string();
    let lines: ArrayRef = Arc::new(StringArray::from(text.lines().collect::<Vec<_>>()));
    let schema = Schema::new(vec![Field::new("plan", DataType::Utf8, false)]);
    RecordBatch::try_new(Arc::new(schema), vec![lines]).map_err(|cause| {
        Refusal::new(ErrorCode::Internal, "the plan can't be shown").caused_by(cause)
    })
}

#[cfg(test)]
mod noninterference;
#[cfg(test)]
mod resource_limits;
#[cfg(test)]
mod tests;
