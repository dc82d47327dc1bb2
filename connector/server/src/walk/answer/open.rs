//! From the question to its first row: what is permitted is on the books before anything is read.

use crate::node::Node;
use crate::node::budget::Reserve;
use crate::node::purse::Draft;
use crate::node::running::Place;
use crate::node::seats::Seat;
use crate::walk::answer::decision::{Decision, current_standing, decided};
use crate::walk::answer::meter::NodeMeter;
use crate::walk::answer::{Caller, Fell, Posed, attested, brief};
use crate::walk::receipt::issue::Admitted;
use hansa_audit_log::digest::Digest;
use hansa_audit_log::ledger::Recorded;
use hansa_audit_log::time::Time;
use hansa_enforcement::apply::apply;
use hansa_enforcement::bind::Bound;
use hansa_enforcement::cube::Tools;
use hansa_enforcement::replace::Secret;
use hansa_policy::contract::Grant;
use hansa_policy::id::{ContractId, DatasetId};
use hansa_policy::published::Published;
use hansa_policy::refusal::{Code, Refusal};
use hansa_policy::ruling::Ruled;
use hansa_proto::peer::ask::{Asking, Compression};
use hansa_proto::receipt::Leaf;
use hansa_query::answer::frames::{Frames, Packing, frames};
use hansa_query::execute::execute_among;
use hansa_query::execute::watch::Watch;
use hansa_query::plan::functions;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// What is known of an answer that runs.
pub(super) struct Opened {
    pub(super) frames: Frames<NodeMeter>,
    pub(super) place: Place,
    pub(super) watch: Watch,
    pub(super) ends: Time,
    /// What is told where it is cut there.
    pub(super) cut: Refusal,
    /// What the whole answer may take, its reader's time included.
    pub(super) time: Duration,
    pub(super) facts: Admitted,
    pub(super) seat: Option<Seat>,
}

/// Brings a question to where its first row can be made.
pub(super) async fn open(node: &Arc<Node>, posed: &Posed) -> Result<Opened, Fell> {
    let ask = &posed.asking.ask;
    let asker = posed.asker.id();
    let seat = match &posed.caller {
        Caller::Peer(peer) => {
            node.trusted_clock()?;
            node.deals_with(peer.id())?;
            Some(node.seat_for(peer.id())?)
        }
        // The parts of one question of our own people share the seat that their messenger holds.
        Caller::House => None,
    };
    if !node.first_time(ask.request, asker)? {
        return Err(Refusal::new(
            Code::RequestIdReused,
            "a question of that identity was already asked",
        )
        .into());
    }
    // From here on a withdrawal or an expulsion that comes while the answer is being opened cuts it; one that came before is
    // found by what follows.
    let (place, watch) = node
        .running
        .enter(ask.request, asker, ask.contracts.clone());
    let Decision {
        recorded,
        known,
        holdings,
        whole,
        credentials,
        groups,
        plan_digest,
        planned,
        tools,
    } = decided(node, posed, &place, &watch).await?;
    let receipt = recorded.receipt();
    let leaf = Leaf {
        index: receipt.index(),
        hash: receipt.leaf(),
    };
    let facts = Admitted {
        request: ask.request,
        consumer: asker.clone(),
        reads: reads(&recorded, &known.snapshots),
        request_digest: Digest::of(&hansa_proto::peer::ask::to_ticket(&posed.asking)),
        sql_commit: posed.commit,
        plan_digest,
        admitted_at: receipt.at(),
        leaf,
    };
    let meter = NodeMeter {
        node: Arc::clone(node),
        budgets: recorded.budgets().to_vec(),
        reserve: Reserve::of(asker.clone(), receipt.at()),
        fares: recorded.fares().to_vec(),
        draft: Draft::default(),
        request: ask.request,
        opened: leaf.index,
        rates: recorded.rates().to_vec(),
        watch: watch.clone(),
    };
    let cut = recorded.cut();
    let slowest = recorded.rates().iter().map(|(_, rows)| *rows).min();
    let mut limits = node.limits();
    if let Some(rows) = slowest.and_then(|rows| usize::try_from(rows).ok()) {
        // No message holds more than a second's worth.
        limits.batch_rows = limits.batch_rows.min(rows.max(1));
    }
    if let Some(deadline) = posed.asking.deadline {
        limits.time = limits.time.min(deadline);
    }
    let tenant = known.tenant.as_deref();
    let within = (holdings.as_ref(), &limits);
    // A worker reads whole snapshots.
    let sharing = if whole {
        brief::sharing(node, posed, (&recorded, planned), tenant, within)
    } else {
        None
    };
    let permitted = apply(recorded, &tools).map_err(|fell| Fell::Declined(Box::new(fell)))?;
    let ends = permitted.ends();
    place.reads(
        facts.reads.iter().filter_map(|(_, id, _)| *id).collect(),
        facts.reads.iter().map(|(id, _, _)| id.clone()).collect(),
    );
    // Who was expelled before is found now; and the record of the ruling may have shown that the clock can't be trusted.
    if let Err(why) = current_standing(node, posed)
        .and_then(|_| attested::still(node, posed.asker.id(), &credentials))
        .and_then(|()| node.still_listed(&groups, posed.asker.id()))
    {
        place.stop(why);
    }
    let room = match posed.asker.id() {
        own if *own == node.id() => node.room.clone(),
        peer => node.room.of(peer),
    };
    let watching = watch.clone();
    let answer = execute_among(permitted, &holdings, &room, &limits, watching, sharing)
        .await
        .map_err(Fell::Unanswered)?;
    Ok(Opened {
        frames: frames(answer, meter, packing(&posed.asking)),
        place,
        watch,
        ends,
        cut,
        time: limits.time,
        facts,
        seat,
    })
}

/// What the question reads: each dataset with its contract and snapshot.
fn reads(
    recorded: &Recorded<Ruled<Bound>>,
    snapshots: &BTreeMap<DatasetId, String>,
) -> Vec<(DatasetId, Option<ContractId>, String)> {
    let grants = recorded.standing().grants();
    recorded
        .effects()
        .keys()
        .map(|id| {
            let contract = grants.get(id).and_then(Grant::contract);
            let snapshot = snapshots.get(id).cloned().unwrap_or_default();
            (id.clone(), contract, snapshot)
        })
        .collect()
}

pub(super) fn tools(node: &Node) -> Result<Tools, Refusal> {
    tools_of(node.schema_secret, node.published())
}

/// What private plans are made with.
///
/// # Errors
/// `INTERNAL` where the engine lacks an aggregate.
pub(in crate::walk) fn tools_of(
    secret: [u8; 32],
    published: Arc<Published>,
) -> Result<Tools, Refusal> {
    let missing = || Refusal::new(Code::Internal, "the engine lacks an aggregate");
    Ok(Tools {
        secret: Secret::new(secret),
        published,
        count: functions::aggregate("count").ok_or_else(missing)?,
        sum: functions::sum::whole(),
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
