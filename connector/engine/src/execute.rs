//! Permitted plan to rows: optimise, look once more whether all is gated, plan, and run under limits. The only maker of rows.

mod blank;
mod cut;
pub(crate) mod hoard;
mod leaf;
#[cfg(test)]
pub(crate) mod mutant;
mod pace;
mod plain;
mod planner;
mod unreleased;
pub mod watch;

use crate::answer::Answer;
use crate::execute::plain::{canonical, pieces, plain};
use crate::execute::planner::Planner;
use crate::execute::watch::Watch;
use crate::fault;
use crate::limits::{Limits, PLANNING, Pool, Room};
use crate::plan::functions::exact;
use crate::plan::stack;
use crate::session;
use crate::snapshot::Snapshot;
use arrow_array::{ArrayRef, RecordBatch, StringArray};
use arrow_schema::{DataType, Field, Schema, SchemaRef};
use datafusion::execution::session_state::SessionState;
use datafusion::physical_plan::{ExecutionPlan, execute_stream};
use datafusion_expr::LogicalPlan;
use enforce::apply::{Parts, Permitted};
use enforce::still_gated::still_gated;
use evidence::ledger::Receipt;
use futures::StreamExt;
use policy::id::{DatasetId, RequestId};
use policy::refusal::{Code, Refusal};
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
    let Parts {
        plan,
        named,
        explain,
        opened,
        request,
        row_limit,
        ends: _,
    } = permitted.into_parts();
    let started = if explain {
        explained(&named).map(|batch| {
            let schema = batch.schema();
            (schema, Started::Ready(batch))
        })
    } else {
        start(plan, holdings, room, limits, watch.clone()).await
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
    /// It is there already.
    Ready(RecordBatch),
    /// It comes from the room's threads.
    Running {
        batches: mpsc::Receiver<Result<RecordBatch, Refusal>>,
        task: tokio::task::JoinHandle<()>,
        pool: Arc<Pool>,
    },
}

async fn start(
    plan: LogicalPlan,
    holdings: &Holdings,
    room: &Room,
    limits: &Limits,
    watch: Watch,
) -> Result<(SchemaRef, Started), Refusal> {
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
    let planning = limits.time.min(PLANNING);
    #[cfg(test)]
    let mutant = room.mutant;
    let (physical, state) = stack::run(planning, move || {
        let physical = physical(
            plan,
            &state,
            #[cfg(test)]
            mutant,
        )?;
        Ok((physical, state))
    })
    .await?;
    let schema = canonical(&physical.schema());
    // One waits while another is made into messages: more would be held for each reader that stands still.
    let (send, batches) = mpsc::channel(1);
    let (time, sent) = (limits.time, Arc::clone(&schema));
    let task = room.handle().spawn(async move {
        let ended = tokio::time::timeout(time, drive(physical, state, sent, &send)).await;
        let last = match ended {
            Ok(Ok(())) => return,
            Ok(Err(refusal)) => refusal,
            Err(_) => Refusal::new(
                Code::ResourceLimit,
                format!("the question took longer than {} seconds", time.as_secs()),
            ),
        };
        let _ = send.send(Err(last)).await;
    });
    Ok((
        schema,
        Started::Running {
            batches,
            task,
            pool,
        },
    ))
}

/// Optimises and plans; on a large stack.
fn physical(
    plan: LogicalPlan,
    state: &SessionState,
    #[cfg(test)] mutant: mutant::Mutant,
) -> Result<Arc<dyn ExecutionPlan>, Refusal> {
    let optimized = exact::guarded(plan)
        .and_then(|plan| session::optimized(state, plan))
        .map_err(|error| fault::running(&error))?;
    still_gated(&optimized)?;
    let physical = futures::executor::block_on(
        state
            .query_planner()
            .create_physical_plan(&optimized, state),
    )
    .map_err(|error| fault::running(&error))?;
    #[cfg(test)]
    if mutant == mutant::Mutant::NoLeaf {
        return Ok(physical);
    }
    leaf::all_gated(&physical)?;
    pace::paced(physical)
        .and_then(hoard::counted)
        .map_err(|error| fault::running(&error))
}

async fn drive(
    physical: Arc<dyn ExecutionPlan>,
    state: SessionState,
    schema: SchemaRef,
    send: &mpsc::Sender<Result<RecordBatch, Refusal>>,
) -> Result<(), Refusal> {
    let mut stream =
        execute_stream(physical, state.task_ctx()).map_err(|error| fault::running(&error))?;
    while let Some(batch) = stream.next().await {
        let batch = batch.map_err(|error| fault::running(&error))?;
        if batch.num_rows() == 0 {
            continue;
        }
        for piece in pieces(&batch) {
            let batch = plain(&piece, &schema)?;
            if send.send(Ok(batch)).await.is_err() {
                return Ok(());
            }
        }
    }
    Ok(())
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
