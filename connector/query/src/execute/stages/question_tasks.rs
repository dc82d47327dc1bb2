//! Tasks of a worker: the worker makes the connector's plan, cuts it into the same stages, and runs its own tasks.

use super::eligibility::why_at_home;
use super::plan_name::{limits_in_stages, plan_digest, planning_session};
use super::row_counts::RowCounts;
use super::staged_plan::{Stage, StagedPlan, cut_into_stages, task_plans};
use super::staged_plan_exec::stage_schemas;
use super::task_channels::TaskChannels;
use super::task_source::{TaskPartition, TaskSource};
use super::workers::StagedPlanName;
use crate::answer::frames::frame_encoder::FrameEncoder;
use crate::answer::frames::{AnswerFrame, FrameCompression};
use crate::engine_error;
use crate::execute::cancellation::{CancellationHandle, CancellationSignal, cancellation_pair};
use crate::execute::output_batch::{split_batch, to_output_batch, to_output_schema};
use crate::execute::plan_preparation::{OptimizedPlan, optimize_and_plan, prepare_to_run};
use crate::execute::query_resources::QueryResources;
use crate::execute::query_session::{PlanUse, create_query_session};
use crate::execute::started_plan::{ExecutionEvent, StartedPlan};
use crate::limits::QueryResourceLimits;
use crate::runtime::{QueryMemoryPool, QueryRuntime};
use crate::session;
use crate::sql::planner_threads;
use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::execution::runtime_env::RuntimeEnv;
use datafusion::execution::session_state::SessionState;
use datafusion::physical_plan::ExecutionPlanProperties as _;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion_common::{DataFusionError, internal_datafusion_err, internal_err};
use datafusion_distributed::{
    DistributedExt as _, DistributedTaskContext, MaybeEncoded, ProducerHead,
};
use futures::stream::BoxStream;
use futures::{StreamExt as _, TryStreamExt as _};
use hansa_enforcement::worker_plan::DelegatedPlan;
use hansa_policy::refusal::{ErrorCode, Refusal};
use parking_lot::Mutex;
use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};

/// Tasks of one question at one worker. Dropping them ends the tasks and their streams.
pub struct QuestionTasks {
    /// Partitions that were not requested yet. Each is handed out once.
    ready: Mutex<BTreeMap<(u32, u32), ReadyPartition>>,
    runtime: QueryRuntime,
    pool: Arc<QueryMemoryPool>,
    time: Duration,
    given: Arc<GivenRows>,
    end: CancellationHandle,
}

struct ReadyPartition {
    rows: SendableRecordBatchStream,
    schema: SchemaRef,
    reader: Reader,
}

/// Row counts that left the worker.
#[derive(Debug, Default)]
struct GivenRows {
    to_workers: AtomicU64,
    to_connector: AtomicU64,
}

/// Permitted reader of a partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reader {
    Connector,
    /// The worker with this number.
    Worker(u32),
    /// Any worker with a lower number.
    WorkerBelow(u32),
}

/// Participants of a staged question and the own role.
#[derive(Debug, Clone, Copy)]
pub struct Participation {
    /// Plan that the connector made.
    pub plan: StagedPlanName,
    /// Number of this worker, from 0.
    pub worker: u32,
}

impl QuestionTasks {
    /// Prepares this worker's tasks of `delegated` on the runtime's own threads. The tasks read from other workers by `source`.
    ///
    /// # Errors
    /// `WORKER_DIFFERS` if the plan differs from that of the connector; errors of planning.
    pub async fn from_delegated_plan(
        delegated: DelegatedPlan,
        resources: QueryResources<'_>,
        participation: Participation,
        source: Arc<dyn TaskSource>,
    ) -> Result<Self, Refusal> {
        let runtime = resources.runtime;
        let limits = limits_in_stages(resources.limits);
        let (end, watch) = cancellation_pair();
        let resources = QueryResources {
            limits: &limits,
            ..resources
        };
        let (state, pool) = create_query_session(resources, &watch, PlanUse::Stages)?;
        let state = planning_session(state);
        let environment = Arc::clone(state.runtime_env());
        let plan = delegated.into_plan();
        let channels = TaskChannels::default();
        let own_channels = channels.clone();
        let planning = limits.time.min(limits.planning);
        let staged = planner_threads::run_on_planner_thread(planning, move || {
            let made = optimize_and_plan(plan, &state)?;
            check_and_cut_plan(&made, &state, participation, own_channels)
        })
        .await?;
        channels.set_source(source, stage_schemas(&staged));
        let (send, ready) = oneshot::channel();
        let prepared = async move {
            let prepared = prepare_partitions(
                &staged,
                participation.worker,
                &limits,
                environment,
                channels,
            );
            let _nobody = send.send(prepared.await);
        };
        // The engine's tasks run on this runtime.
        let preparing = runtime.spawn(prepared);
        let ended = || Refusal::new(ErrorCode::Interrupted, "the worker stops");
        let prepared = receive_from_task(preparing, ready)
            .await
            .ok_or_else(ended)?;
        let ready = prepared.map_err(|error| engine_error::execution_refusal(&error))?;
        Ok(Self {
            ready: Mutex::new(ready),
            runtime: runtime.clone(),
            pool,
            time: limits.time,
            given: Arc::default(),
            end,
        })
    }

    /// Rows of a task for the connector, or for the worker with the number `reader`.
    ///
    /// # Errors
    /// `WORKER_DIFFERS` if the plan has no such partition, if the partition is for another reader, or if it was handed out before.
    pub fn read_task_rows(
        &self,
        of: TaskPartition,
        reader: Option<u32>,
    ) -> Result<TaskStream, Refusal> {
        let ReadyPartition { rows, schema, .. } = self.given_out(of, reader)?;
        let given = Arc::clone(&self.given);
        let counted = rows.inspect(move |batch| {
            let rows = batch.as_ref().map_or(0, RecordBatch::num_rows);
            let to = match reader {
                Some(_) => &given.to_workers,
                None => &given.to_connector,
            };
            to.fetch_add(u64::try_from(rows).unwrap_or(u64::MAX), Ordering::Relaxed);
        });
        let rows = RecordBatchStreamAdapter::new(Arc::clone(&schema), counted);
        Ok(self.stream(Box::pin(rows), &schema))
    }

    /// Numbers of rows that were sent to other workers and to the connector.
    #[must_use]
    pub fn delivered_row_counts(&self) -> (u64, u64) {
        let count = |rows: &AtomicU64| rows.load(Ordering::Relaxed);
        (
            count(&self.given.to_workers),
            count(&self.given.to_connector),
        )
    }

    /// Rows of a task for another task of this worker, whose number is `own`.
    ///
    /// # Errors
    /// As [`Self::read_task_rows`].
    pub fn own_rows(
        &self,
        of: TaskPartition,
        own: u32,
    ) -> Result<BoxStream<'static, Result<RecordBatch, Refusal>>, Refusal> {
        let ReadyPartition { rows, .. } = self.given_out(of, Some(own))?;
        let told = |batch: Result<_, DataFusionError>| {
            batch.map_err(|error| engine_error::execution_refusal(&error))
        };
        Ok(rows.map(told).boxed())
    }

    fn given_out(&self, of: TaskPartition, reader: Option<u32>) -> Result<ReadyPartition, Refusal> {
        let differs = |what: &str| Refusal::new(ErrorCode::WorkerDiffers, what);
        let gone = || differs("there is no such partition of a task, or it was given out");
        let mut ready = self.ready.lock();
        let key = (of.stage, of.partition);
        // INVARIANT: task-readers. A reader gets a partition only if the plan assigns it to that reader, and only once.
        let permitted = match ready.get(&key).ok_or_else(gone)?.reader {
            Reader::Connector => reader.is_none(),
            Reader::Worker(number) => reader == Some(number),
            Reader::WorkerBelow(tasks) => reader.is_some_and(|number| number < tasks),
        };
        if !permitted {
            return Err(differs("the partition of a task is read by somebody else"));
        }
        ready.remove(&key).ok_or_else(gone)
    }

    fn stream(&self, mut rows: SendableRecordBatchStream, schema: &SchemaRef) -> TaskStream {
        let schema = to_output_schema(schema);
        let (send, batches) = mpsc::channel(1);
        let (time, sent) = (self.time, Arc::clone(&schema));
        let run = async move {
            let all = async {
                while let Some(batch) = rows.next().await {
                    let batch = batch.map_err(|error| engine_error::execution_refusal(&error))?;
                    for piece in split_batch(&batch) {
                        let piece = to_output_batch(&piece, &sent)?;
                        if send.send(ExecutionEvent::Rows(piece)).await.is_err() {
                            return Ok(());
                        }
                    }
                }
                Ok(())
            };
            let last = match tokio::time::timeout(time, all).await {
                Ok(Ok(())) => return,
                Ok(Err(refusal)) => refusal,
                Err(_) => Refusal::new(ErrorCode::ResourceLimit, "the question took too long"),
            };
            let _gone = send.send(ExecutionEvent::Fell(last)).await;
        };
        let started = StartedPlan::Running {
            batches,
            over: false,
            task: self.runtime.spawn(run),
            pool: Arc::clone(&self.pool),
        };
        let mut encoder = FrameEncoder::new(FrameCompression::Plain);
        let first = encoder.encode_schema(&schema);
        TaskStream {
            started,
            encoder,
            queue: VecDeque::from([first]),
            watch: self.end.watch(),
            over: false,
        }
    }
}

impl Drop for QuestionTasks {
    fn drop(&mut self) {
        let why = Refusal::new(ErrorCode::WorkerFailed, "the question has ended");
        self.end.stop(why);
    }
}

impl fmt::Debug for QuestionTasks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("QuestionTasks").finish_non_exhaustive()
    }
}

/// Rows of one task partition, as messages. Dropping the stream ends the partition.
pub struct TaskStream {
    started: StartedPlan,
    encoder: FrameEncoder,
    queue: VecDeque<AnswerFrame>,
    watch: CancellationSignal,
    over: bool,
}

impl TaskStream {
    /// Next message, or `None` after the last one. The schema comes first. The stream ends after an error.
    pub async fn next(&mut self) -> Option<Result<AnswerFrame, Refusal>> {
        if self.over {
            return None;
        }
        loop {
            if let Some(frame) = self.queue.pop_front() {
                return Some(Ok(frame));
            }
            let encoded = match self.started.next(&mut self.watch).await? {
                Ok(batch) => self.encoder.encode_rows(&batch, &mut self.queue),
                Err(refusal) => Err(refusal),
            };
            if let Err(refusal) = encoded {
                self.over = true;
                self.started.end();
                return Some(Err(refusal));
            }
        }
    }
}

impl Drop for TaskStream {
    fn drop(&mut self) {
        self.started.end();
    }
}

impl fmt::Debug for TaskStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TaskStream").finish_non_exhaustive()
    }
}

fn check_and_cut_plan(
    made: &OptimizedPlan,
    state: &SessionState,
    participation: Participation,
    channels: TaskChannels,
) -> Result<StagedPlan, Refusal> {
    let differs = |what: &str| Refusal::new(ErrorCode::WorkerDiffers, what);
    let StagedPlanName {
        digest: expected,
        workers,
    } = participation.plan;
    if plan_digest(made) != expected {
        return Err(differs(
            "the worker makes another plan of the question than its connector",
        ));
    }
    let planned = || {
        if why_at_home(made)?.is_some() {
            return Ok(None);
        }
        cut_into_stages(made, state, workers, Arc::new(channels))
    };
    let planned =
        planned().map_err(|error: DataFusionError| engine_error::execution_refusal(&error))?;
    planned.ok_or_else(|| differs("the plan of the question has no stages"))
}

/// Prepares the partitions of the worker's own tasks. A partition starts to run when it is first read.
///
/// The engine's task registry is not used, because it keeps finished tasks until the process ends and starts to read at once.
async fn prepare_partitions(
    staged: &StagedPlan,
    worker: u32,
    limits: &QueryResourceLimits,
    environment: Arc<RuntimeEnv>,
    channels: TaskChannels,
) -> datafusion_common::Result<BTreeMap<(u32, u32), ReadyPartition>> {
    let mut ready = BTreeMap::new();
    let own = usize::try_from(worker).unwrap_or(usize::MAX);
    for task in task_plans(staged).await? {
        let key = task.task_key;
        if key.task_number != own {
            continue;
        }
        let Some(stage) = staged.stages.get(&key.stage_id) else {
            return internal_err!("a task of no stage");
        };
        let MaybeEncoded::Decoded(physical) = task.plan else {
            return internal_err!("a task that was encoded");
        };
        let physical = prepare_to_run(physical).map_err(engine_error::wrap_refusal)?;
        let (plan, counts) = RowCounts::count_under_head(physical, &stage.head)?;
        let config = session::session_config(limits)
            .with_extension(Arc::new(DistributedTaskContext {
                task_index: key.task_number,
                task_count: task.task_count,
            }))
            .with_distributed_channel_resolver(channels.clone());
        let context = session::task_context(config, Arc::clone(&environment));
        let partitions = plan.output_partitioning().partition_count();
        for partition in 0..partitions {
            let number = |number: usize| {
                u32::try_from(number).map_err(|_| internal_datafusion_err!("too many partitions"))
            };
            let (plan, context) = (Arc::clone(&plan), Arc::clone(&context));
            let run = async move { plan.execute(partition, context) };
            let rows = RecordBatchStreamAdapter::new(
                Arc::clone(&stage.schema),
                futures::stream::once(run).try_flatten(),
            );
            let place = (number(key.stage_id)?, number(partition)?);
            let partition = ReadyPartition {
                rows: Arc::clone(&counts).count_above_head(partition, Box::pin(rows)),
                schema: Arc::clone(&stage.schema),
                reader: partition_reader(stage, partition, partitions)?,
            };
            ready.insert(place, partition);
        }
    }
    Ok(ready)
}

/// Reader of a stage partition. If the stage is distributed by keys or repeated, each reading task has a consecutive range of
/// partitions.
fn partition_reader(
    stage: &Stage,
    partition: usize,
    of: usize,
) -> datafusion_common::Result<Reader> {
    let Some(tasks) = stage.readers else {
        return Ok(Reader::Connector);
    };
    let number = |number: usize| {
        u32::try_from(number).map_err(|_| internal_datafusion_err!("too many tasks"))
    };
    match stage.head {
        ProducerHead::None => number(tasks).map(Reader::WorkerBelow),
        ProducerHead::BroadcastExec { .. } | ProducerHead::RepartitionExec { .. } => {
            let each = of.div_euclid(tasks.max(1)).max(1);
            number(partition.div_euclid(each)).map(Reader::Worker)
        }
    }
}

/// Next message of a task. The task is aborted when the receiver is dropped.
async fn receive_from_task<T>(
    task: tokio::task::JoinHandle<()>,
    sent: oneshot::Receiver<T>,
) -> Option<T> {
    let _task = AbortOnDrop(task);
    sent.await.ok()
}

struct AbortOnDrop(tokio::task::JoinHandle<()>);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}
