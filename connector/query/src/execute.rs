//! Permitted plan to rows: optimise, look once more whether all is gated, plan, and run under limits. The only maker of rows.

mod blank;
pub(crate) mod build_side;
mod cut;
pub(crate) mod fresh;
pub(crate) mod hoard;
mod leaf;
#[cfg(test)]
pub(crate) mod mutant;
mod near;
mod pace;
mod plain;
mod planner;
pub(crate) mod ready;
mod run;
pub mod share;
mod unreleased;
pub mod watch;

use crate::answer::Answer;
use crate::execute::planner::Planner;
use crate::execute::run::{Otherwise, Runnable, Told, run};
use crate::execute::share::Sharing;
use crate::execute::watch::Watch;
use crate::fault;
use crate::limits::{Limits, PLANNING, Pool, Room};
use crate::plan::functions::{exact, total_order};
use crate::plan::stack;
use crate::session;
use crate::snapshot::Snapshot;
use arrow_array::{ArrayRef, RecordBatch, StringArray};
use arrow_schema::{DataType, Field, Schema, SchemaRef};
use datafusion::execution::session_state::SessionState;
use datafusion::physical_plan::ExecutionPlan;
use datafusion_expr::LogicalPlan;
use hansa_audit_log::ledger::Receipt;
use hansa_enforcement::apply::{Basis, Parts, Permitted};
use hansa_enforcement::still_gated::still_gated;
use hansa_policy::id::{DatasetId, RequestId};
use hansa_policy::refusal::{Code, Refusal};
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio::sync::mpsc;

/// The snapshots that are current, by dataset; pinned when a question starts.
pub type Holdings = BTreeMap<DatasetId, Arc<Snapshot>>;

/// Runs a permitted plan. The rows are computed on the room's own threads, and stop when the answer is dropped, when `watch`
/// ends, or when the time of `limits` is over.
///
/// # Errors
/// The refusal, with the receipt that is still to be closed.
pub async fn execute(
    permitted: Permitted,
    holdings: &Holdings,
    room: &Room,
    limits: &Limits,
    watch: Watch,
) -> Result<Answer, Unanswered> {
    execute_among(permitted, holdings, room, limits, watch, None).await
}

/// As [`execute`], with the help of workers where there are some.
///
/// # Errors
/// As [`execute`].
pub async fn execute_among(
    permitted: Permitted,
    holdings: &Holdings,
    room: &Room,
    limits: &Limits,
    watch: Watch,
    sharing: Option<Sharing>,
) -> Result<Answer, Unanswered> {
    let Parts {
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
    // Of all that there is, what the question reads: held until its last row.
    let pinned: Holdings = datasets
        .iter()
        .filter_map(|id| holdings.get_key_value(id))
        .map(|(id, snapshot)| (id.clone(), Arc::clone(snapshot)))
        .collect();
    let started = if explain {
        explained(&named).map(|batch| {
            let schema = batch.schema();
            (schema, Started::Ready(Some(batch)))
        })
    } else {
        let wanted = Wanted {
            plan,
            basis,
            sharing,
        };
        start(wanted, pinned, room, limits, watch.clone()).await
    };
    match started {
        Err(refusal) => Err(Unanswered {
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
            Ok(Answer::new(
                schema, started, opened, request, rows, clause, watch,
            ))
        }
    }
}

/// A question that failed before its first row.
#[derive(Debug)]
pub struct Unanswered {
    /// Why.
    pub refusal: Refusal,
    /// The duty to close the entry.
    pub opened: Receipt,
    /// The question's identity.
    pub request: RequestId,
}

/// A running answer, as `answer` takes it over.
pub(crate) enum Started {
    /// It is there already, until it is taken.
    Ready(Option<RecordBatch>),
    /// It comes from the room's threads.
    Running {
        batches: mpsc::Receiver<Told>,
        /// Whether the last rows came.
        over: bool,
        task: tokio::task::JoinHandle<()>,
        pool: Arc<Pool>,
    },
}

impl Started {
    /// The next batch; `None` after the last one. That `watch` has ended is told at once; the plan is not waited for.
    pub(crate) async fn next(&mut self, watch: &mut Watch) -> Option<Result<RecordBatch, Refusal>> {
        match self {
            Self::Ready(batch) => batch.take().map(Ok),
            Self::Running { over: true, .. } => None,
            Self::Running {
                batches,
                over,
                task,
                ..
            } => {
                let told = tokio::select! {
                    biased;
                    why = watch.wait() => return Some(Err(why)),
                    told = batches.recv() => told,
                };
                match told {
                    Some(Told::Rows(batch)) => Some(Ok(batch)),
                    Some(Told::Last(batch)) => {
                        *over = true;
                        Some(Ok(batch))
                    }
                    Some(Told::Fell(refusal)) => Some(Err(refusal)),
                    None => fault::fell(task).await.map(Err),
                }
            }
        }
    }

    /// Ends it.
    pub(crate) fn end(&mut self) {
        if let Self::Running { batches, task, .. } = self {
            batches.close();
            task.abort();
        }
    }
}

/// What is to be run.
struct Wanted {
    plan: LogicalPlan,
    /// All that the plan is made of, where its question may be put again.
    basis: Option<Basis>,
    sharing: Option<Sharing>,
}

async fn start(
    wanted: Wanted,
    holdings: Holdings,
    room: &Room,
    limits: &Limits,
    watch: Watch,
) -> Result<(SchemaRef, Started), Refusal> {
    let Wanted {
        plan,
        basis,
        sharing,
    } = wanted;
    #[cfg(test)]
    let mutant = room.mutant;
    // A plan for workers names those of this moment.
    let basis = basis.filter(|_| sharing.is_none());
    #[cfg(test)]
    let basis = basis.filter(|_| mutant == mutant::Mutant::None);
    let within = (&holdings, limits);
    let ready = basis.as_ref();
    if let Some(ready) = ready.and_then(|basis| room.ready().found(basis, within, &watch)) {
        let (environment, pool) = room.environment(limits)?;
        let context = session::context(session::config(limits), environment);
        let ready = Runnable {
            physical: finished(ready?)?,
            context,
            holdings,
        };
        return Ok(run(ready, None, room, limits, pool));
    }
    let (state, pool) = state(&holdings, room, limits, &watch)?;
    let planning = limits.time.min(PLANNING);
    let (kept, pinned, limits_of) = (Arc::clone(room.ready()), holdings.clone(), *limits);
    let (physical, otherwise, state) = stack::run(planning, move || {
        // Where it may have to be done again without the workers.
        let again = sharing.is_some().then(|| plan.clone());
        let made = made(
            plan,
            &state,
            #[cfg(test)]
            mutant,
        )?;
        let (physical, otherwise) = match again {
            None => (made.physical, None),
            Some(again) => {
                let (shared, needed) = share::shared(&made, sharing.as_ref())?;
                (shared, needed.then_some(again))
            }
        };
        let physical = match basis {
            None => physical,
            Some(basis) => kept.keep(basis, (&pinned, &limits_of), physical, &watch)?,
        };
        Ok((finished(physical)?, otherwise, state))
    })
    .await?;
    let context = state.task_ctx();
    let otherwise = otherwise.map(|plan| Otherwise {
        plan,
        planning,
        state,
        #[cfg(test)]
        mutant,
    });
    let ready = Runnable {
        physical,
        context,
        holdings,
    };
    Ok(run(ready, otherwise, room, limits, pool))
}

/// A session for one question.
fn state(
    holdings: &Holdings,
    room: &Room,
    limits: &Limits,
    watch: &Watch,
) -> Result<(SessionState, Arc<Pool>), Refusal> {
    let (environment, pool) = room.environment(limits)?;
    let planner = Planner::new(
        holdings.clone(),
        *limits,
        room.databases().clone(),
        watch.clone(),
        #[cfg(test)]
        room.mutant,
    );
    let state = session::fresh(limits, environment, Arc::new(planner));
    Ok((state, pool))
}

/// A plan before it is made ready to run.
struct Made {
    optimized: LogicalPlan,
    physical: Arc<dyn ExecutionPlan>,
}

/// Optimises and plans; on a large stack.
fn made(
    plan: LogicalPlan,
    state: &SessionState,
    #[cfg(test)] mutant: mutant::Mutant,
) -> Result<Made, Refusal> {
    let optimized = exact::guarded(plan)
        .and_then(total_order::totally_ordered)
        .and_then(|plan| session::optimized(state, plan))
        .map_err(|error| fault::running(&error))?;
    still_gated(&optimized)?;
    let physical = futures::executor::block_on(
        state
            .query_planner()
            .create_physical_plan(&optimized, state),
    )
    .map_err(|error| fault::running(&error))?;
    let made = Made {
        optimized,
        physical,
    };
    #[cfg(test)]
    if mutant == mutant::Mutant::NoLeaf {
        return Ok(made);
    }
    leaf::all_gated(&made.physical, &made.optimized)?;
    Ok(made)
}

/// Makes a plan ready to run: its joins yield, and they and its windows are counted.
fn finished(physical: Arc<dyn ExecutionPlan>) -> Result<Arc<dyn ExecutionPlan>, Refusal> {
    pace::paced(physical)
        .and_then(build_side::counted)
        .and_then(hoard::counted)
        .map_err(|error| fault::running(&error))
}

/// What `EXPLAIN` shows: the plan as it was asked, over the permitted view.
fn explained(named: &LogicalPlan) -> Result<RecordBatch, Refusal> {
    let text = named.display_indent().to_string();
    let lines: ArrayRef = Arc::new(StringArray::from(text.lines().collect::<Vec<_>>()));
    let schema = Schema::new(vec![Field::new("plan", DataType::Utf8, false)]);
    RecordBatch::try_new(Arc::new(schema), vec![lines])
        .map_err(|_| Refusal::new(Code::Internal, "the plan can't be shown"))
}

#[cfg(test)]
mod property;
#[cfg(test)]
mod resources;
#[cfg(test)]
mod tests;
