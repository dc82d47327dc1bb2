//! A worker's walk: contract, plan, derive, enforce, execute a share. Everything that a briefing says of a policy is made again from the
//! contract and compared; what only the connector can know (who asks, which prohibitions hold, the instant) is believed, and can't
//! make a contract give more than it says.

use crate::config::Config;
use crate::node::open::read_contract;
use crate::node::{lists, secret};
use crate::walk::answer::open::tools_of;
use async_trait::async_trait;
use catalog::Catalog;
use catalog::grown::Seal;
use enforce::lend::{Lent, lend};
use engine::execute::Holdings;
use engine::execute::share::{Wanted, bench};
use engine::execute::watch::Watch;
use engine::limits::{Limits, Room, SqlLimits};
use engine::plan::plan_apart;
use engine::snapshot::borrow::borrowed;
use evidence::time::{Clock, Time};
use faces::cluster::serve::{Bench, Share, ShareFrame};
use futures::StreamExt as _;
use futures::stream;
use keep::trust::bundle::Bundle;
use policy::contract::InForce;
use policy::contract::lent::Ground;
use policy::id::{DatasetId, ParticipantId};
use policy::published::Published;
use policy::refusal::{Code, Refusal};
use policy::ruling::derive::{self, Stated, derive};
use proto::cluster::Briefing;
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio::sync::Semaphore;

/// A worker: what it needs of its participant's folder, read only, and the room in which shares run.
pub(crate) struct Desk {
    config: Config,
    clock: Clock,
    schema_secret: [u8; 32],
    published: Arc<Published>,
    room: Room,
    places: Arc<Semaphore>,
}

impl Desk {
    /// A worker of the participant of `config`, whose state folder it sees; it writes nothing there.
    ///
    /// # Errors
    /// `STATE_BROKEN` where the connector has not made its folder yet; what is wrong with a list.
    pub(crate) fn open(config: Config, clock: Clock, room: Room) -> Result<Self, Refusal> {
        if !config.state.join(secret::FILE).exists() {
            return Err(Refusal::new(
                Code::StateBroken,
                format!(
                    "`{}` is no state folder of a connector",
                    config.state.display()
                ),
            )
            .with_help("start the connector first, and let the worker see its folder"));
        }
        let schema_secret = secret::open(&config.state)?;
        let (published, faults) = lists::load(&config.lists);
        if let Some(fault) = faults.into_iter().next() {
            return Err(fault);
        }
        Ok(Self {
            places: Arc::new(Semaphore::new(config.limits.concurrent)),
            config,
            clock,
            schema_secret,
            published: Arc::new(published),
            room,
        })
    }

    /// What the briefing's contracts permit of its text, with the snapshots that it reads.
    ///
    /// # Errors
    /// What does not hold, or is not what the connector made of it.
    async fn lent(&self, briefing: &Briefing) -> Result<(Lent, Holdings), Refusal> {
        let differs = |what: String| Refusal::new(Code::WorkerFailed, what);
        if briefing.version != env!("CARGO_PKG_VERSION") {
            let sentence = format!("the connector runs version {}", briefing.version);
            return Err(differs(sentence).with_help("run the same version on all machines"));
        }
        let now = (self.clock)().wall;
        // An embargo is counted from it.
        if briefing.now > now.plus_micros(CLOCKS) || briefing.now < now.plus_micros(-CLOCKS) {
            return Err(differs(
                "the clock of the worker is not that of its connector".to_owned(),
            ));
        }
        let own = &self.config.participant.id;
        let (grounds, holdings) = self.grounds(briefing, own, now)?;
        let standing = InForce::lent(own, &briefing.asker, &grounds, now)?;
        let datasets = holdings.values().map(|held| held.dataset.clone());
        let seal = Seal::new(self.schema_secret);
        let catalog = Catalog::lent(own.clone(), datasets).sealed_by(seal);
        let tenant = briefing.tenant.as_deref();
        let view = catalog.view(&standing, tenant)?;
        let limits = SqlLimits::default();
        let bound = plan_apart(&briefing.sql, &view, &limits, briefing.planned).await?;
        let held: BTreeMap<DatasetId, _> = grounds
            .into_iter()
            .map(|ground| (ground.dataset().clone(), ground.held))
            .collect();
        let stated = Stated {
            tenant,
            held: &held,
            now: briefing.now,
        };
        let derived = derive(&standing, stated, bound)?;
        if derive::digest(derived.effects()) != briefing.effects {
            let sentence = "the contracts say something else than the connector made of them";
            return Err(differs(sentence.to_owned()));
        }
        let tools = tools_of(self.schema_secret, Arc::clone(&self.published))?;
        Ok((lend(derived, &tools)?, holdings))
    }

    fn grounds(
        &self,
        briefing: &Briefing,
        own: &ParticipantId,
        now: Time,
    ) -> Result<(Vec<Ground>, Holdings), Refusal> {
        // Read each time: a key that was revoked counts no more from then on.
        let bundle = Bundle::open(&self.config.trust.bundle)?;
        bundle.current(now)?;
        let (mut grounds, mut holdings) = (Vec::new(), Holdings::new());
        for ground in &briefing.grounds {
            let agreed = read_contract(&ground.envelope, ground.contract, &bundle, now)?;
            let dataset = agreed.agreement().dataset.id.clone();
            if dataset.owner != *own || dataset.name != ground.dataset {
                return Err(Refusal::new(
                    Code::ContractUnknown,
                    format!("the contract gives no `{}` of ours", ground.dataset),
                )
                .with_contract(ground.contract));
            }
            let state = &self.config.state;
            let snapshot = borrowed(state, &dataset, &ground.snapshot, ground.digest)?;
            holdings.insert(dataset, Arc::new(snapshot));
            grounds.push(Ground {
                agreed,
                first: ground.first,
                held: ground.held.iter().copied().collect(),
            });
        }
        Ok((grounds, holdings))
    }

    fn limits(&self, briefing: &Briefing) -> Limits {
        let (told, own) = (&briefing.limits, &self.config.limits);
        let fits = |told: u64, own: u64| told.min(own);
        Limits {
            memory: usize::try_from(fits(told.memory, own.memory)).unwrap_or(usize::MAX),
            spill: fits(told.spill, own.spill),
            time: told.time.min(own.timeout),
            batch_rows: usize::try_from(told.batch_rows)
                .unwrap_or(usize::MAX)
                .min(Limits::default().batch_rows),
            ..Limits::default()
        }
    }
}

#[async_trait]
impl Bench for Desk {
    async fn share(&self, briefing: Briefing) -> Result<Share, Refusal> {
        let place = Arc::clone(&self.places).try_acquire_owned().map_err(|_| {
            Refusal::new(
                Code::TooManyStreams,
                "the worker computes as much as it may",
            )
        })?;
        let (lent, holdings) = self.lent(&briefing).await?;
        let wanted = Wanted {
            fragment: briefing.fragment,
            plan: briefing.plan,
            part: briefing.part,
            of: briefing.of,
        };
        let limits = self.limits(&briefing);
        let watch = Watch::idle();
        let share = bench::share(lent, &holdings, &self.room, &limits, watch, wanted).await?;
        tracing::info!(
            name: "share.begun",
            request = %briefing.request,
            asker = %briefing.asker,
            part = briefing.part,
            of = briefing.of,
            "computes a share"
        );
        let frames = stream::unfold((share, place), |(mut share, place)| async move {
            let frame = share.next().await?;
            let frame = frame.map(|frame| ShareFrame::Data {
                header: frame.header,
                body: frame.body,
            });
            Some((frame, (share, place)))
        });
        Ok(frames.boxed())
    }
}

/// By how much the clocks of a connector and its workers may differ, microseconds.
const CLOCKS: i64 = 300 * 1_000_000;
