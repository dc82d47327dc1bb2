//! Workflow of a worker: contract, plan, decision, enforcement, tasks. The worker derives every policy in a briefing again from the
//! contract and compares it. It believes only facts that the connector alone can know (caller, prohibitions in force, instant);
//! they can't make a contract permit more.

mod question_grounds;
mod question_source;
mod running_questions;

use crate::answer::plan_tools::tools_of;
use crate::config;
use crate::config::ConnectorConfig;
use crate::dataset::published_lists;
use crate::participant::schema_secret;
use crate::process::blocking_work::run_blocking;
use crate::worker::stage_worker::question_grounds::{QuestionGrounds, WorkerFolders};
use crate::worker::stage_worker::question_source::QuestionSource;
use crate::worker::stage_worker::running_questions::{RunningQuestion, RunningQuestions};
use crate::worker::workers::WorkerRegistry;
use async_trait::async_trait;
use bytes::Bytes;
use futures::{StreamExt as _, stream};
use hansa_audit_log::time::Clock;
use hansa_catalog::Catalog;
use hansa_catalog::schema_compatibility::SchemaSecret;
use hansa_enforcement::worker_plan::{DelegatedPlan, delegate_plan};
use hansa_identity::cluster;
use hansa_policy::decision::derivation::{self, DerivationContext, derive_effects};
use hansa_policy::id::SqlIdentifier;
use hansa_policy::published_list::PublishedLists;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_proto::cluster::{QuestionBriefing, TaskRows, WorkerTicket};
use hansa_query::execute::query_resources::QueryResources;
use hansa_query::execute::stages::question_tasks::{Participation, QuestionTasks, TaskStream};
use hansa_query::execute::stages::task_source::{TaskPartition, TaskSource};
use hansa_query::execute::stages::workers::StagedPlanName;
use hansa_query::limits::{QueryResourceLimits, SqlStatementLimits};
use hansa_query::runtime::QueryRuntime;
use hansa_query::snapshot::checked_block_cache::CheckedBlockCache;
use hansa_query::snapshot::registry::SnapshotSet;
use hansa_query::sql::plan_apart;
use hansa_transport::cluster::server::{ClusterCaller, TaskFrame, TaskFrameStream, TaskHandler};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;

/// Worker: read-only access to the participant's folder, and the runtime of tasks.
pub struct StageWorker {
    name: SqlIdentifier,
    /// Folder of its certificates.
    cluster: PathBuf,
    folders: WorkerFolders,
    limits: config::limits::LimitsConfig,
    clock: Clock,
    schema_secret: [u8; 32],
    published: Arc<PublishedLists>,
    runtime: QueryRuntime,
    places: Arc<Semaphore>,
    questions: Arc<RunningQuestions>,
    /// Connections to other workers.
    others: Arc<WorkerRegistry>,
}

crate::debug_by_name!(StageWorker);

impl StageWorker {
    /// Opens a worker of the participant of `config`. It reads the state folder and writes nothing there.
    ///
    /// # Errors
    /// `STATE_BROKEN` if the connector has not made its folder yet, or errors of a list.
    pub fn open(
        config: ConnectorConfig,
        name: SqlIdentifier,
        clock: Clock,
        runtime: QueryRuntime,
    ) -> Result<Self, Refusal> {
        if !config.state.join(schema_secret::FILE).exists() {
            return Err(Refusal::new(
                ErrorCode::StateBroken,
                format!(
                    "`{}` is no state folder of a connector",
                    config.state.display()
                ),
            )
            .with_help("start the connector first, and let the worker see its folder"));
        }
        let schema_secret = schema_secret::open_secret(&config.state)?;
        let (published, faults) = published_lists::load_lists(&config.lists);
        if let Some(fault) = faults.into_iter().next() {
            return Err(fault);
        }
        Ok(Self {
            name,
            cluster: config.cluster.folder,
            questions: Arc::default(),
            others: Arc::default(),
            places: Arc::new(Semaphore::new(config.limits.concurrent)),
            folders: WorkerFolders {
                own: config.participant.id,
                bundle: config.trust.bundle,
                state: config.state,
                memory: CheckedBlockCache::default(),
            },
            limits: config.limits,
            clock,
            schema_secret,
            published: Arc::new(published),
            runtime,
        })
    }

    /// Returns the plan that the briefing's contracts permit for its text, with the snapshots to read.
    ///
    /// # Errors
    /// The reason why a contract does not permit it, or the difference from the connector's result.
    async fn delegated_plan(
        &self,
        task: &QuestionBriefing,
    ) -> Result<(DelegatedPlan, SnapshotSet), Refusal> {
        let differs = |what: String| Refusal::new(ErrorCode::WorkerDiffers, what);
        if task.version != env!("CARGO_PKG_VERSION") {
            let sentence = format!("the connector runs version {}", task.version);
            return Err(differs(sentence).with_help("run the same version on all machines"));
        }
        let now = (self.clock)().wall;
        // Embargoes are counted from this instant.
        if task.now > now.plus_micros(CLOCKS) || task.now < now.plus_micros(-CLOCKS) {
            return Err(differs(
                "the clock of the worker is not that of its connector".to_owned(),
            ));
        }
        let (folders, briefing) = (self.folders.clone(), task.clone());
        // Files on a shared file system.
        let read = run_blocking(move || folders.verify_grounds(&briefing, now));
        let QuestionGrounds {
            active,
            held,
            holdings,
            granted_until,
        } = read.await?;
        if let Some(until) = granted_until {
            self.questions.note_grant(task.request, until, now)?;
        }
        let datasets = holdings.values().map(|held| held.dataset.clone());
        let seal = SchemaSecret::new(self.schema_secret);
        let own = self.folders.own.clone();
        let catalog = Catalog::from_delegated_datasets(own, datasets).sealed_by(seal);
        let tenant = task.tenant.as_deref();
        let view = catalog.build_view(&active, tenant)?;
        let limits = SqlStatementLimits::default();
        let bound = plan_apart(&task.sql, &view, &limits, task.planned).await?;
        let stated = DerivationContext {
            tenant,
            prohibitions: &held,
            now: task.now,
        };
        let derived = derive_effects(&active, stated, bound)?;
        if derivation::effects_digest(derived.effects()) != task.effects {
            let sentence = "the contracts say something else than the connector made of them";
            return Err(differs(sentence.to_owned()));
        }
        let tools = tools_of(self.schema_secret, Arc::clone(&self.published))?;
        Ok((delegate_plan(derived, &tools)?, holdings))
    }

    fn limits(&self, task: &QuestionBriefing) -> QueryResourceLimits {
        let (requested, own) = (&task.limits, &self.limits);
        let fits = |reported: u64, own: u64| reported.min(own);
        QueryResourceLimits {
            memory: usize::try_from(fits(requested.memory, own.memory)).unwrap_or(usize::MAX),
            spill: fits(requested.spill, own.spill),
            time: requested.time.min(own.timeout),
            batch_rows: usize::try_from(requested.batch_rows)
                .unwrap_or(usize::MAX)
                .min(QueryResourceLimits::default().batch_rows),
            ..QueryResourceLimits::default()
        }
    }
}

impl StageWorker {
    /// Prepares the worker's tasks of a question. They end when the stream is dropped.
    async fn begin_tasks(&self, briefing: QuestionBriefing) -> Result<TaskFrameStream, Refusal> {
        let own = usize::try_from(briefing.worker).unwrap_or(usize::MAX);
        let named = briefing.team.get(own).map(|member| &member.name);
        if named != Some(&self.name) {
            let sentence = "the briefing is for another worker";
            return Err(Refusal::new(ErrorCode::WorkerDiffers, sentence));
        }
        let limits = self.limits(&briefing);
        let waited = tokio::time::timeout(PATIENCE, Arc::clone(&self.places).acquire_owned());
        let Ok(Ok(place)) = waited.await else {
            return Err(Refusal::new(
                ErrorCode::TooManyStreams,
                "the worker computes as much as it may",
            ));
        };
        let (delegated, holdings) = self.delegated_plan(&briefing).await?;
        let participation = Participation {
            plan: StagedPlanName {
                digest: briefing.plan,
                workers: u32::try_from(briefing.team.len()).unwrap_or(u32::MAX),
            },
            worker: briefing.worker,
        };
        let (cluster, name, clock) = (
            self.cluster.clone(),
            self.name.clone(),
            Clock::clone(&self.clock),
        );
        let certificates = move || cluster::member_config(&cluster, &name, &clock);
        let source = Arc::new(QuestionSource::new(
            &briefing,
            Arc::clone(&self.others),
            Arc::new(certificates),
            limits.time,
        ));
        let runtime = self.runtime.for_participant(&briefing.asker);
        let resources = QueryResources {
            holdings: &holdings,
            runtime: &runtime,
            limits: &limits,
        };
        let reads: Arc<dyn TaskSource> = Arc::<QuestionSource>::clone(&source);
        let tasks = QuestionTasks::from_delegated_plan(delegated, resources, participation, reads);
        let team = briefing.team.into_iter().map(|member| member.name);
        let question = Arc::new(RunningQuestion {
            team: team.collect(),
            worker: briefing.worker,
            tasks: tasks.await?,
        });
        source.link_question(&question);
        let running = self.questions.add(briefing.request, question, place)?;
        tracing::info!(
            name: "tasks.begun",
            request = %briefing.request,
            asker = %briefing.asker,
            worker = briefing.worker,
            of = participation.plan.workers,
            purpose = briefing.purpose.as_ref().map(ToString::to_string),
            "runs tasks of a question"
        );
        // Held until the connector drops the stream, or the time of the question is over.
        let held = stream::unfold(Some(running), move |running| async move {
            let _running = running?;
            tokio::time::sleep(limits.time).await;
            let late = Refusal::new(ErrorCode::ResourceLimit, "the question took too long");
            Some((Err(late), None))
        });
        Ok(stream::iter([ready_frame()]).chain(held).boxed())
    }

    fn task_rows(
        &self,
        caller: &ClusterCaller,
        rows: TaskRows,
    ) -> Result<TaskFrameStream, Refusal> {
        let nothing = || {
            let sentence = "the worker runs no such question, or who asks has no part in it";
            Refusal::new(ErrorCode::WorkerDiffers, sentence)
        };
        let question = self
            .questions
            .find_question(rows.request)
            .ok_or_else(nothing)?;
        let reader = match caller {
            ClusterCaller::Connector => None,
            ClusterCaller::Worker(name) => Some(question.worker_number(name).ok_or_else(nothing)?),
        };
        let of = TaskPartition {
            worker: question.worker,
            stage: rows.stage,
            partition: rows.partition,
        };
        question
            .tasks
            .read_task_rows(of, reader)
            .map(partition_frames)
    }
}

#[async_trait]
impl TaskHandler for StageWorker {
    async fn answer_ticket(
        &self,
        caller: &ClusterCaller,
        ticket: WorkerTicket,
    ) -> Result<TaskFrameStream, Refusal> {
        match (ticket, caller) {
            (WorkerTicket::Begin(briefing), ClusterCaller::Connector) => {
                self.begin_tasks(*briefing).await
            }
            // INVARIANT: connector-begins. A worker requests rows; it does not decide on questions and permits.
            (WorkerTicket::Begin(_), ClusterCaller::Worker(_)) => Err(Refusal::new(
                ErrorCode::PeerNotTrusted,
                "a question is begun by the connector alone",
            )),
            (WorkerTicket::Rows(rows), caller) => self.task_rows(caller, rows),
        }
    }
}

/// Message that the tasks are ready: a schema without columns.
fn ready_frame() -> Result<TaskFrame, Refusal> {
    let frame = hansa_query::answer::frames::schema_without_columns();
    Ok(TaskFrame {
        header: frame.header,
        body: Bytes::new(),
    })
}

/// Messages of a partition.
fn partition_frames(rows: TaskStream) -> TaskFrameStream {
    let frames = stream::unfold(rows, |mut rows| async move {
        let frame = rows.next().await?;
        let frame = frame.map(|frame| TaskFrame {
            header: frame.header,
            body: frame.body,
        });
        Some((frame, rows))
    });
    frames.boxed()
}

/// Longest wait of a question for a place.
const PATIENCE: Duration = Duration::from_secs(5);

/// Largest difference between the clocks of a connector and its workers, in microseconds.
const CLOCKS: i64 = 300 * 1_000_000;
