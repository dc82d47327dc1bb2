//! Running question: the started remote queries, the execution of the local plan, and the rows within the limits.

use crate::engine_error;
use crate::federation::explanation::FederatedExplanation;
use crate::federation::federated_answer::{FederatedAnswer, ParticipantReport};
use crate::federation::options::FederatedQueryLimits;
use crate::federation::remote_query::{RemoteExecutor, RemoteQuery, RemoteQueryStatus};
use crate::federation::response_check::{
    CheckedBatchStream, OutcomeTracker, check_response, with_participant_and_contract,
};
use crate::limits::QueryResourceLimits;
use arrow_array::{ArrayRef, RecordBatch, StringArray};
use arrow_schema::{DataType, Field, Schema};
use datafusion::execution::TaskContext;
use datafusion::physical_plan::{ExecutionPlan, execute_stream};
use futures::StreamExt;
use hansa_policy::refusal::{ErrorCode, Refusal};
use std::pin::Pin;
use std::sync::Arc;
use tokio::sync::mpsc;

/// Sends one remote query and waits for its first row or its end. A connection failure is retried.
pub(super) async fn begin_one(
    remote_query: &Arc<RemoteQuery>,
    executor: &dyn RemoteExecutor,
    bounds: &FederatedQueryLimits,
    ledger: &OutcomeTracker,
) -> Result<(usize, CheckedBatchStream), Refusal> {
    let mut attempt = 0;
    loop {
        ledger.change(remote_query.number, |outcome| {
            outcome.status = RemoteQueryStatus::Running;
            outcome.rows = 0;
            outcome.bytes = 0;
        });
        let sent = RemoteQuery {
            attempt,
            ..RemoteQuery::clone(remote_query)
        };
        let result = async {
            let rows = executor.fetch(sent).await?;
            first_rows(check_response(remote_query, rows, bounds, ledger)?).await
        }
        .await;
        match result {
            Ok(rows) => return Ok((remote_query.number, rows)),
            Err(refusal) => {
                let refusal = with_participant_and_contract(refusal, remote_query);
                ledger.change(remote_query.number, |outcome| {
                    outcome.status = RemoteQueryStatus::Failed(Box::new(refusal.clone()));
                });
                let on_the_way = matches!(
                    refusal.code,
                    ErrorCode::PeerUnreachable | ErrorCode::StreamCut | ErrorCode::Moved
                );
                if !on_the_way || attempt >= bounds.retries {
                    return Err(refusal);
                }
                attempt = attempt.saturating_add(1);
            }
        }
    }
}

async fn first_rows(mut rows: CheckedBatchStream) -> Result<CheckedBatchStream, Refusal> {
    loop {
        match rows.next().await {
            None => return Ok(futures::stream::empty().boxed()),
            Some(Err(refusal)) => return Err(refusal),
            Some(Ok(batch)) if batch.num_rows() == 0 => {}
            Some(Ok(batch)) => {
                let first = futures::stream::once(async move { Ok(batch) });
                return Ok(first.chain(rows).boxed());
            }
        }
    }
}

pub(super) async fn drive_plan(
    physical: Arc<dyn ExecutionPlan>,
    context: Arc<TaskContext>,
    send: &mpsc::Sender<Result<RecordBatch, Refusal>>,
) -> Result<(), Refusal> {
    let mut rows = execute_stream(physical, context)
        .map_err(|error| engine_error::execution_refusal(&error))?;
    while let Some(batch) = rows.next().await {
        let batch = batch.map_err(|error| engine_error::execution_refusal(&error))?;
        if send.send(Ok(batch)).await.is_err() {
            break;
        }
    }
    Ok(())
}

pub(super) type QueryDeadline = Pin<Box<tokio::time::Sleep>>;

pub(super) struct FederatedStream {
    pub(super) rows: Option<mpsc::Receiver<Result<RecordBatch, Refusal>>>,
    pub(super) task: tokio::task::JoinHandle<()>,
    pub(super) time: QueryDeadline,
    pub(super) limits: QueryResourceLimits,
    pub(super) sent: u64,
}

impl FederatedStream {
    pub(super) async fn next(&mut self) -> Option<Result<RecordBatch, Refusal>> {
        let rows = self.rows.as_mut()?;
        let item = tokio::select! {
            biased;
            () = &mut self.time => Some(Err(time_limit_refusal(&self.limits))),
            item = rows.recv() => item,
        };
        let item = match item {
            Some(Ok(batch)) => Some(self.check_row_limit(batch)),
            Some(Err(refusal)) => Some(Err(refusal)),
            None => engine_error::join_error(&mut self.task).await.map(Err),
        };
        if !matches!(item, Some(Ok(_))) {
            self.rows = None;
            self.task.abort();
        }
        item
    }

    fn check_row_limit(&mut self, batch: RecordBatch) -> Result<RecordBatch, Refusal> {
        let rows = u64::try_from(batch.num_rows()).unwrap_or(u64::MAX);
        self.sent = self.sent.saturating_add(rows);
        if self.sent <= self.limits.rows {
            return Ok(batch);
        }
        Err(Refusal::new(
            ErrorCode::ResultTooLarge,
            format!("the answer has more than {} rows", self.limits.rows),
        )
        .with_help("add a filter or a LIMIT"))
    }
}

impl Drop for FederatedStream {
    fn drop(&mut self) {
        self.task.abort();
    }
}

pub(super) fn time_limit_refusal(limits: &QueryResourceLimits) -> Refusal {
    Refusal::new(
        ErrorCode::ResourceLimit,
        format!(
            "the question took longer than {} seconds",
            limits.time.as_secs()
        ),
    )
}

pub(super) fn explanation_answer(
    explanation: &FederatedExplanation,
    report: ParticipantReport,
) -> Result<FederatedAnswer, Refusal> {
    let text = explanation.to_string();
    let lines: ArrayRef = Arc::new(StringArray::from(text.lines().collect::<Vec<_>>()));
    let schema = Arc::new(Schema::new(vec![Field::new("plan", DataType::Utf8, false)]));
    let batch = RecordBatch::try_new(Arc::clone(&schema), vec![lines]).map_err(|cause| {
        Refusal::new(ErrorCode::Internal, "the plan can't be shown").caused_by(cause)
    })?;
    Ok(FederatedAnswer {
        schema,
        batches: futures::stream::iter([Ok(batch)]).boxed(),
        report,
    })
}
