//! Connection of the engine to the tasks of a question. Each partition is read by [`TaskSource`].

use super::staged_plan::worker_number;
use super::task_source::{TaskPartition, TaskSource};
use crate::engine_error;
use arrow_array::{RecordBatch, RecordBatchOptions};
use arrow_schema::SchemaRef;
use async_trait::async_trait;
use datafusion::arrow::compute::cast;
use datafusion::execution::TaskContext;
use datafusion::physical_plan::metrics::ExecutionPlanMetricsSet;
use datafusion_common::{DataFusionError, Result, internal_datafusion_err, internal_err};
use datafusion_distributed::{
    ChannelResolver, CoordinatorToWorkerMsg, ExecuteTaskRequest, GetWorkerInfoRequest,
    GetWorkerInfoResponse, SetPlanRequest, WorkerChannel, WorkerToCoordinatorMsg,
};
use futures::stream::{self, BoxStream, StreamExt as _, TryStreamExt as _};
use hansa_policy::refusal::{ErrorCode, Refusal};
use http::HeaderMap;
use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};
use url::Url;

/// Channels of one question. The source of rows is set when the question starts.
#[derive(Clone, Default)]
pub(super) struct TaskChannels {
    within: Arc<OnceLock<QuestionSource>>,
}

struct QuestionSource {
    source: Arc<dyn TaskSource>,
    /// Output schemas of the stages, by stage number.
    schemas: BTreeMap<usize, SchemaRef>,
}

impl TaskChannels {
    /// Sets the source of rows. Only the first call takes effect.
    pub(super) fn set_source(
        &self,
        source: Arc<dyn TaskSource>,
        schemas: impl IntoIterator<Item = (usize, SchemaRef)>,
    ) {
        let schemas = schemas.into_iter().collect();
        let _first = self.within.set(QuestionSource { source, schemas });
    }
}

#[async_trait]
impl ChannelResolver for TaskChannels {
    async fn get_worker_client_for_url(&self, url: &Url) -> Result<Box<dyn WorkerChannel>> {
        let worker =
            worker_number(url).ok_or_else(|| internal_datafusion_err!("no worker's address"))?;
        Ok(Box::new(TaskChannel {
            channels: self.clone(),
            worker,
        }))
    }
}

struct TaskChannel {
    channels: TaskChannels,
    worker: u32,
}

#[async_trait]
impl WorkerChannel for TaskChannel {
    /// Workers prepare their tasks themselves.
    async fn coordinator_channel(
        &mut self,
        _: HeaderMap,
        _: SetPlanRequest,
        _: BoxStream<'static, CoordinatorToWorkerMsg>,
        _: ExecutionPlanMetricsSet,
        _: &Arc<TaskContext>,
    ) -> Result<BoxStream<'static, Result<WorkerToCoordinatorMsg>>> {
        Ok(stream::empty().boxed())
    }

    /// Opens a separate stream for each partition at its first read, so that a slow reader does not block others.
    async fn execute_task(
        &mut self,
        _: HeaderMap,
        request: ExecuteTaskRequest,
        _: ExecutionPlanMetricsSet,
        _: &Arc<TaskContext>,
    ) -> Result<Vec<BoxStream<'static, Result<RecordBatch>>>> {
        let within = self.channels.within.get();
        let within = within.ok_or_else(|| internal_datafusion_err!("nothing has begun"))?;
        let stage = request.task_key.stage_id;
        let schema = within.schemas.get(&stage);
        let schema = schema.ok_or_else(|| internal_datafusion_err!("there is no such stage"))?;
        let number = |number: usize| {
            u32::try_from(number).map_err(|_| internal_datafusion_err!("too many tasks"))
        };
        if number(request.task_key.task_number)? != self.worker {
            return internal_err!("a task is another worker's");
        }
        let partitions = request.target_partition_start..request.target_partition_end;
        let partitions = partitions.map(|partition| {
            let of = TaskPartition {
                worker: self.worker,
                stage: number(stage)?,
                partition: number(partition)?,
            };
            let (source, schema) = (Arc::clone(&within.source), Arc::clone(schema));
            let rows = async move {
                let rows = source.read_rows(of).await.map_err(failed_task_error)?;
                let rows =
                    rows.map(move |batch| fit_batch(&batch.map_err(failed_task_error)?, &schema));
                Ok::<_, DataFusionError>(rows)
            };
            Ok(stream::once(rows).try_flatten().boxed())
        });
        partitions.collect()
    }

    async fn get_worker_info(&mut self, _: GetWorkerInfoRequest) -> Result<GetWorkerInfoResponse> {
        internal_err!("nobody is asked")
    }
}

/// Error of a failed task without its place and cause, which only the operator may see. If no row was sent, the question runs again
/// at the connector, which reports its own error.
pub(super) fn failed_task_error(why: Refusal) -> DataFusionError {
    tracing::warn!(name: "task.failed", %why, "a worker did not give its rows");
    let lost = Refusal::new(
        ErrorCode::WorkerFailed,
        "a part of the answer could not be computed",
    );
    engine_error::wrap_refusal(lost.with_help("ask again"))
}

/// Converts rows to the types that the plan uses. Texts have another type in messages.
fn fit_batch(batch: &RecordBatch, schema: &SchemaRef) -> Result<RecordBatch> {
    let other = || {
        let sentence = "a worker sent other columns than it was asked for";
        failed_task_error(Refusal::new(ErrorCode::WorkerFailed, sentence))
    };
    if batch.num_columns() != schema.fields().len() {
        return Err(other());
    }
    let columns = batch.columns().iter().zip(schema.fields());
    let columns = columns.map(|(column, field)| {
        if column.data_type() == field.data_type() {
            Ok(Arc::clone(column))
        } else {
            cast(column, field.data_type()).map_err(|_| other())
        }
    });
    let columns = columns.collect::<Result<Vec<_>>>()?;
    let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    RecordBatch::try_new_with_options(Arc::clone(schema), columns, &options).map_err(|_| other())
}
