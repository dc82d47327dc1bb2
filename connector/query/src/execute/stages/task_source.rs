//! Where rows of tasks come from: from whatever brings them.

use arrow_array::RecordBatch;
use async_trait::async_trait;
use futures::stream::BoxStream;
use hansa_policy::refusal::Refusal;

/// One partition of what a task of a stage gives. A worker has at most one task of a stage, of its own number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct TaskPartition {
    /// The number of the worker in the question, from 0.
    pub worker: u32,
    /// The stage of the question's plan, from 1.
    pub stage: u32,
    /// The partition, from 0.
    pub partition: u32,
}

/// Brings what tasks of one question give.
#[async_trait]
pub trait TaskSource: Send + Sync + 'static {
    /// The rows of a partition. Dropping them ends them. They have ended well only if no error comes.
    ///
    /// # Errors
    /// What the worker refused with, or that it could not be reached.
    async fn rows(
        &self,
        of: TaskPartition,
    ) -> Result<BoxStream<'static, Result<RecordBatch, Refusal>>, Refusal>;
}
