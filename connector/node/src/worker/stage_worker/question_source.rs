//! Source of rows from the tasks of other workers and of this one.

use crate::config::cluster::WorkerConfig;
use crate::worker::stage_worker::running_questions::RunningQuestion;
use crate::worker::workers::WorkerRegistry;
use arrow_array::RecordBatch;
use async_trait::async_trait;
use futures::StreamExt as _;
use futures::stream::BoxStream;
use hansa_policy::id::RequestId;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_proto::cluster::{QuestionBriefing, TaskRows, WorkerTicket};
use hansa_query::execute::stages::task_source::{TaskPartition, TaskSource};
use rustls::ClientConfig;
use std::sync::{Arc, OnceLock, Weak};
use std::time::Duration;
use tokio::runtime::Handle;
use tokio_util::task::AbortOnDropHandle;

/// Tasks of one question, as one of its workers reads them.
pub(super) struct QuestionSource {
    request: RequestId,
    team: Vec<WorkerConfig>,
    own: u32,
    question: OnceLock<Weak<RunningQuestion>>,
    others: Arc<WorkerRegistry>,
    certificates: Arc<Certificates>,
    time: Duration,
    /// Handle of the runtime that owns connections. Questions run on another one.
    handle: Handle,
}

/// Reader of the own certificates.
type Certificates = dyn Fn() -> Result<Arc<ClientConfig>, Refusal> + Send + Sync;

impl QuestionSource {
    pub(super) fn new(
        briefing: &QuestionBriefing,
        others: Arc<WorkerRegistry>,
        certificates: Arc<Certificates>,
        time: Duration,
    ) -> Self {
        let team = briefing.team.iter().map(|member| WorkerConfig {
            name: member.name.clone(),
            address: member.address.clone(),
        });
        Self {
            request: briefing.request,
            team: team.collect(),
            own: briefing.worker,
            question: OnceLock::new(),
            others,
            certificates,
            time,
            handle: Handle::current(),
        }
    }

    /// Links the source with its question, without keeping the question alive.
    pub(super) fn link_question(&self, question: &Arc<RunningQuestion>) {
        let _first = self.question.set(Arc::downgrade(question));
    }
}

#[async_trait]
impl TaskSource for QuestionSource {
    async fn read_rows(
        &self,
        of: TaskPartition,
    ) -> Result<BoxStream<'static, Result<RecordBatch, Refusal>>, Refusal> {
        let failed = |why: &str| Refusal::new(ErrorCode::WorkerFailed, why);
        if of.worker == self.own {
            let question = self.question.get().and_then(Weak::upgrade);
            let question = question.ok_or_else(|| failed("the question has ended"))?;
            return question.tasks.own_rows(of, self.own);
        }
        let place = usize::try_from(of.worker).unwrap_or(usize::MAX);
        let worker = self.team.get(place);
        // INVARIANT: listed-workers. Only workers that take part are dialled, and their certificate must have that name.
        let worker = worker.ok_or_else(|| failed("a worker has no part in the question"))?;
        let (worker, others) = (worker.clone(), Arc::clone(&self.others));
        let certificates = Arc::clone(&self.certificates);
        let ticket = WorkerTicket::Rows(TaskRows {
            request: self.request,
            stage: of.stage,
            partition: of.partition,
        });
        let time = self.time;
        let asked = self.handle.spawn(async move {
            let client = others.client(&worker, move || certificates()).await?;
            client.send_ticket(&ticket, time).await
        });
        // Dropping this future aborts the request.
        let rows = AbortOnDropHandle::new(asked).await;
        let stops = |_| Err(Refusal::new(ErrorCode::Interrupted, "the worker stops"));
        Ok(rows.unwrap_or_else(stops)?.boxed())
    }
}
