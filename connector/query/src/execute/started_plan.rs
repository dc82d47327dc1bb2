//! A plan that runs, as its answer takes it over, and what is told of it.

use crate::engine_error;
use crate::execute::cancellation::CancellationSignal;
use crate::runtime::QueryMemoryPool;
use arrow_array::RecordBatch;
use hansa_policy::refusal::Refusal;
use std::sync::Arc;
use tokio::sync::mpsc;

/// A running answer, as `answer` takes it over.
pub(crate) enum StartedPlan {
    /// It is there already, until it is taken.
    Ready(Option<RecordBatch>),
    /// It comes from the runtime's threads.
    Running {
        batches: mpsc::Receiver<ExecutionEvent>,
        /// Whether the last rows came.
        over: bool,
        task: tokio::task::JoinHandle<()>,
        pool: Arc<QueryMemoryPool>,
    },
}

impl StartedPlan {
    /// The next batch; `None` after the last one. That `watch` has ended is told at once; the plan is not waited for.
    pub(crate) async fn next(
        &mut self,
        watch: &mut CancellationSignal,
    ) -> Option<Result<RecordBatch, Refusal>> {
        match self {
            Self::Ready(batch) => batch.take().map(Ok),
            Self::Running { over: true, .. } => None,
            Self::Running {
                batches,
                over,
                task,
                ..
            } => {
                let event = tokio::select! {
                    biased;
                    why = watch.wait() => return Some(Err(why)),
                    told = batches.recv() => told,
                };
                match event {
                    Some(ExecutionEvent::Rows(batch)) => Some(Ok(batch)),
                    Some(ExecutionEvent::Last(batch)) => {
                        *over = true;
                        Some(Ok(batch))
                    }
                    Some(ExecutionEvent::Fell(refusal)) => Some(Err(refusal)),
                    None => engine_error::join_error(task).await.map(Err),
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

/// What is told of a plan that runs. After all but rows that others may follow, nothing comes.
#[derive(Debug)]
pub(crate) enum ExecutionEvent {
    Rows(RecordBatch),
    /// The last rows: who has them knows it without being woken a second time.
    Last(RecordBatch),
    Fell(Refusal),
}
