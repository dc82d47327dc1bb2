//! Run of a prepared plan on the runtime's threads, with a second run at one core if the first one fails before its first row.

use super::operator_spans;
use super::output_batch::{split_batch, to_output_batch, to_output_schema};
use crate::core_pool::CoreShare;
use crate::engine_error;
use crate::execute::plan_preparation::{optimize_and_plan, prepare_to_run};
use crate::execute::started_plan::{ExecutionEvent, StartedPlan};
use crate::limits::QueryResourceLimits;
use crate::runtime::{QueryMemoryPool, QueryRuntime};
use crate::snapshot::registry::SnapshotSet;
use crate::sql::planner_threads;
use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use datafusion::error::DataFusionError;
use datafusion::execution::session_state::SessionState;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_plan::{ExecutionPlan, execute_stream};
use datafusion_expr::LogicalPlan;
use futures::{FutureExt as _, StreamExt as _};
use hansa_policy::refusal::{ErrorCode, Refusal};
use std::sync::Arc;
use tokio::sync::mpsc;
use tracing::Instrument as _;

/// Plan that is ready to run.
pub(super) struct RunnablePlan {
    pub(super) physical: Arc<dyn ExecutionPlan>,
    pub(super) context: Arc<TaskContext>,
    /// Snapshots that the plan reads.
    pub(super) holdings: SnapshotSet,
    /// Cores of the plan, if it may use more than one.
    pub(super) cores: Option<CoreShare>,
}

/// Runs a plan on the runtime's threads. If the plan fails before its first row and `otherwise` is set, the fallback plan runs.
pub(super) fn run_plan(
    ready: RunnablePlan,
    otherwise: Option<LocalFallback>,
    runtime: &QueryRuntime,
    limits: &QueryResourceLimits,
    pool: Arc<QueryMemoryPool>,
) -> (SchemaRef, StartedPlan) {
    let RunnablePlan {
        physical,
        context,
        holdings,
        cores,
    } = ready;
    #[cfg(test)]
    cores.iter().for_each(CoreShare::count_question);
    let schema = to_output_schema(&physical.schema());
    // One batch waits while another one is encoded. A larger buffer would hold memory for each slow reader.
    let (send, batches) = mpsc::channel(1);
    let (time, sent) = (limits.time, Arc::clone(&schema));
    let run = async move {
        // The plan refers to files by name; the snapshots keep these files.
        let _pinned = holdings;
        let _taken = cores;
        let rows = async {
            let traced = operator_spans::keep_sampled_plan(&physical);
            let driven = drive_plan(physical, Arc::clone(&context), &sent, &send).await;
            if let Some(traced) = traced {
                operator_spans::report_spans(&traced);
            }
            let Err(failure) = driven else {
                return Ok(());
            };
            let covered = |otherwise: &LocalFallback| match otherwise.from {
                // Every failure of a task arrives as this code. Errors of the rest of the plan are reported.
                FallbackCause::Workers => failure.why.code == ErrorCode::WorkerFailed,
                // The reported error is that of a run at one core: with several cores the first error depends on the distribution
                // of rows. A question that fits in memory at one core is not refused because several cores need more.
                FallbackCause::Cores => true,
            };
            let Some(otherwise) = otherwise.filter(|one| !failure.reported && covered(one)) else {
                return Err(failure.why);
            };
            match otherwise.from {
                FallbackCause::Workers => {
                    tracing::warn!(name: "workers.failed", "the question is run again without workers");
                }
                // Most of these are errors in questions, which are reported to the caller.
                FallbackCause::Cores => {
                    tracing::debug!(name: "cores.failed", "the question is run again at one core")
                }
            }
            let physical = otherwise.into_physical_plan().await?;
            let again = drive_plan(physical, context, &sent, &send).await;
            again.map_err(|failure| failure.why)
        };
        let last = match tokio::time::timeout(time, rows).await {
            Ok(Ok(())) => return,
            Ok(Err(refusal)) => refusal,
            Err(_) => Refusal::new(
                ErrorCode::ResourceLimit,
                format!("the question took longer than {} seconds", time.as_secs()),
            ),
        };
        let _ = send.send(ExecutionEvent::Fell(last)).await;
    };
    let task = runtime.spawn(run.instrument(tracing::info_span!("execute")));
    let started = StartedPlan::Running {
        batches,
        over: false,
        task,
        pool,
    };
    (schema, started)
}

/// Part of the execution that failed and is left out in the second run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FallbackCause {
    /// Workers, of which one failed.
    Workers,
    /// All cores but one.
    Cores,
}

/// Second run of a question, at one core.
pub(super) struct LocalFallback {
    pub(super) from: FallbackCause,
    pub(super) plan: LogicalPlan,
    pub(super) planning: std::time::Duration,
    pub(super) state: SessionState,
}

impl LocalFallback {
    async fn into_physical_plan(self) -> Result<Arc<dyn ExecutionPlan>, Refusal> {
        planner_threads::run_on_planner_thread(self.planning, move || {
            let made = optimize_and_plan(self.plan, &self.state)?;
            prepare_to_run(made.physical)
        })
        .await
    }
}

/// Failed execution of a plan.
struct ExecutionFailed {
    why: Refusal,
    /// Set if rows were already sent.
    reported: bool,
}

/// Batch size in rows below which the stream is polled for its end before the batch is sent. A plan usually fills larger batches
/// while there are more rows.
const FEW: usize = 1_024;

async fn drive_plan(
    physical: Arc<dyn ExecutionPlan>,
    context: Arc<TaskContext>,
    schema: &SchemaRef,
    send: &mpsc::Sender<ExecutionEvent>,
) -> Result<(), ExecutionFailed> {
    let mut reported = false;
    let failed = |error, reported| ExecutionFailed {
        why: engine_error::execution_refusal(&error),
        reported,
    };
    let mut stream = execute_stream(physical, context).map_err(|error| failed(error, reported))?;
    let mut next = next_rows(&mut stream).await;
    while let Some(batch) = next.take() {
        let batch = batch.map_err(|error| failed(error, reported))?;
        let mut held = None;
        for piece in split_batch(&batch) {
            let batch =
                to_output_batch(&piece, schema).map_err(|why| ExecutionFailed { why, reported })?;
            reported = true;
            if let Some(before) = held.replace(batch)
                && send.send(ExecutionEvent::Rows(before)).await.is_err()
            {
                return Ok(());
            }
        }
        // Only a batch that is available without waiting is taken.
        let following = match &held {
            Some(held) if held.num_rows() < FEW => next_rows(&mut stream).now_or_never(),
            _ => None,
        };
        let held = match (held, &following) {
            (Some(last), Some(None)) => Some(ExecutionEvent::Last(last)),
            (held, _) => held.map(ExecutionEvent::Rows),
        };
        if let Some(held) = held
            && send.send(held).await.is_err()
        {
            return Ok(());
        }
        next = match following {
            Some(next) => next,
            None => next_rows(&mut stream).await,
        };
    }
    Ok(())
}

/// Next batch that has rows. The future can be dropped without loss of a batch.
async fn next_rows(
    stream: &mut SendableRecordBatchStream,
) -> Option<Result<RecordBatch, DataFusionError>> {
    loop {
        match stream.next().await {
            Some(Ok(batch)) if batch.num_rows() == 0 => {}
            next => return next,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{FEW, drive_plan};
    use crate::execute::started_plan::ExecutionEvent;
    use arrow_array::{Int64Array, RecordBatch};
    use arrow_schema::{DataType, Field, Schema, SchemaRef};
    use datafusion::error::DataFusionError;
    use datafusion::execution::{SendableRecordBatchStream, TaskContext};
    use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
    use datafusion::physical_plan::streaming::{PartitionStream, StreamingTableExec};
    use futures::StreamExt as _;
    use std::sync::Arc;
    use tokio::sync::mpsc;

    /// Scripted partition: batches of given row counts or a failure, and a flag that each batch must be waited for.
    #[derive(Debug)]
    struct ScriptedPartition {
        schema: SchemaRef,
        batches: Vec<Option<usize>>,
        waits: bool,
    }

    impl PartitionStream for ScriptedPartition {
        fn schema(&self) -> &SchemaRef {
            &self.schema
        }

        fn execute(&self, _context: Arc<TaskContext>) -> SendableRecordBatchStream {
            let (schema, waits) = (Arc::clone(&self.schema), self.waits);
            let made = self
                .batches
                .clone()
                .into_iter()
                .map(move |rows| match rows {
                    Some(rows) => {
                        let values = Int64Array::from(vec![7; rows]);
                        Ok(
                            RecordBatch::try_new(Arc::clone(&schema), vec![Arc::new(values)])
                                .unwrap(),
                        )
                    }
                    None => Err(DataFusionError::Execution("nothing".into())),
                });
            let made = futures::stream::iter(made).then(move |batch| async move {
                if waits {
                    tokio::task::yield_now().await;
                }
                batch
            });
            Box::pin(RecordBatchStreamAdapter::new(
                Arc::clone(&self.schema),
                made,
            ))
        }
    }

    /// Events that were sent, and, for a failure, a flag that rows were sent before it.
    async fn told(batches: &[Option<usize>], waits: bool) -> (Vec<String>, Option<bool>) {
        let field = Field::new("n", DataType::Int64, false);
        let schema = Arc::new(Schema::new(vec![field]));
        let source = Arc::new(ScriptedPartition {
            schema: Arc::clone(&schema),
            batches: batches.to_vec(),
            waits,
        });
        let plan = StreamingTableExec::try_new(
            Arc::clone(&schema),
            vec![source],
            None,
            std::iter::empty(),
            false,
            None,
        );
        let (send, mut came) = mpsc::channel(16);
        let driven = drive_plan(Arc::new(plan.unwrap()), Arc::default(), &schema, &send).await;
        drop(send);
        let mut all = Vec::new();
        while let Some(event) = came.recv().await {
            all.push(match event {
                ExecutionEvent::Rows(batch) => format!("{}", batch.num_rows()),
                ExecutionEvent::Last(batch) => format!("{} last", batch.num_rows()),
                ExecutionEvent::Fell(_) => unreachable!("told by whoever drives"),
            });
        }
        (all, driven.err().map(|failure| failure.reported))
    }

    #[tokio::test]
    async fn the_last_of_few_rows_are_reported_as_such() {
        let (few, many) = (FEW - 1, FEW);
        let batches = [1, 0, few, many, 2, 3, 0].map(Some);
        let all = |last: &str| ["1", "1023", "1024", "2", last].map(String::from).to_vec();
        assert_eq!(told(&batches, false).await, (all("3 last"), None));
        // A pending stream may still deliver rows.
        assert_eq!(told(&batches, true).await, (all("3"), None));
        assert_eq!(told(&[Some(many)], false).await.0, ["1024"]);
        assert_eq!(told(&[Some(1), Some(0)], false).await.0, ["1 last"]);
        assert_eq!(told(&[Some(0)], false).await.0, [""; 0]);
    }

    #[tokio::test]
    async fn what_fails_behind_rows_fails_behind_them() {
        for waits in [false, true] {
            let (all, fell) = told(&[Some(1), None], waits).await;
            assert_eq!((all, fell), (vec!["1".to_owned()], Some(true)));
            assert_eq!(told(&[Some(0), None], waits).await, (vec![], Some(false)));
        }
    }
}
