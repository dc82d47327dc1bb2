//! Execution of a planned question: all participants are asked in parallel and their rows are merged.

use crate::federation::federated_answer::{FederatedAnswer, ParticipantReport};
use crate::federation::federated_query::FederatedQuery;
use crate::federation::federated_query::stream::{
    FederatedStream, QueryDeadline, drive_plan, explanation_answer, time_limit_refusal,
};
use crate::federation::options::FederatedQueryLimits;
use crate::federation::remote_query::RemoteExecutor;
use crate::federation::remote_query_exec::PendingStreams;
use crate::federation::response_check::OutcomeTracker;
use crate::runtime::QueryRuntime;
use crate::session;
use futures::StreamExt;
use hansa_policy::refusal::Refusal;
use std::sync::Arc;
use tokio::sync::mpsc;
use tracing::Instrument as _;

impl FederatedQuery {
    /// Sends all remote queries in parallel, except those that wait for keys of others, and computes the answer on the threads of
    /// `runtime`.
    ///
    /// Returns when each participant has started to answer. Until then a remote query with a connection failure is sent again.
    ///
    /// # Errors
    /// The refusal of the first participant that fails, unless the answer may lack it.
    pub async fn run(
        mut self,
        executor: Arc<dyn RemoteExecutor>,
        runtime: &QueryRuntime,
        bounds: &FederatedQueryLimits,
    ) -> Result<FederatedAnswer, Refusal> {
        let ledger = OutcomeTracker::new(&self.remote_queries);
        let report = ParticipantReport {
            ledger: ledger.clone(),
            left_out: self.left_out.clone(),
        };
        if self.explain {
            return explanation_answer(&self.explain(), report);
        }
        let limits = bounds.limits;
        let mut time: QueryDeadline = Box::pin(tokio::time::sleep(limits.time));
        let (environment, _) = runtime.environment(&limits)?;
        let (plan, ready) = (std::mem::take(&mut self.plan), Arc::clone(&self.plan_cache));
        // Local planning runs while the participants work.
        let planned = ready.physical_plan(plan, limits, Arc::clone(&environment));
        let begun = self.begin_queries(&*executor, bounds, &ledger);
        let (begun, physical) = tokio::select! {
            biased;
            both = futures::future::try_join(begun, planned) => both?,
            () = &mut time => return Err(time_limit_refusal(&limits)),
        };
        let config =
            session::session_config(&limits).with_extension(Arc::new(PendingStreams::of(begun)));
        let context = session::task_context(config, environment);
        let schema = physical.schema();
        let (send, receive) = mpsc::channel(2);
        let run = async move {
            if let Err(refusal) = drive_plan(physical, context, &send).await {
                let _ = send.send(Err(refusal)).await;
            }
        };
        let task = runtime.spawn(run.instrument(tracing::info_span!("combine")));
        let running = FederatedStream {
            rows: Some(receive),
            task,
            time,
            limits,
            sent: 0,
        };
        let batches = futures::stream::unfold(running, |mut running| async move {
            let item = running.next().await?;
            Some((item, running))
        })
        // The stream may be polled again after its end.
        .fuse()
        .boxed();
        Ok(FederatedAnswer {
            schema,
            batches,
            report,
        })
    }
}
