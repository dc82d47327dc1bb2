//! A plan that is ready, on the room's threads: its rows, and what is done where a worker fails before the first of them.

use super::plain::{canonical, pieces, plain};
use super::{Holdings, Started, finished, made, share};
use crate::fault;
use crate::limits::{Limits, Pool, Room};
use crate::plan::stack;
use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use datafusion::execution::TaskContext;
use datafusion::execution::session_state::SessionState;
use datafusion::physical_plan::{ExecutionPlan, execute_stream};
use datafusion_expr::LogicalPlan;
use futures::StreamExt as _;
use policy::refusal::{Code, Refusal};
use std::sync::Arc;
use tokio::sync::mpsc;

/// A plan that is ready to run.
pub(super) struct Runnable {
    pub(super) physical: Arc<dyn ExecutionPlan>,
    pub(super) context: Arc<TaskContext>,
    /// The snapshots that it reads.
    pub(super) holdings: Holdings,
}

/// Runs a plan on the room's threads; where it fails before its first row and `otherwise` says how, once more.
pub(super) fn run(
    ready: Runnable,
    otherwise: Option<Otherwise>,
    room: &Room,
    limits: &Limits,
    pool: Arc<Pool>,
) -> (SchemaRef, Started) {
    let Runnable {
        physical,
        context,
        holdings,
    } = ready;
    let schema = canonical(&physical.schema());
    // One waits while another is made into messages: more would be held for each reader that stands still.
    let (send, batches) = mpsc::channel(1);
    let (time, sent) = (limits.time, Arc::clone(&schema));
    let task = room.spawn(async move {
        // The plan names files; whoever holds their snapshot keeps them.
        let _pinned = holdings;
        let rows = async {
            let Err(fell) = drive(physical, Arc::clone(&context), &sent, &send).await else {
                return Ok(());
            };
            // Whatever befalls a share comes as this; what the rest of the plan came upon is told.
            let afar = fell.why.code == Code::WorkerFailed && !fell.told;
            let Some(otherwise) = otherwise.filter(|_| afar) else {
                return Err(fell.why);
            };
            tracing::warn!(name: "workers.failed", "the question is run again without workers");
            let physical = otherwise.physical().await?;
            let again = drive(physical, context, &sent, &send).await;
            again.map_err(|fell| fell.why)
        };
        let last = match tokio::time::timeout(time, rows).await {
            Ok(Ok(())) => return,
            Ok(Err(refusal)) => refusal,
            Err(_) => Refusal::new(
                Code::ResourceLimit,
                format!("the question took longer than {} seconds", time.as_secs()),
            ),
        };
        let _ = send.send(Err(last)).await;
    });
    let started = Started::Running {
        batches,
        task,
        pool,
    };
    (schema, started)
}

/// How a question is done without its workers.
pub(super) struct Otherwise {
    pub(super) plan: LogicalPlan,
    pub(super) planning: std::time::Duration,
    pub(super) state: SessionState,
    #[cfg(test)]
    pub(super) mutant: super::mutant::Mutant,
}

impl Otherwise {
    async fn physical(self) -> Result<Arc<dyn ExecutionPlan>, Refusal> {
        stack::run(self.planning, move || {
            // As workers would have done it, so that the answer is the same to the last digit.
            let made = made(
                self.plan,
                &self.state,
                true,
                #[cfg(test)]
                self.mutant,
            )?;
            let (alone, _) = share::shared(&made, None)?;
            finished(alone)
        })
        .await
    }
}

/// A plan that failed.
struct Fell {
    why: Refusal,
    /// Whether rows of it are out.
    told: bool,
}

async fn drive(
    physical: Arc<dyn ExecutionPlan>,
    context: Arc<TaskContext>,
    schema: &SchemaRef,
    send: &mpsc::Sender<Result<RecordBatch, Refusal>>,
) -> Result<(), Fell> {
    let mut told = false;
    let failed = |error, told| Fell {
        why: fault::running(&error),
        told,
    };
    let mut stream = execute_stream(physical, context).map_err(|error| failed(error, told))?;
    while let Some(batch) = stream.next().await {
        let batch = batch.map_err(|error| failed(error, told))?;
        if batch.num_rows() == 0 {
            continue;
        }
        for piece in pieces(&batch) {
            let batch = plain(&piece, schema).map_err(|why| Fell { why, told })?;
            told = true;
            if send.send(Ok(batch)).await.is_err() {
                return Ok(());
            }
        }
    }
    Ok(())
}
