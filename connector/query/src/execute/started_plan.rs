//! Running plan of an answer, and its events.

use crate::engine_error;
use crate::execute::cancellation::CancellationSignal;
use crate::runtime::QueryMemoryPool;
use arrow_array::RecordBatch;
use hansa_policy::refusal::Refusal;
use std::sync::Arc;
use tokio::sync::mpsc;

/// Running plan, as the answer owns it.
pub(crate) enum StartedPlan {
    /// Complete result, until it is taken.
    Ready(Option<RecordBatch>),
    /// Rows from the runtime's threads.
    Running {
        batches: mpsc::Receiver<ExecutionEvent>,
        /// Set after the last rows.
        over: bool,
        task: tokio::task::JoinHandle<()>,
        pool: Arc<QueryMemoryPool>,
    },
}

impl StartedPlan {
    /// Next batch, or `None` after the last one. The end of `watch` is reported at once, without a wait for the plan.
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

    /// Ends the plan.
    pub(crate) fn end(&mut self) {
        if let Self::Running { batches, task, .. } = self {
            batches.close();
            task.abort();
        }
    }
}

/// Event of a running plan. Only an event with rows that are not the last ones is followed by another event.
#[derive(Debug)]
pub(crate) enum ExecutionEvent {
    Rows(RecordBatch),
    /// Last rows. The receiver need not be woken a second time for the end.
    Last(RecordBatch),
    Fell(Refusal),
}
