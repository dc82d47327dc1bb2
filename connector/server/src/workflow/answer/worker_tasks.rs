//! What the workers of the connector are told of a question, and how they are asked for shares of it.

use crate::config::ConnectorConfig;
use crate::participant::Connector;
use crate::process::blocking_work::blocking;
use crate::workflow::answer::incoming_query::{IncomingQuery, QueryCaller};
use arrow_array::RecordBatch;
use async_trait::async_trait;
use bytes::Bytes;
use futures::StreamExt as _;
use futures::stream::BoxStream;
use hansa_audit_log::digest::Digest;
use hansa_audit_log::ledger::Recorded;
use hansa_audit_log::time::UtcTimestamp;
use hansa_enforcement::bound_plan::BoundPlan;
use hansa_policy::decision::{PermitDecision, derivation};
use hansa_policy::effect::{Effect, EffectKind};
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_proto::cluster::{FragmentTask, TaskDataset, TaskLimits};
use hansa_query::execute::share::{ShareSpec, Sharing, Workers};
use hansa_query::limits;
use hansa_query::snapshot::registry::SnapshotSet;
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Handle;
use tokio_util::task::AbortOnDropHandle;

/// The workers of one question.
struct QueryWorkers {
    connector: Arc<Connector>,
    /// Who is there as long as this question is: a reload changes nothing of it.
    config: Arc<ConnectorConfig>,
    /// All but the contracts themselves, which are read when a worker is asked.
    task: FragmentTask,
    /// Where connections live: not where questions run.
    handle: Handle,
}

/// The workers that help with a question of a peer, where there are any, and all that it reads is under contracts. What our own people
/// ask is answered at home: there is no contract that a worker could check.
pub(super) fn sharing(
    connector: &Arc<Connector>,
    posed: &IncomingQuery,
    (ruled, planned): (&Recorded<PermitDecision<BoundPlan>>, UtcTimestamp),
    tenant: Option<&str>,
    (holdings, limits): (&SnapshotSet, &limits::QueryResourceLimits),
) -> Option<Sharing> {
    let config = connector.config();
    if config.cluster.workers.is_empty() || matches!(posed.caller, QueryCaller::House) {
        return None;
    }
    let ask = &posed.asking.ask;
    let task = FragmentTask {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        request: ask.request,
        asker: posed.asker.id().clone(),
        tenant: tenant.map(str::to_owned),
        purpose: ask.purpose.clone(),
        now: ruled.at(),
        planned,
        sql: ask.sql.clone(),
        grounds: grounds(ruled, holdings)?,
        effects: derivation::digest(ruled.effects()),
        plan: Digest::of(b""),
        fragment: 0,
        part: 0,
        of: 1,
        limits: task_limits(limits),
    };
    let at_least = config.cluster.at_least;
    let workers = Arc::new(QueryWorkers {
        connector: Arc::clone(connector),
        config,
        task,
        handle: Handle::current(),
    });
    Some(Sharing { workers, at_least })
}

/// The contracts of the question, without their envelopes.
fn grounds(ruled: &PermitDecision<BoundPlan>, holdings: &SnapshotSet) -> Option<Vec<TaskDataset>> {
    let is_released = |effect: &Effect| match &effect.kind {
        EffectKind::AggregateOnly(cube) => cube.release.is_some(),
        _ => false,
    };
    let grounds = ruled.effects().iter().map(|(dataset, effects)| {
        let grant = ruled.standing().grants().get(dataset)?;
        // A worker has snapshots, and neither released cells nor rows that lie elsewhere.
        let snapshot = holdings.get(dataset)?;
        let here = snapshot.in_place.is_none() && !effects.iter().any(is_released);
        let held = ruled.prohibits().get(dataset).into_iter().flatten();
        here.then_some(())?;
        Some(TaskDataset {
            dataset: dataset.name.clone(),
            contract: grant.contract()?,
            first: grant.first()?,
            envelope: Bytes::new(),
            active_prohibitions: held.copied().collect(),
            snapshot: snapshot.dataset.version.clone(),
            digest: snapshot.digest,
        })
    });
    let grounds: Vec<TaskDataset> = grounds.collect::<Option<_>>()?;
    (!grounds.is_empty()).then_some(grounds)
}

/// What a worker may use for a share of a question with these limits.
fn task_limits(limits: &limits::QueryResourceLimits) -> TaskLimits {
    TaskLimits {
        memory: u64::try_from(limits.memory).unwrap_or(u64::MAX),
        spill: limits.spill,
        // Half of it is left to do the question again at home, where a worker does not come to an end.
        time: (limits.time / 2).max(Duration::from_millis(1)),
        batch_rows: u32::try_from(limits.batch_rows).unwrap_or(u32::MAX),
    }
}

impl QueryWorkers {
    /// The share, of the first worker that begins it: none has told anything before.
    async fn begun(
        connector: &Arc<Connector>,
        config: &ConnectorConfig,
        mut task: FragmentTask,
    ) -> Result<ShareBatchStream, Refusal> {
        let inner = Arc::clone(connector);
        let task = blocking(move || {
            for ground in &mut task.grounds {
                ground.envelope = inner.records.documents.contract(ground.contract)?.into();
            }
            Ok(task)
        })
        .await?;
        let workers = &config.cluster.workers;
        let first = usize::try_from(task.part).unwrap_or(0);
        let mut last = Refusal::new(ErrorCode::WorkerFailed, "no worker is there at the moment");
        let turns = workers.iter().cycle().skip(first).take(workers.len());
        for worker in turns {
            if connector
                .peers
                .workers
                .is_resting(worker, connector.ticks())
            {
                continue;
            }
            let asked = tokio::time::timeout(BEGIN, async {
                let client = connector
                    .peers
                    .workers
                    .client(worker, config, &connector.clock)
                    .await?;
                client.share(&task).await
            });
            let late = || {
                Err(Refusal::new(
                    ErrorCode::WorkerFailed,
                    "it did not begin in time",
                ))
            };
            match asked.await.unwrap_or_else(|_| late()) {
                Ok(share) => return Ok(share.boxed()),
                Err(why) => {
                    tracing::warn!(name: "worker.failed", worker = %worker.name, %why, "another one is asked");
                    // One that only refuses is there.
                    if why.code == ErrorCode::WorkerFailed {
                        connector.peers.workers.rests(worker, connector.ticks());
                    }
                    last = why;
                }
            }
        }
        Err(last)
    }
}

/// How long a worker may take to begin a share.
const BEGIN: Duration = Duration::from_secs(20);

type ShareBatchStream = BoxStream<'static, Result<RecordBatch, Refusal>>;

#[async_trait]
impl Workers for QueryWorkers {
    fn count(&self) -> u32 {
        let workers = self.config.cluster.workers.len();
        u32::try_from(workers).unwrap_or(u32::MAX).min(MOST)
    }

    async fn share(&self, spec: ShareSpec) -> Result<ShareBatchStream, Refusal> {
        let ShareSpec {
            fragment,
            plan,
            part,
            of,
        } = spec;
        let task = FragmentTask {
            plan,
            fragment,
            part,
            of,
            ..self.task.clone()
        };
        let (connector, config) = (Arc::clone(&self.connector), Arc::clone(&self.config));
        let asked = self
            .handle
            .spawn(async move { Self::begun(&connector, &config, task).await });
        // Who gives up waiting has nothing begun.
        AbortOnDropHandle::new(asked)
            .await
            .unwrap_or_else(|_| Err(Refusal::new(ErrorCode::Interrupted, "the connector stops")))
    }
}

/// The most shares of a question.
const MOST: u32 = 1024;
