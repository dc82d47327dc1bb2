//! Briefing of workers about a question, and the requests for the rows of their tasks.

use crate::answer::incoming_query::{IncomingQuery, QueryCaller};
use crate::config::ConnectorConfig;
use crate::config::cluster::WorkerConfig;
use crate::participant::Connector;
use crate::process::blocking_work::run_blocking;
use arrow_array::RecordBatch;
use async_trait::async_trait;
use bytes::Bytes;
use futures::StreamExt as _;
use futures::future::try_join_all;
use futures::stream::BoxStream;
use hansa_audit_log::digest::Digest;
use hansa_audit_log::ledger::Recorded;
use hansa_audit_log::time::{Clock, UtcTimestamp};
use hansa_enforcement::bound_plan::BoundPlan;
use hansa_identity::cluster;
use hansa_policy::contract::signature::SignatoryRole;
use hansa_policy::decision::{PermitDecision, derivation};
use hansa_policy::effect::{Effect, EffectKind};
use hansa_policy::id::{DatasetId, RequestId};
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_proto::cluster::{
    BriefedContract, MOST_WORKERS, QuestionBriefing, TaskDataset, TaskLimits, TaskRows, TeamMember,
    WorkerTicket,
};
use hansa_proto::envelope;
use hansa_proto::envelope::kind::StatementKind;
use hansa_proto::house_grant::HouseGrant;
use hansa_proto::statement;
use hansa_query::execute::stages::eligibility::HomeReason;
use hansa_query::execute::stages::task_source::{TaskPartition, TaskSource};
use hansa_query::execute::stages::workers::{StagedPlanName, Staging, Workers};
use hansa_query::limits;
use hansa_query::snapshot::registry::SnapshotSet;
use hansa_transport::cluster::client::{TaskRowStream, WorkerClient};
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Handle;
use tokio_util::task::AbortOnDropHandle;

/// Workers of one question.
struct QueryWorkers {
    connector: Arc<Connector>,
    config: Arc<ConnectorConfig>,
    /// Team of workers, fixed for the question. A reload of the configuration does not change it.
    team: Vec<WorkerConfig>,
    /// Briefing without the envelopes of contracts, which are read when workers are asked, and without the fields of each worker.
    briefing: QuestionBriefing,
    /// True for own users: a house grant takes the place of contracts.
    house: bool,
    /// Handle of the runtime that owns connections. Questions run on another one.
    handle: Handle,
}

/// Question that its workers have begun. Dropping it ends their tasks.
struct BegunQuestion {
    request: RequestId,
    /// Clients, indexed by the number of the worker.
    clients: Vec<WorkerClient>,
    /// Streams that keep the tasks of the workers alive.
    _held: Vec<TaskRowStream>,
    time: Duration,
    handle: Handle,
}

/// Permitted question, with the snapshots and the limits of its execution.
#[derive(Clone, Copy)]
pub(super) struct PermittedRead<'a> {
    pub(super) ruled: &'a Recorded<PermitDecision<BoundPlan>>,
    /// Time of the plan.
    pub(super) planned: UtcTimestamp,
    pub(super) tenant: Option<&'a str>,
    pub(super) holdings: &'a SnapshotSet,
    pub(super) limits: &'a limits::QueryResourceLimits,
}

/// Returns the workers for a question, if any exist and can read all its datasets.
pub(super) fn find_workers(
    connector: &Arc<Connector>,
    posed: &IncomingQuery,
    permitted: PermittedRead<'_>,
) -> Option<Result<Staging, HomeReason>> {
    let PermittedRead {
        ruled,
        planned,
        tenant,
        holdings,
        limits,
    } = permitted;
    let config = connector.config();
    if config.cluster.workers.is_empty() {
        return None;
    }
    let house = matches!(posed.caller, QueryCaller::House);
    let ask = &posed.asking.ask;
    let grounds = match collect_grounds(ruled, holdings, house) {
        Ok(grounds) if grounds.is_empty() => return None,
        Ok(grounds) => grounds,
        Err(dataset) => return Some(Err(HomeReason::Table(dataset))),
    };
    let ticks = connector.ticks();
    let workers = config.cluster.workers.iter();
    let there = workers.filter(|worker| !connector.peers.workers.is_resting(worker, ticks));
    let team: Vec<WorkerConfig> = there.take(MOST_WORKERS).cloned().collect();
    let members = team.iter().map(|worker| TeamMember {
        name: worker.name.clone(),
        address: worker.address.clone(),
    });
    let briefing = QuestionBriefing {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        request: ask.request,
        asker: posed.asker.id().clone(),
        tenant: tenant.map(str::to_owned),
        purpose: ask.purpose.clone(),
        now: ruled.decision_instant(),
        planned,
        sql: ask.sql.clone(),
        grounds,
        house_grant: None,
        effects: derivation::effects_digest(ruled.effects()),
        plan: Digest::of(b""),
        team: members.collect(),
        worker: 0,
        limits: task_limits(limits),
    };
    let at_least = config.cluster.at_least;
    let workers = Arc::new(QueryWorkers {
        connector: Arc::clone(connector),
        config,
        team,
        briefing,
        house,
        handle: Handle::current(),
    });
    Some(Ok(Staging {
        workers,
        at_least,
        placement: Arc::default(),
    }))
}

/// Returns the grounds of the question: its contracts without their envelopes. Fails for a dataset that workers can't read.
fn collect_grounds(
    ruled: &PermitDecision<BoundPlan>,
    holdings: &SnapshotSet,
    house: bool,
) -> Result<Vec<TaskDataset>, DatasetId> {
    let is_released = |effect: &Effect| match &effect.kind {
        EffectKind::AggregateOnly(cube) => cube.release.is_some(),
        _ => false,
    };
    let grounds = ruled.effects().iter().map(|(dataset, effects)| {
        let ground = || {
            let grant = ruled.active_contracts().grants().get(dataset)?;
            // Workers read snapshots and files in place, but no released cells and no tables of databases.
            let snapshot = holdings.get(dataset)?;
            let here = snapshot.is_in_files() && !effects.iter().any(is_released);
            here.then_some(())?;
            let held = ruled
                .active_prohibitions()
                .get(dataset)
                .into_iter()
                .flatten();
            let contract = match house {
                true => None,
                false => Some(BriefedContract {
                    contract: grant.contract()?,
                    first: grant.first_version()?,
                    envelope: Bytes::new(),
                    active_prohibitions: held.copied().collect(),
                }),
            };
            Some(TaskDataset {
                dataset: dataset.name.clone(),
                contract,
                snapshot: snapshot.dataset.version.clone(),
                digest: snapshot.digest,
            })
        };
        ground().ok_or_else(|| dataset.clone())
    });
    grounds.collect()
}

/// Limits of a worker's tasks, from the limits of the question.
fn task_limits(limits: &limits::QueryResourceLimits) -> TaskLimits {
    TaskLimits {
        memory: u64::try_from(limits.memory).unwrap_or(u64::MAX),
        spill: limits.spill,
        // Half of the time stays for a second attempt without workers.
        time: (limits.time / 2).max(Duration::from_millis(1)),
        batch_rows: u32::try_from(limits.batch_rows).unwrap_or(u32::MAX),
    }
}

/// Grant under which workers run tasks of a question of an own user, signed by the house key.
fn house_grant(connector: &Connector, briefing: &QuestionBriefing) -> Result<Bytes, Refusal> {
    let snapshots = briefing.grounds.iter();
    let now = connector.now();
    let time = i64::try_from(briefing.limits.time.as_micros()).unwrap_or(i64::MAX);
    let payload = statement::to_bytes(&HouseGrant {
        participant: connector.id(),
        request: briefing.request,
        question: Digest::of(briefing.sql.as_bytes()),
        snapshots: snapshots
            .map(|ground| (ground.dataset.clone(), ground.digest))
            .collect(),
        issued_at: now,
        ends_at: now.plus_micros(time),
    });
    let signature = connector.sign(StatementKind::HouseGrant, SignatoryRole::Provider, &payload)?;
    Ok(envelope::assemble_statement(&payload, &[signature]).into())
}

/// Starts a question on all its workers at once.
async fn begin_workers(
    connector: Arc<Connector>,
    config: Arc<ConnectorConfig>,
    team: Vec<WorkerConfig>,
    mut briefing: QuestionBriefing,
    house: bool,
) -> Result<Vec<(WorkerClient, TaskRowStream)>, Refusal> {
    let inner = Arc::clone(&connector);
    let briefing = run_blocking(move || {
        if house {
            briefing.house_grant = Some(house_grant(&inner, &briefing)?);
        }
        for contract in briefing
            .grounds
            .iter_mut()
            .flat_map(|ground| &mut ground.contract)
        {
            contract.envelope = inner
                .records
                .documents
                .read_contract(contract.contract)?
                .into();
        }
        Ok(briefing)
    })
    .await?;
    let asked = (0_u32..).zip(&team).map(|(number, worker)| {
        let briefing = QuestionBriefing {
            worker: number,
            ..briefing.clone()
        };
        let (connector, config) = (&connector, &config);
        async move {
            let began = one_begun(connector, config, worker, briefing).await;
            if let Err(why) = &began {
                tracing::warn!(name: "worker.failed", worker = %worker.name, %why, "the question is asked without workers");
                // A worker that refuses is alive. Only an unreachable one is rested.
                if why.code == ErrorCode::WorkerFailed {
                    connector.peers.workers.pause_worker(worker, connector.ticks());
                }
            }
            began
        }
    });
    try_join_all(asked).await
}

async fn one_begun(
    connector: &Connector,
    config: &ConnectorConfig,
    worker: &WorkerConfig,
    briefing: QuestionBriefing,
) -> Result<(WorkerClient, TaskRowStream), Refusal> {
    let (folder, clock) = (
        config.cluster.folder.clone(),
        Clock::clone(&connector.clock),
    );
    let begin = async {
        let certificates = move || cluster::connector_config(&folder, &clock);
        let client = connector.peers.workers.client(worker, certificates).await?;
        let time = briefing.limits.time;
        let ticket = WorkerTicket::Begin(Box::new(briefing));
        let held = client.send_ticket(&ticket, time).await?;
        Ok((client, held))
    };
    let late = || {
        Err(Refusal::new(
            ErrorCode::WorkerFailed,
            "it did not begin in time",
        ))
    };
    tokio::time::timeout(BEGIN, begin)
        .await
        .unwrap_or_else(|_| late())
}

/// Longest time for a worker to begin.
const BEGIN: Duration = Duration::from_secs(20);

#[async_trait]
impl Workers for QueryWorkers {
    fn count(&self) -> u32 {
        u32::try_from(self.team.len()).unwrap_or(u32::MAX)
    }

    async fn begin_tasks(&self, plan: StagedPlanName) -> Result<Arc<dyn TaskSource>, Refusal> {
        let briefing = QuestionBriefing {
            plan: plan.digest,
            ..self.briefing.clone()
        };
        let (request, time) = (briefing.request, briefing.limits.time);
        let (connector, config) = (Arc::clone(&self.connector), Arc::clone(&self.config));
        let (team, house) = (self.team.clone(), self.house);
        let asked = self
            .handle
            .spawn(begin_workers(connector, config, team, briefing, house));
        // Dropping this future aborts the start, so that no worker begins a question nobody waits for.
        let begun = AbortOnDropHandle::new(asked)
            .await
            .unwrap_or_else(|_| Err(stopping_refusal()))?;
        let (clients, held) = begun.into_iter().unzip();
        Ok(Arc::new(BegunQuestion {
            request,
            clients,
            _held: held,
            time,
            handle: self.handle.clone(),
        }))
    }
}

#[async_trait]
impl TaskSource for BegunQuestion {
    async fn read_rows(
        &self,
        of: TaskPartition,
    ) -> Result<BoxStream<'static, Result<RecordBatch, Refusal>>, Refusal> {
        let client = usize::try_from(of.worker)
            .ok()
            .and_then(|number| self.clients.get(number));
        let client = client.cloned().ok_or_else(|| {
            Refusal::new(
                ErrorCode::WorkerFailed,
                "a worker has no part in the question",
            )
        })?;
        let ticket = WorkerTicket::Rows(TaskRows {
            request: self.request,
            stage: of.stage,
            partition: of.partition,
        });
        let time = self.time;
        let asked = self
            .handle
            .spawn(async move { client.send_ticket(&ticket, time).await });
        let rows = AbortOnDropHandle::new(asked)
            .await
            .unwrap_or_else(|_| Err(stopping_refusal()))?;
        Ok(rows.boxed())
    }
}

fn stopping_refusal() -> Refusal {
    Refusal::new(ErrorCode::Interrupted, "the connector stops")
}
