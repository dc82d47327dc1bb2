//! The decision on a question: what is known is looked up, decided and recorded within one epoch, and anew where a stop came between.

use crate::node::running::Place;
use crate::node::{Node, groups};
use crate::walk::answer::decide::{admissible, decide};
use crate::walk::answer::known::{Known, around, snapshots};
use crate::walk::answer::open::tools;
use crate::walk::answer::rows::Rows;
use crate::walk::answer::{Caller, Fell, Posed, attested};
use crate::walk::combined;
use hansa_audit_log::digest::Digest;
use hansa_audit_log::ledger::Recorded;
use hansa_audit_log::time::Time;
use hansa_enforcement::bind::Bound;
use hansa_enforcement::cube::Tools;
use hansa_policy::attribute::Credential;
use hansa_policy::contract::InForce;
use hansa_policy::group::GroupName;
use hansa_policy::id::ContractId;
use hansa_policy::refusal::Refusal;
use hansa_policy::ruling::{Question as _, Ruled};
use hansa_query::execute::Holdings;
use hansa_query::execute::watch::Watch;
use hansa_query::limits::SqlLimits;
use std::sync::Arc;

/// A question that is permitted, on the books, with what it was decided by.
pub(super) struct Decision {
    pub(super) recorded: Recorded<Ruled<Bound>>,
    pub(super) known: Known,
    /// What it reads.
    pub(super) holdings: Arc<Holdings>,
    /// Whether that is all of its datasets.
    pub(super) whole: bool,
    /// What shows what the contracts look at.
    pub(super) credentials: Vec<Credential>,
    /// The groups of whose members the asker must be.
    pub(super) groups: Vec<(Option<ContractId>, GroupName)>,
    pub(super) plan_digest: Digest,
    pub(super) planned: Time,
    pub(super) tools: Tools,
}

/// So often a question is decided anew, since something was stopped while it was decided.
const AGAIN: usize = 3;

/// Decides and records. A permit is on the books only where what it stands on still holds at its place in the log.
///
/// # Errors
/// Why nothing is permitted; [`Fell::Overtaken`] where something was stopped each time.
pub(super) async fn decided(
    node: &Arc<Node>,
    posed: &Posed,
    place: &Place,
    watch: &Watch,
) -> Result<Decision, Fell> {
    for _ in 0..AGAIN {
        match once(node, posed, place, watch).await {
            Err(Fell::Overtaken) => {}
            other => return other,
        }
    }
    once(node, posed, place, watch).await
}

async fn once(
    node: &Arc<Node>,
    posed: &Posed,
    place: &Place,
    watch: &Watch,
) -> Result<Decision, Fell> {
    let (ask, asker) = (&posed.asking.ask, posed.asker.id());
    let epoch = node.log.epoch().await;
    // What was cut meanwhile knows why.
    if let Some(why) = watch.ended() {
        return Err(why.into());
    }
    let standing = current_standing(node, posed)?;
    place.reads(
        ask.contracts.clone(),
        standing.grants().keys().cloned().collect(),
    );
    let tenant = node.config().tenants.get(asker).cloned();
    let (shown, mut credentials) = attested::shown(node, posed, &standing)?;
    place.relies_on(credentials.clone());
    let groups = groups::looked_at(&standing);
    let around = around(node, &standing, &posed.asker, place, &shown)?;
    let mut known = Known {
        around,
        tenant,
        guards: node.guards(),
        ..Known::default()
    };
    admissible(node, &standing, posed, &known)?;
    combined::check_question(node, &standing)?;
    node.executable(&standing)?;
    let view = node.catalog(|catalog| catalog.view(&standing, known.tenant.as_deref()))?;
    // The snapshots that are named in the ruling and the receipt are those that are read, also while one is replaced.
    let holdings = node.shelf.holdings();
    known.snapshots = snapshots(node, &holdings, &standing)?;
    let sql_limits = SqlLimits::default();
    let planned = node.now();
    let bound = node
        .plans
        .plan(&ask.sql, &view, &sql_limits, planned)
        .await?;
    let plan_digest = bound.digest();
    let tools = tools(node)?;
    if let Some(why) = watch.ended() {
        return Err(why.into());
    }
    let mut rows = Rows::asked(node, posed, &holdings)?;
    let decided = (epoch, standing);
    let recorded = decide(node, posed, decided, &mut known, (bound, &mut rows)).await?;
    let (holdings, whole) = rows.into_holdings();
    let relied = recorded.relied_on();
    credentials.retain(|credential| relied.contains(&credential.statement));
    place.relies_on(credentials.clone());
    Ok(Decision {
        recorded,
        known,
        holdings,
        whole,
        credentials,
        groups,
        plan_digest,
        planned,
        tools,
    })
}

/// What a member of the league stands on now, by a clock that can be relied on, or the house.
///
/// # Errors
/// `CLOCK_UNTRUSTED`, `PEER_NOT_TRUSTED`, `LOG_FORK` where forked logs are refused, or why a contract is not in force.
pub(super) fn current_standing(node: &Node, posed: &Posed) -> Result<InForce, Refusal> {
    match &posed.caller {
        Caller::Peer(peer) => {
            node.trusted_clock()?;
            node.member(peer.id())?;
            node.deals_with(peer.id())?;
            let named = &posed.asking.ask.contracts;
            node.book(|book| book.in_force(peer, named, node.now()))
        }
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
