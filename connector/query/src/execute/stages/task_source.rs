//! Interface for the transport of rows between tasks.

use arrow_array::RecordBatch;
use async_trait::async_trait;
use futures::stream::BoxStream;
use hansa_policy::refusal::Refusal;

/// One output partition of a task. A worker has at most one task of a stage; the task has the worker's number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct TaskPartition {
    /// Number of the worker in the question, from 0.
    pub worker: u32,
    /// Number of the stage in the plan, from 1.
    pub stage: u32,
    /// Number of the partition, from 0.
    pub partition: u32,
}

/// Transport of task output for one question.
#[async_trait]
pub trait TaskSource: Send + Sync + 'static {
    /// Reads the rows of a partition. Dropping the stream ends the transfer. The rows are complete only if the stream ends without
    /// an error.
    ///
    /// # Errors
    /// The worker's refusal, or a refusal if the worker is unreachable.
    async fn read_rows(
        &self,
        of: TaskPartition,
    ) -> Result<BoxStream<'static, Result<RecordBatch, Refusal>>, Refusal>;
}
