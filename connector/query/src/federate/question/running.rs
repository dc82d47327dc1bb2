//! A question under way: errands begun, the plan driven, rows handed on within the limits.

use super::{Answer, Bounds, Report};
use crate::fault;
use crate::federate::errand::{Courier, Errand, Status};
use crate::federate::explain::Explanation;
use crate::federate::feed::{Checked, Ledger, checked, told};
use crate::limits::Limits;
use arrow_array::{ArrayRef, RecordBatch, StringArray};
use arrow_schema::{DataType, Field, Schema};
use datafusion::execution::TaskContext;
use datafusion::physical_plan::{ExecutionPlan, execute_stream};
use futures::StreamExt;
use hansa_policy::refusal::{Code, Refusal};
use std::pin::Pin;
use std::sync::Arc;
use tokio::sync::mpsc;

/// Sends one errand until its first row is here, or its end.
pub(super) async fn begin_one(
    errand: &Arc<Errand>,
    courier: &dyn Courier,
    bounds: &Bounds,
    ledger: &Ledger,
) -> Result<(usize, Checked), Refusal> {
    let mut attempt = 0;
    loop {
        ledger.change(errand.number, |outcome| {
            outcome.status = Status::Running;
            outcome.rows = 0;
            outcome.bytes = 0;
        });
        let sent = Errand {
            attempt,
            ..Errand::clone(errand)
        };
        let result = async {
            let rows = courier.fetch(sent).await?;
            first_rows(checked(errand, rows, bounds, ledger)?).await
        }
        .await;
        match result {
            Ok(rows) => return Ok((errand.number, rows)),
            Err(refusal) => {
                let refusal = told(refusal, errand);
                ledger.change(errand.number, |outcome| {
                    outcome.status = Status::Failed(Box::new(refusal.clone()));
                });
                let on_the_way = matches!(refusal.code, Code::PeerUnreachable | Code::StreamCut);
                if !on_the_way || attempt >= bounds.retries {
                    return Err(refusal);
                }
                attempt = attempt.saturating_add(1);
            }
        }
    }
}

async fn first_rows(mut rows: Checked) -> Result<Checked, Refusal> {
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

pub(super) async fn drive(
    physical: Arc<dyn ExecutionPlan>,
    context: Arc<TaskContext>,
    send: &mpsc::Sender<Result<RecordBatch, Refusal>>,
) -> Result<(), Refusal> {
    let mut rows = execute_stream(physical, context).map_err(|error| fault::running(&error))?;
    while let Some(batch) = rows.next().await {
        let batch = batch.map_err(|error| fault::running(&error))?;
        if send.send(Ok(batch)).await.is_err() {
            break;
        }
    }
    Ok(())
}

pub(super) type Alarm = Pin<Box<tokio::time::Sleep>>;

pub(super) struct Running {
    pub(super) rows: Option<mpsc::Receiver<Result<RecordBatch, Refusal>>>,
    pub(super) task: tokio::task::JoinHandle<()>,
    pub(super) time: Alarm,
    pub(super) limits: Limits,
    pub(super) sent: u64,
}

impl Running {
    pub(super) async fn next(&mut self) -> Option<Result<RecordBatch, Refusal>> {
        let rows = self.rows.as_mut()?;
        let item = tokio::select! {
            biased;
            () = &mut self.time => Some(Err(late(&self.limits))),
            item = rows.recv() => item,
        };
        let item = match item {
            Some(Ok(batch)) => Some(self.within(batch)),
            Some(Err(refusal)) => Some(Err(refusal)),
            None => fault::fell(&mut self.task).await.map(Err),
        };
        if !matches!(item, Some(Ok(_))) {
            self.rows = None;
            self.task.abort();
        }
        item
    }

    fn within(&mut self, batch: RecordBatch) -> Result<RecordBatch, Refusal> {
        let rows = u64::try_from(batch.num_rows()).unwrap_or(u64::MAX);
        self.sent = self.sent.saturating_add(rows);
        if self.sent <= self.limits.rows {
            return Ok(batch);
        }
        Err(Refusal::new(
            Code::ResultTooLarge,
            format!("the answer has more than {} rows", self.limits.rows),
        )
        .with_help("add a filter or a LIMIT"))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.task.abort();
    }
}

pub(super) fn late(limits: &Limits) -> Refusal {
    Refusal::new(
        Code::ResourceLimit,
        format!(
            "the question took longer than {} seconds",
            limits.time.as_secs()
        ),
    )
}

pub(super) fn explained(explanation: &Explanation, report: Report) -> Result<Answer, Refusal> {
    let text = explanation.to_string();
    let lines: ArrayRef = Arc::new(StringArray::from(text.lines().collect::<Vec<_>>()));
    let schema = Arc::new(Schema::new(vec![Field::new("plan", DataType::Utf8, false)]));
    let batch = RecordBatch::try_new(Arc::clone(&schema), vec![lines])
        .map_err(|_| Refusal::new(Code::Internal, "the plan can't be shown"))?;
    Ok(Answer {
        schema,
        batches: futures::stream::iter([Ok(batch)]).boxed(),
        report,
    })
}
