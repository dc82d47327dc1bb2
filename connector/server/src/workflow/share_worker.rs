//! A worker's walk: contract, plan, derive, enforce, execute a share. Everything that a briefing says of a policy is made again from the
//! contract and compared; what only the connector can know (who asks, which prohibitions hold, the instant) is believed, and can't
//! make a contract give more than it says.

use crate::config::{self, ConnectorConfig};
use crate::participant::contract_files::signed_contract;
use crate::participant::{published_lists, schema_secret};
use crate::process::blocking_work::blocking;
use crate::workflow::answer::plan_tools::tools_of;
use async_trait::async_trait;
use futures::{StreamExt as _, stream};
use hansa_audit_log::time::{Clock, UtcTimestamp};
use hansa_catalog::Catalog;
use hansa_catalog::schema_compatibility::SchemaSecret;
use hansa_enforcement::worker_plan::{DelegatedPlan, delegate};
use hansa_identity::bundle::TrustBundle;
use hansa_policy::contract::ActiveContracts;
use hansa_policy::contract::task_contract::TaskContract;
use hansa_policy::decision::derivation::{self, DerivationContext, derive};
use hansa_policy::id::{DatasetId, ParticipantId};
use hansa_policy::published_list::PublishedLists;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_proto::cluster::FragmentTask;
use hansa_query::execute::cancellation::CancellationSignal;
use hansa_query::execute::share::{ShareSpec, worker};
use hansa_query::limits::{QueryResourceLimits, SqlStatementLimits};
use hansa_query::runtime::QueryRuntime;
use hansa_query::snapshot::borrowed_snapshot::borrowed;
use hansa_query::snapshot::checked_block_cache::CheckedBlockCache;
use hansa_query::snapshot::registry::SnapshotSet;
use hansa_query::sql::plan_apart;
use hansa_transport::cluster::server::{ShareFrame, ShareFrameStream, ShareHandler};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};

/// Where a worker finds what its connector names.
#[derive(Debug, Clone)]
struct WorkerFolders {
    own: ParticipantId,
    bundle: PathBuf,
    state: PathBuf,
    /// What was good of their files in the life of this process.
    memory: CheckedBlockCache,
}

impl WorkerFolders {
    /// The contracts, their signatures checked, and the snapshots that are named with them.
    fn grounds(
        &self,
        task_datasets: &[hansa_proto::cluster::TaskDataset],
        now: UtcTimestamp,
    ) -> Result<(Vec<TaskContract>, SnapshotSet), Refusal> {
        // Read each time: a key that was revoked counts no more from then on.
        let bundle = TrustBundle::open(&self.bundle)?;
        bundle.current(now)?;
        let (mut grounds, mut holdings) = (Vec::new(), SnapshotSet::new());
        for ground in task_datasets {
            let signed = signed_contract(&ground.envelope, ground.contract)?;
            // When it entered the log its connector knows; the time of its last signature is the earliest it can be.
            let times = signed
                .signatures
                .iter()
                .map(|signature| signature.issued_at);
            let times = times.map(|at| UtcTimestamp::from_micros(at.saturating_mul(1_000_000)));
            let last = times.flatten().max().unwrap_or(now).min(now);
            let agreed = signed.verify(&bundle.keys(last).first_seen(now))?;
            let dataset = agreed.agreement().dataset.id.clone();
            if dataset.owner != self.own || dataset.name != ground.dataset {
                return Err(Refusal::new(
                    ErrorCode::ContractUnknown,
                    format!("the contract gives no `{}` of ours", ground.dataset),
                )
                .with_contract(ground.contract));
            }
            let snapshot = borrowed(
                &self.state,
                &dataset,
                &ground.snapshot,
                ground.digest,
                &self.memory,
            )?;
            holdings.insert(dataset, Arc::new(snapshot));
            grounds.push(TaskContract {
                agreed,
                first: ground.first,
                prohibitions: ground.active_prohibitions.iter().copied().collect(),
            });
        }
        Ok((grounds, holdings))
    }
}

/// A worker: what it needs of its participant's folder, read only, and the runtime in which shares run.
pub(crate) struct ShareWorker {
    folders: WorkerFolders,
    limits: config::limits::LimitsConfig,
    clock: Clock,
    schema_secret: [u8; 32],
    published: Arc<PublishedLists>,
    runtime: QueryRuntime,
    places: Arc<Semaphore>,
}

impl ShareWorker {
    /// A worker of the participant of `config`, whose state folder it sees; it writes nothing there.
    ///
    /// # Errors
    /// `STATE_BROKEN` where the connector has not made its folder yet; what is wrong with a list.
    pub(crate) fn open(
        config: ConnectorConfig,
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
        let schema_secret = schema_secret::open(&config.state)?;
        let (published, faults) = published_lists::load(&config.lists);
        if let Some(fault) = faults.into_iter().next() {
            return Err(fault);
        }
        Ok(Self {
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

    /// What the briefing's contracts permit of its text, with the snapshots that it reads.
    ///
    /// # Errors
    /// What does not hold, or is not what the connector made of it.
    async fn delegated_plan(
        &self,
        task: &FragmentTask,
    ) -> Result<(DelegatedPlan, SnapshotSet), Refusal> {
        let differs = |what: String| Refusal::new(ErrorCode::WorkerDiffers, what);
        if task.version != env!("CARGO_PKG_VERSION") {
            let sentence = format!("the connector runs version {}", task.version);
            return Err(differs(sentence).with_help("run the same version on all machines"));
        }
        let now = (self.clock)().wall;
        // An embargo is counted from it.
        if task.now > now.plus_micros(CLOCKS) || task.now < now.plus_micros(-CLOCKS) {
            return Err(differs(
                "the clock of the worker is not that of its connector".to_owned(),
            ));
        }
        let own = &self.folders.own;
        let (folders, task_datasets) = (self.folders.clone(), task.grounds.clone());
        // Files of a file system that others share.
        let read = blocking(move || folders.grounds(&task_datasets, now));
        let (grounds, holdings) = read.await?;
        let active = ActiveContracts::for_task(own, &task.asker, &grounds, now)?;
        let datasets = holdings.values().map(|held| held.dataset.clone());
        let seal = SchemaSecret::new(self.schema_secret);
        let catalog = Catalog::delegated(own.clone(), datasets).sealed_by(seal);
        let tenant = task.tenant.as_deref();
        let view = catalog.view(&active, tenant)?;
        let limits = SqlStatementLimits::default();
        let bound = plan_apart(&task.sql, &view, &limits, task.planned).await?;
        let held: BTreeMap<DatasetId, _> = grounds
            .into_iter()
            .map(|ground| (ground.dataset().clone(), ground.prohibitions))
            .collect();
        let stated = DerivationContext {
            tenant,
            prohibitions: &held,
            now: task.now,
        };
        let derived = derive(&active, stated, bound)?;
        if derivation::digest(derived.effects()) != task.effects {
            let sentence = "the contracts say something else than the connector made of them";
            return Err(differs(sentence.to_owned()));
        }
        let tools = tools_of(self.schema_secret, Arc::clone(&self.published))?;
        Ok((delegate(derived, &tools)?, holdings))
    }

    fn limits(&self, task: &FragmentTask) -> QueryResourceLimits {
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

#[async_trait]
impl ShareHandler for ShareWorker {
    async fn share(&self, task: FragmentTask) -> Result<ShareFrameStream, Refusal> {
        let limits = self.limits(&task);
        let waited = tokio::time::timeout(PATIENCE, Arc::clone(&self.places).acquire_owned());
        let Ok(Ok(permit)) = waited.await else {
            return Err(Refusal::new(
                ErrorCode::TooManyStreams,
                "the worker computes as much as it may",
            ));
        };
        let (delegated, holdings) = self.delegated_plan(&task).await?;
        let spec = ShareSpec {
            fragment: task.fragment,
            plan: task.plan,
            part: task.part,
            of: task.of,
        };
        let watch = CancellationSignal::idle();
        let runtime = self.runtime.of(&task.asker);
        let share = worker::share(delegated, &holdings, &runtime, &limits, watch, spec).await?;
        tracing::info!(
            name: "share.begun",
            request = %task.request,
            asker = %task.asker,
            part = task.part,
            of = task.of,
            purpose = task.purpose.as_ref().map(ToString::to_string),
            "computes a share"
        );
        Ok(within(messages(share), permit, limits.time))
    }
}

/// The messages of a share.
fn messages(share: worker::Share) -> ShareFrameStream {
    let frames = stream::unfold(share, |mut share| async move {
        let frame = share.next().await?;
        let frame = frame.map(|frame| ShareFrame {
            header: frame.header,
            body: frame.body,
        });
        Some((frame, share))
    });
    frames.boxed()
}

/// A share that keeps its place for no longer than its time, whether somebody reads it or not, and ends at once when nobody does any
/// more. One that ran out of time has no end.
fn within(
    mut share: ShareFrameStream,
    permit: OwnedSemaphorePermit,
    time: Duration,
) -> ShareFrameStream {
    let (send, messages) = mpsc::channel::<Option<Result<ShareFrame, Refusal>>>(1);
    let work = async move {
        loop {
            let next = tokio::select! {
                biased;
                // Its first message may be far away.
                () = send.closed() => return,
                next = share.next() => next,
            };
            let over = next.is_none();
            if send.send(next).await.is_err() || over {
                return;
            }
        }
    };
    let _task = tokio::spawn(async move {
        let _in_time = tokio::time::timeout(time, work).await;
        drop(permit);
    });
    let frames = stream::unfold(Some(messages), |messages| async move {
        let mut messages = messages?;
        match messages.recv().await {
            Some(Some(frame)) => Some((frame, Some(messages))),
            // The end of the share, not only of the channel.
            Some(None) => None,
            None => {
                let late = Refusal::new(
                    ErrorCode::ResourceLimit,
                    "the share was not read in its time",
                );
                Some((Err(late), None))
            }
        }
    });
    frames.boxed()
}

/// How long a share waits for a place.
const PATIENCE: Duration = Duration::from_secs(5);

/// By how much the clocks of a connector and its workers may differ, microseconds.
const CLOCKS: i64 = 300 * 1_000_000;

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;

    fn frame() -> Result<ShareFrame, Refusal> {
        Ok(ShareFrame {
            header: Bytes::from_static(b"header"),
            body: Bytes::new(),
        })
    }

    /// The one place; a share that kept it would keep the test waiting for an hour.
    async fn place(places: &Arc<Semaphore>) -> OwnedSemaphorePermit {
        let permit = Arc::clone(places).acquire_owned();
        let permit = tokio::time::timeout(Duration::from_secs(60), permit).await;
        permit.expect("the place is given back").unwrap()
    }

    const LONG: Duration = Duration::from_secs(3600);

    /// Computing is all that a share does before its first message; whoever goes away meanwhile leaves nothing behind.
    #[tokio::test]
    async fn who_goes_away_ends_a_share_that_has_said_nothing_yet() {
        let places = Arc::new(Semaphore::new(1));
        let endless = stream::once(std::future::pending()).boxed();
        drop(within(endless, place(&places).await, LONG));
        let _free = place(&places).await;
    }

    #[tokio::test]
    async fn a_share_that_nobody_reads_gives_its_place_back_and_has_no_end() {
        let places = Arc::new(Semaphore::new(1));
        let time = Duration::from_millis(1);
        let endless = stream::repeat_with(frame).boxed();
        let mut share = within(endless, place(&places).await, time);
        let _free = place(&places).await;
        let last = loop {
            match share.next().await {
                Some(Ok(_)) => {}
                last => break last,
            }
        };
        assert_eq!(last.unwrap().unwrap_err().code, ErrorCode::ResourceLimit);
        assert!(share.next().await.is_none());
    }

    #[tokio::test]
    async fn a_share_that_is_read_ends_as_it_does() {
        let places = Arc::new(Semaphore::new(1));
        let two = stream::iter([frame(), frame()]).boxed();
        let share = within(two, place(&places).await, LONG);
        assert_eq!(share.collect::<Vec<_>>().await, [frame(), frame()]);
        let _free = place(&places).await;
    }
}
