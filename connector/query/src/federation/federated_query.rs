//! One question: planned, then asked of all participants at once, then answered.

mod dispatch;
mod missing_participants;
mod physical_plan_cache;
pub(super) mod planning;
mod stream;

use self::physical_plan_cache::FederatedPlanCache;
use self::stream::{FederatedStream, QueryDeadline, drive, explained, late};
use crate::federation::key_pushdown::KeyFilter;
use crate::federation::remote_query::{
    RemoteExecutor, RemoteQuery, RemoteQueryOutcome, RemoteQueryStatus,
};
use crate::federation::remote_query_exec::PendingStreams;
use crate::federation::remote_sql::RemoteSqlWriter;
use crate::federation::response_check::OutcomeTracker;
use crate::limits::{QueryResourceLimits, QueryRuntime};
use crate::session;
use crate::sql::monotonicity;
use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use datafusion::logical_expr::LogicalPlan;
use futures::StreamExt;
use futures::stream::BoxStream;
use hansa_catalog::dataset::DatasetKind;
use hansa_policy::id::{ContractId, ParticipantId, PurposeId};
use hansa_policy::refusal::Refusal;
use std::collections::BTreeSet;
use std::sync::Arc;
use tokio::sync::mpsc;

/// How somebody wants to ask.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct QueryOptions {
    /// The declared purpose; it holds for the whole question.
    pub purpose: Option<PurposeId>,
    /// The contracts that are named: each binds its dataset, and one that no table of the question is under refuses it.
    pub contracts: Vec<ContractId>,
    /// They are named for several questions of which this is one: it need not use them all.
    pub among_several: bool,
    /// The kinds of datasets that a model takes; empty: its own.
    pub kinds: BTreeSet<DatasetKind>,
    /// Accept an answer that lacks participants: the rows of one that fails before its first row count as none, wherever
    /// the question uses them; whoever gives keys to others is read to its end before. One that fails later fails the
    /// question, and so do all together.
    pub partial: bool,
    /// The texts for participants must be the same whenever it is asked, as for a question that is followed: so no keys of
    /// one participant go into the text for another.
    pub settled: bool,
}

/// A planned question: what will travel is decided.
#[derive(Clone)]
pub struct FederatedQuery {
    pub(super) plan: Arc<LogicalPlan>,
    pub(super) remote_queries: Vec<Arc<RemoteQuery>>,
    pub(super) left_out: Vec<(ParticipantId, Refusal)>,
    key_filters: Arc<[KeyFilter]>,
    writer: Arc<RemoteSqlWriter>,
    plan_cache: Arc<FederatedPlanCache>,
    options: QueryOptions,
    goes_on: bool,
    stays: bool,
    explain: bool,
}

/// What a question may use here, and each of its errands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FederatedQueryLimits {
    /// The whole question.
    pub limits: QueryResourceLimits,
    /// The most rows that one errand may bring.
    pub remote_query_rows: u64,
    /// The most bytes that one errand may bring.
    pub remote_query_bytes: u64,
    /// How often an errand is sent again that failed on the way before its first row.
    pub retries: u32,
}

impl Default for FederatedQueryLimits {
    fn default() -> Self {
        Self {
            limits: QueryResourceLimits {
                partitions: 2,
                ..QueryResourceLimits::default()
            },
            remote_query_rows: 1_000_000_000,
            remote_query_bytes: 64 << 30,
            retries: 1,
        }
    }
}

/// The answer, as it comes.
pub struct FederatedAnswer {
    /// Its columns.
    pub schema: SchemaRef,
    /// Its rows. An error ends them, and all rows before it are void.
    pub batches: BoxStream<'static, Result<RecordBatch, Refusal>>,
    /// What can be said of the participants, at any time and at the end.
    pub report: ParticipantReport,
}

/// How the participants of a question did.
#[derive(Debug, Clone)]
pub struct ParticipantReport {
    ledger: OutcomeTracker,
    left_out: Vec<(ParticipantId, Refusal)>,
}

impl ParticipantReport {
    /// One for each errand, in order.
    #[must_use]
    pub fn outcomes(&self) -> Vec<RemoteQueryOutcome> {
        self.ledger.read()
    }

    /// Whom the answer lacks, and why: it was asked for with `--partial`.
    #[must_use]
    pub fn missing(&self) -> Vec<(ParticipantId, Refusal)> {
        let failed = self
            .ledger
            .read()
            .into_iter()
            .filter_map(|outcome| match outcome.status {
                RemoteQueryStatus::Failed(refusal) => {
                    Some((outcome.remote_query.participant, *refusal))
                }
                RemoteQueryStatus::Running
                | RemoteQueryStatus::Answered
                | RemoteQueryStatus::Enough
                | RemoteQueryStatus::NotAsked => None,
            });
        self.left_out.iter().cloned().chain(failed).collect()
    }
}

impl FederatedQuery {
    /// What will travel, in order.
    #[must_use]
    pub fn remote_queries(&self) -> &[Arc<RemoteQuery>] {
        &self.remote_queries
    }

    /// Whether the text asks for the explanation alone (`EXPLAIN SELECT …`); [`FederatedQuery::run`] then asks nobody.
    #[must_use]
    pub const fn explains(&self) -> bool {
        self.explain
    }

    /// Whether the answer over what came since is what came to the answer, as far as it is put together here.
    #[must_use]
    pub fn is_additive(&self) -> bool {
        self.goes_on && monotonicity::is_additive(&self.plan)
    }

    /// Whether it is the same answer at any time as long as nothing comes: it names no function of the moment, and asks for rows.
    #[must_use]
    pub const fn stays(&self) -> bool {
        self.stays
    }

    /// Whether the text for somebody depends on what others bring.
    #[must_use]
    pub fn waits(&self) -> bool {
        !self.key_filters.is_empty()
    }

    /// Whom the answer will lack, and why.
    #[must_use]
    pub fn left_out(&self) -> &[(ParticipantId, Refusal)] {
        &self.left_out
    }

    /// Asks all participants at once, but for those that wait for keys of others, and answers from what they bring, on the
    /// threads of `room`.
    ///
    /// Returns when each has begun to answer; until then an errand that failed on the way is sent again.
    ///
    /// # Errors
    /// The refusal of the first participant that fails, unless the answer may lack it.
    pub async fn run(
        mut self,
        courier: Arc<dyn RemoteExecutor>,
        room: &QueryRuntime,
        bounds: &FederatedQueryLimits,
    ) -> Result<FederatedAnswer, Refusal> {
        let ledger = OutcomeTracker::new(&self.remote_queries);
        let report = ParticipantReport {
            ledger: ledger.clone(),
            left_out: self.left_out.clone(),
        };
        if self.explain {
            return explained(&self.explain(), report);
        }
        let limits = bounds.limits;
        let mut time: QueryDeadline = Box::pin(tokio::time::sleep(limits.time));
        let (environment, _) = room.environment(&limits)?;
        let (plan, ready) = (std::mem::take(&mut self.plan), Arc::clone(&self.plan_cache));
        // While the participants are at work.
        let planned = ready.physical(plan, limits, Arc::clone(&environment));
        let begun = self.begin(&*courier, bounds, &ledger);
        let (begun, physical) = tokio::select! {
            biased;
            both = futures::future::try_join(begun, planned) => both?,
            () = &mut time => return Err(late(&limits)),
        };
        let config = session::config(&limits).with_extension(Arc::new(PendingStreams::of(begun)));
        let context = session::context(config, environment);
        let schema = physical.schema();
        let (send, receive) = mpsc::channel(2);
        let task = room.spawn(async move {
            if let Err(refusal) = drive(physical, context, &send).await {
                let _ = send.send(Err(refusal)).await;
            }
        });
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
        // Whoever has seen its end may look again.
        .fuse()
        .boxed();
        Ok(FederatedAnswer {
            schema,
            batches,
            report,
        })
    }
}

impl std::fmt::Debug for FederatedQuery {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Question")
            .field("errands", &self.remote_queries)
            .finish_non_exhaustive()
    }
}

impl std::fmt::Debug for FederatedAnswer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Answer")
            .field("schema", &self.schema)
            .finish_non_exhaustive()
    }
}
