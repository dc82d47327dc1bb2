//! Answer: identify, contract, plan, decide, record, enforce, execute, seal; the order is held by the types.

mod known;

use crate::node::Node;
use crate::node::budget::Reserve;
use crate::node::running::Place;
use crate::walk::answer::known::{snapshots, spent};
use crate::walk::receipt;
use async_trait::async_trait;
use catalog::view::View;
use enforce::apply::{Permitted, apply};
use enforce::bind::Bound;
use enforce::cube::Tools;
use engine::answer::frames::{Frames, Meter, Packing, frames};
use engine::execute::watch::Watch;
use engine::execute::{Unanswered, execute};
use engine::limits::SqlLimits;
use engine::plan::functions;
use evidence::digest::Digest;
use evidence::ledger::Recorded;
use evidence::time::Time;
use faces::front::{NoAnswer, RowsFrame};
use policy::contract::{Asker, InForce};
use policy::id::{ContractId, DatasetId, RequestId};
use policy::peer::VerifiedPeer;
use policy::refusal::{Code, Refusal};
use policy::ruling::{self, Asked, Budget, Counted, Declined, Facts};
use policy::term::Term;
use proto::peer::ask::{Asking, Compression};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;

/// Who asks, before any contract was looked at.
#[derive(Debug, Clone)]
pub(crate) enum Caller {
    /// A peer, recognised at this request.
    Peer(VerifiedPeer),
    /// Our own people.
    House,
}

/// An answer under way: its messages, and where each dataset of it was read.
pub(crate) struct Delivery {
    /// First the schema, then rows, then the receipt, which the house does not get.
    pub(crate) frames: mpsc::Receiver<Result<RowsFrame, Refusal>>,
}

/// Room in the channel: two messages of rows on their way, a receipt and an error. Nothing is computed that has no place.
const ROOM: usize = 4;
const ROOM_FOR_ROWS: usize = 3;

/// Answers a question. A refusal is on the books when this returns. Whoever asks and goes away in between leaves no opened
/// entry behind.
///
/// # Errors
/// The recorded refusal, or that nothing can be recorded.
pub(crate) async fn answer(
    node: &Arc<Node>,
    caller: Caller,
    asking: Asking,
) -> Result<Delivery, NoAnswer> {
    let inner = Arc::clone(node);
    let work = tokio::runtime::Handle::current()
        .spawn(async move { to_the_end(&inner, caller, asking).await });
    match work.await {
        Ok(answered) => answered,
        Err(_) => {
            let refusal = Refusal::new(Code::Internal, "the answer ended unexpectedly");
            Err(decline(node, Declined::unopened(refusal, None)).await)
        }
    }
}

async fn to_the_end(
    node: &Arc<Node>,
    caller: Caller,
    asking: Asking,
) -> Result<Delivery, NoAnswer> {
    let salted = Salted::of(&asking.ask.sql);
    let asked = Asked::by(
        &who(node, &caller),
        asking.ask.request,
        asking.ask.contracts.clone(),
        asking.ask.purpose.clone(),
        salted.commit,
    );
    match open(node, &caller, &asking, &salted).await {
        Ok(opened) => Ok(deliver(node, caller, asking, opened)),
        Err(Fell::Refused(refusal)) => {
            Err(decline(node, Declined::unopened(refusal, Some(asked))).await)
        }
        Err(Fell::Declined(declined)) => Err(decline(node, *declined).await),
        Err(Fell::Unanswered(Unanswered {
            refusal, opened, ..
        })) => Err(decline(node, Declined::closing(opened, refusal, Some(asked))).await),
        Err(Fell::Closed) => Err(NoAnswer::Closed),
    }
}

/// Puts a refusal on the books.
pub(crate) async fn decline(node: &Node, declined: Declined) -> NoAnswer {
    match node.log.record(declined).await {
        Ok(recorded) => NoAnswer::Declined(recorded),
        Err(_) => NoAnswer::Closed,
    }
}

/// Where an answer fell.
enum Fell {
    Refused(Refusal),
    Declined(Box<Declined>),
    Unanswered(Unanswered),
    Closed,
}

impl From<Refusal> for Fell {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

/// The SQL text under a salt: the log holds the commitment, not the text.
struct Salted {
    commit: Digest,
}

impl Salted {
    fn of(sql: &str) -> Self {
        let salt: [u8; 16] = crate::node::fresh();
        Self {
            commit: Digest::of_parts(&[&salt, sql.as_bytes()]),
        }
    }
}

fn who(node: &Node, caller: &Caller) -> Asker {
    match caller {
        Caller::Peer(peer) => Asker::Peer(peer.clone()),
        Caller::House => Asker::House(node.id()),
    }
}

/// What is known of an answer that runs.
struct Opened {
    frames: Frames<NodeMeter>,
    place: Place,
    watch: Watch,
    ends: Time,
    facts: receipt::Admitted,
    _seat: Option<tokio::sync::OwnedSemaphorePermit>,
}

async fn open(
    node: &Arc<Node>,
    caller: &Caller,
    asking: &Asking,
    salted: &Salted,
) -> Result<Opened, Fell> {
    let seat = match caller {
        Caller::Peer(peer) => Some(node.seat_for(peer.id())?),
        // The parts of one question of our own people share the seat that their messenger holds.
        Caller::House => None,
    };
    let asker = who(node, caller);
    if !node.first_time(asking.ask.request, asker.id())? {
        return Err(Refusal::new(
            Code::RequestIdReused,
            "a question of that identity was already asked",
        )
        .into());
    }
    let standing = standing(node, caller, asking)?;
    let tenant = node.config().tenants.get(asker.id()).cloned();
    admissible(node, &standing, asking, salted)?;
    let view = node.catalog(|catalog| catalog.view(&standing, tenant.as_deref()))?;
    // The snapshots that are named in the ruling and the receipt are those that are read, also while one is replaced.
    let holdings = node.shelf.holdings();
    let snapshots = snapshots(&holdings, &standing)?;
    let bound = bind(asking.ask.sql.clone(), view, node.now()).await?;
    let plan_digest = policy::ruling::Question::digest(&bound);
    let tools = tools()?;
    let recorded = rule(
        node,
        standing,
        asking,
        salted,
        &snapshots,
        tenant.as_deref(),
        bound,
    )
    .await?;
    let receipt = recorded.receipt();
    let leaf = proto::receipt::Leaf {
        index: receipt.index(),
        hash: receipt.leaf(),
    };
    let admitted_at = receipt.at();
    let reads = reads(&recorded, &snapshots);
    let contracts: Vec<ContractId> = reads.iter().filter_map(|(_, id, _)| *id).collect();
    let datasets: Vec<DatasetId> = reads.iter().map(|(id, _, _)| id.clone()).collect();
    let budgets = recorded.budgets().to_vec();
    let permitted: Permitted = match apply(recorded, &tools) {
        Ok(permitted) => permitted,
        Err(declined) => return Err(Fell::Declined(Box::new(declined))),
    };
    let ends = permitted.ends();
    let (place, watch) = node
        .running
        .enter(asking.ask.request, asker.id(), contracts, datasets);
    // A withdrawal that came between the ruling and the line above has not cut this answer; it is looked for again.
    if let Err(why) = self::standing(node, caller, asking) {
        place.stop(why);
    }
    let mut limits = node.limits();
    if let Some(deadline) = asking.deadline {
        limits.time = limits.time.min(deadline);
    }
    let answer = execute(permitted, &holdings, &node.room, &limits, watch.clone())
        .await
        .map_err(Fell::Unanswered)?;
    let meter = NodeMeter {
        node: Arc::clone(node),
        budgets,
        reserve: Reserve::of(asker.id().clone()),
        request: asking.ask.request,
        opened: leaf.index,
    };
    Ok(Opened {
        frames: frames(answer, meter, packing(asking)),
        place,
        watch,
        ends,
        facts: receipt::Admitted {
            request: asking.ask.request,
            consumer: asker.id().clone(),
            reads,
            request_digest: request_digest(asking),
            sql_commit: salted.commit,
            plan_digest,
            admitted_at,
            leaf,
        },
        _seat: seat,
    })
}

fn standing(node: &Node, caller: &Caller, asking: &Asking) -> Result<InForce, Refusal> {
    let now = node.now();
    match caller {
        Caller::Peer(peer) => node.book(|book| book.in_force(peer, &asking.ask.contracts, now)),
        Caller::House => {
            let own: Vec<_> = node.catalog(|catalog| {
                catalog
                    .datasets()
                    .map(|dataset| (dataset.id.clone(), dataset.schema_digest()))
                    .collect()
            });
            Ok(node.book(|book| book.house(own)))
        }
    }
}

/// Window and purpose come before names, so that a refusal does not tell what there is.
fn admissible(
    node: &Node,
    standing: &InForce,
    asking: &Asking,
    salted: &Salted,
) -> Result<(), Refusal> {
    let taxonomy = node.taxonomy();
    let facts = Facts {
        now: node.now(),
        request: asking.ask.request,
        sql_commit: salted.commit,
        purpose: asking.ask.purpose.as_ref(),
        taxonomy: &taxonomy,
        schemas: &BTreeMap::new(),
        snapshots: &BTreeMap::new(),
        spent: &BTreeMap::new(),
        tenant: None,
        node_version: env!("CARGO_PKG_VERSION"),
    };
    ruling::admissible(standing, &facts)
}

async fn bind(sql: String, view: View, now: Time) -> Result<Bound, Fell> {
    let planned = tokio::task::spawn_blocking(move || {
        engine::plan::plan(&sql, &view, &SqlLimits::default(), now)
    });
    match planned.await {
        Ok(planned) => planned.map_err(Fell::Refused),
        Err(_) => Err(Refusal::new(Code::Internal, "planning ended unexpectedly").into()),
    }
}

/// Decides and records; in one piece where uses are counted.
async fn rule(
    node: &Arc<Node>,
    standing: InForce,
    asking: &Asking,
    salted: &Salted,
    snapshots: &BTreeMap<DatasetId, String>,
    tenant: Option<&str>,
    bound: Bound,
) -> Result<Recorded<ruling::Ruled<Bound>>, Fell> {
    let counted = standing.grants().values().any(|grant| {
        grant
            .clause_where(|term| matches!(term, Term::Queries(_)))
            .is_some()
    });
    let lock = if counted {
        Some(node.counting.lock().await)
    } else {
        None
    };
    let schemas: BTreeMap<DatasetId, Digest> = node.catalog(|catalog| {
        standing
            .grants()
            .keys()
            .filter_map(|id| Some((id.clone(), catalog.by_id(id)?.schema_digest())))
            .collect()
    });
    let now = node.now();
    let asker = standing.asker().id().clone();
    let spent = spent(node, &standing, &asker, now);
    let taxonomy = node.taxonomy();
    let facts = Facts {
        now,
        request: asking.ask.request,
        sql_commit: salted.commit,
        purpose: asking.ask.purpose.as_ref(),
        taxonomy: &taxonomy,
        schemas: &schemas,
        snapshots,
        spent: &spent,
        tenant,
        node_version: env!("CARGO_PKG_VERSION"),
    };
    let ruled = ruling::decide(standing, &facts, bound)?;
    let recorded = node.log.record(ruled).await.map_err(|_| Fell::Closed)?;
    node.budgets.count_query(recorded.budgets(), &asker);
    drop(lock);
    Ok(recorded)
}

fn reads(
    recorded: &Recorded<ruling::Ruled<Bound>>,
    snapshots: &BTreeMap<DatasetId, String>,
) -> Vec<(DatasetId, Option<ContractId>, String)> {
    recorded
        .effects()
        .keys()
        .map(|id| {
            let contract = recorded
                .standing()
                .grants()
                .get(id)
                .and_then(policy::contract::Grant::contract);
            let snapshot = snapshots.get(id).cloned().unwrap_or_default();
            (id.clone(), contract, snapshot)
        })
        .collect()
}

fn tools() -> Result<Tools, Refusal> {
    let missing = || Refusal::new(Code::Internal, "the engine lacks an aggregate");
    Ok(Tools {
        count: functions::aggregate("count").ok_or_else(missing)?,
        sum: functions::aggregate("sum").ok_or_else(missing)?,
    })
}

fn packing(asking: &Asking) -> Packing {
    if asking.accept.contains(&Compression::Zstd) {
        Packing::Zstd
    } else if asking.accept.contains(&Compression::Lz4) {
        Packing::Lz4
    } else {
        Packing::Plain
    }
}

fn request_digest(asking: &Asking) -> Digest {
    Digest::of(&proto::peer::ask::to_ticket(asking))
}

/// Reserves what is about to leave, durably.
struct NodeMeter {
    node: Arc<Node>,
    budgets: Vec<Budget>,
    reserve: Reserve,
    request: RequestId,
    opened: u64,
}

#[async_trait]
impl Meter for NodeMeter {
    async fn reserve(&mut self, rows: u64, bytes: u64) -> Result<(), Refusal> {
        if self
            .budgets
            .iter()
            .all(|budget| budget.counts == Counted::Queries)
        {
            return Ok(());
        }
        let record = self.node.budgets.reserve(
            &self.budgets,
            &mut self.reserve,
            (self.request, self.opened),
            (rows, bytes),
        )?;
        // INVARIANT: record-before-byte. The reservation is durable before the message is handed out.
        if let Some(record) = record {
            let _durable = self.node.record(record).await?;
        }
        Ok(())
    }
}

/// Sends the answer on its way; the task ends with the receipt, whatever happens.
fn deliver(node: &Arc<Node>, caller: Caller, asking: Asking, opened: Opened) -> Delivery {
    let (send, frames) = mpsc::channel(ROOM);
    let node = Arc::clone(node);
    let handle = tokio::runtime::Handle::current();
    let _task = handle.spawn(async move {
        drive(&node, &caller, &asking, opened, &send).await;
    });
    Delivery { frames }
}

async fn drive(
    node: &Arc<Node>,
    caller: &Caller,
    _asking: &Asking,
    mut opened: Opened,
    send: &mpsc::Sender<Result<RowsFrame, Refusal>>,
) {
    let mut failure = None;
    let over = || Refusal::new(Code::Expired, "the contract ended while the answer ran");
    let mut ended = false;
    let end = until(node, opened.ends);
    tokio::pin!(end);
    'frames: loop {
        let room = tokio::select! {
            biased;
            why = opened.watch.wait() => {
                opened.frames.cut(&why);
                failure = Some(why);
                break;
            }
            () = &mut end, if !ended => {
                ended = true;
                opened.place.stop(over());
                continue;
            }
            room = send.reserve_many(ROOM_FOR_ROWS) => room,
        };
        let Ok(mut room) = room else {
            break;
        };
        let next = opened.frames.next();
        tokio::pin!(next);
        let frame = loop {
            tokio::select! {
                biased;
                // What takes long to compute must not outlive the contract, nor the caller.
                () = &mut end, if !ended => {
                    ended = true;
                    opened.place.stop(over());
                }
                () = send.closed() => break 'frames,
                frame = &mut next => break frame,
            }
        };
        match frame {
            None => break,
            Some(Ok(frame)) => {
                if let Some(place) = room.next() {
                    place.send(Ok(RowsFrame::Data {
                        header: frame.header,
                        body: frame.body,
                    }));
                }
            }
            Some(Err(why)) => {
                failure = Some(why);
                break;
            }
        }
    }
    finish(node, caller, opened, failure, send).await;
}

/// Closes the entry, gives back what was not used, and sends the receipt.
async fn finish(
    node: &Arc<Node>,
    caller: &Caller,
    opened: Opened,
    failure: Option<Refusal>,
    send: &mpsc::Sender<Result<RowsFrame, Refusal>>,
) {
    let Opened {
        frames,
        place,
        facts,
        _seat,
        ..
    } = opened;
    drop(place);
    let Some((sealed, meter)) = frames.seal() else {
        return;
    };
    let recorded = match node.log.record(sealed).await {
        Ok(recorded) => recorded,
        Err(unwritable) => {
            let refusal = keep::audit::refusal(&unwritable);
            let _ = send.try_send(Err(Refusal::new(
                refusal.code,
                "nothing can be recorded here",
            )));
            return;
        }
    };
    let sent = recorded.sent();
    node.budgets
        .give_back(&meter.budgets, &meter.reserve, sent.rows, sent.bytes);
    if let Caller::Peer(_) = caller {
        match receipt::issue(node, &recorded, &facts).await {
            Ok(bytes) => {
                let _ = send.try_send(Ok(RowsFrame::Receipt(bytes)));
            }
            Err(refusal) => {
                let _ = send.try_send(Err(refusal));
                return;
            }
        }
    }
    if let Some(why) = failure {
        let _ = send.try_send(Err(why));
    }
}

/// Waits until `end`. The clock may be set meanwhile, so it is looked at again and again.
async fn until(node: &Node, end: Time) {
    let left = || end.micros().saturating_sub(node.now().micros());
    while let Some(left) = u64::try_from(left()).ok().filter(|left| *left > 0) {
        tokio::time::sleep(Duration::from_micros(left.min(LOOK))).await;
    }
}

/// So long the clock is not looked at, in microseconds: what ends, ends within a second.
const LOOK: u64 = 500_000;
