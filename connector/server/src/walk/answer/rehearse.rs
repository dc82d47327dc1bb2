//! The walk of an answer as far as its rows, for our own people to look at: the same checks, the same ruling, the same gate,
//! with a log that is thrown away and counters that are read and not drawn on.

use crate::node::{Node, groups};
use crate::walk::answer::known::{extends, owed, purse, schemas, spent};
use crate::walk::answer::open::tools;
use hansa_audit_log::digest::Digest;
use hansa_audit_log::time::{Tick, Time};
use hansa_enforcement::apply::apply;
use hansa_policy::attribute::{Attribute, Shown};
use hansa_policy::contract::InForce;
use hansa_policy::guard::Guards;
use hansa_policy::id::{ClauseId, ContractId, DatasetId, Name, PurposeId, RequestId};
use hansa_policy::refusal::{Code, Refusal};
use hansa_policy::ruling::{self, Facts, Question as _, trace};
use hansa_policy::term::Clause;
use hansa_policy::term::around::Around;
use hansa_policy::term::delivery::Format;
use hansa_policy::term::purpose::Taxonomy;
use hansa_query::answer::Answer;
use hansa_query::execute::execute;
use hansa_query::execute::watch::Watch;
use hansa_query::federate::home::named::unused;
use hansa_query::limits::SqlLimits;
use hansa_query::plan::plan_apart;
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::Arc;

/// A question that nobody asks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rehearsal<'a> {
    /// What the participant stands on, or would.
    pub(crate) standing: &'a InForce,
    /// When.
    pub(crate) now: Time,
    /// For what.
    pub(crate) purpose: Option<&'a PurposeId>,
    /// From where.
    pub(crate) address: Option<IpAddr>,
    /// Shown to be what.
    pub(crate) supposed: &'a [Attribute],
    /// The contracts that were named: the question has to read what each gives.
    pub(crate) named: &'a [ContractId],
}

/// What is known of it, looked up as for a real one.
struct Known {
    schemas: BTreeMap<DatasetId, Digest>,
    extends: BTreeMap<DatasetId, BTreeSet<Digest>>,
    snapshots: BTreeMap<DatasetId, String>,
    spent: BTreeMap<(ContractId, ClauseId), u64>,
    around: BTreeMap<ContractId, Around>,
    guards: Arc<Guards>,
    taxonomy: Arc<Taxonomy>,
    tenant: Option<String>,
}

impl Known {
    fn of(node: &Node, rehearsal: &Rehearsal<'_>) -> Result<Self, Refusal> {
        let standing = rehearsal.standing;
        let asker = standing.asker().id();
        let mut around = BTreeMap::new();
        for grant in standing.grants().values() {
            let Some(contract) = grant.contract() else {
                continue;
            };
            let (activated, first_use) = node.index(|state| state.began(contract))?;
            let outstanding = node.index(|state| state.outstanding(asker, contract))?;
            around.insert(
                contract,
                Around {
                    address: rehearsal.address,
                    format: Format::ArrowIpc,
                    running: 0,
                    // A draft would come into force now.
                    activated: activated.or(Some(rehearsal.now)),
                    first_use,
                    outstanding,
                    shown: Shown {
                        supposed: rehearsal.supposed.to_vec(),
                        ..Shown::NOTHING
                    },
                    purse: purse(node, grant, rehearsal.now)?,
                    owed: owed(node, grant, asker, rehearsal.now)?,
                    listed: groups::of(grant).map(|name| node.listed(name, asker)),
                },
            );
        }
        let holdings = node.shelf.holdings();
        let guards = node.guards();
        Ok(Self {
            schemas: schemas(node, standing),
            extends: extends(node, standing),
            snapshots: standing
                .grants()
                .keys()
                .filter_map(|id| Some((id.clone(), holdings.get(id)?.dataset.version.clone())))
                .collect(),
            spent: spent(node, standing, asker, (&guards, rehearsal.now))?,
            guards,
            around,
            taxonomy: node.taxonomy(),
            tenant: node.config().tenants.get(asker).cloned(),
        })
    }

    fn facts<'a>(&'a self, rehearsal: &Rehearsal<'a>) -> Facts<'a> {
        Facts {
            now: rehearsal.now,
            request: RequestId([0; 16]),
            sql_commit: Digest::of(b"rehearsal"),
            purpose: rehearsal.purpose,
            taxonomy: &self.taxonomy,
            schemas: &self.schemas,
            extends: &self.extends,
            snapshots: &self.snapshots,
            spent: &self.spent,
            around: &self.around,
            guards: &self.guards,
            tenant: self.tenant.as_deref(),
            node_version: env!("CARGO_PKG_VERSION"),
        }
    }
}

/// A clause, and why it refuses at the door, where it does.
pub(crate) type Said = (Clause, Option<Refusal>);

/// What each clause says at the door, by dataset.
pub(crate) fn said(
    node: &Node,
    rehearsal: &Rehearsal<'_>,
) -> Result<BTreeMap<DatasetId, Vec<Said>>, Refusal> {
    let known = Known::of(node, rehearsal)?;
    let mut said: BTreeMap<DatasetId, Vec<Said>> = BTreeMap::new();
    for one in trace::trace(rehearsal.standing, &known.facts(rehearsal))? {
        said.entry(one.dataset)
            .or_default()
            .push((one.clause, one.refusal));
    }
    Ok(said)
}

/// How many rows of a dataset would be visible, or are in the published cells of its cube.
pub(crate) async fn count(
    node: &Arc<Node>,
    rehearsal: &Rehearsal<'_>,
    dataset: &Name,
    cube: bool,
) -> Result<u64, Refusal> {
    let sql = if cube {
        format!("SELECT count(*) FROM {dataset}")
    } else {
        format!("SELECT count(*) FROM \"{dataset}\"")
    };
    let counted = Rehearsal {
        named: &[],
        ..*rehearsal
    };
    let mut answer = rehearse(node, &counted, &sql).await?;
    let mut total = 0;
    while let Some(batch) = answer.next().await {
        let batch = batch?;
        for row in crate::cli::rows::cells(&batch)? {
            let cell = row.first().map_or("", String::as_str);
            total = cell.parse::<u64>().unwrap_or(total);
        }
    }
    Ok(total)
}

/// The rows with which a question would be answered; exactly those, since they come through the same gate.
///
/// # Errors
/// The refusal that the question would meet.
pub(crate) async fn rehearse(
    node: &Arc<Node>,
    rehearsal: &Rehearsal<'_>,
    sql: &str,
) -> Result<Answer, Refusal> {
    let known = Known::of(node, rehearsal)?;
    let facts = known.facts(rehearsal);
    ruling::admissible(rehearsal.standing, &facts)?;
    node.executable(rehearsal.standing)?;
    let standing = again(rehearsal)?;
    let view = node.catalog(|catalog| catalog.view(&standing, known.tenant.as_deref()))?;
    let bound = plan_apart(sql, &view, &SqlLimits::default(), rehearsal.now).await?;
    for (dataset, grant) in standing.grants() {
        let named = grant
            .contract()
            .filter(|contract| rehearsal.named.contains(contract));
        if let Some(contract) = named.filter(|_| !bound.reads().contains_key(dataset)) {
            return Err(unused(contract, dataset.name.as_str()));
        }
    }
    let ruled = ruling::decide(standing, &facts, bound)?;
    let tick = Tick {
        wall: rehearsal.now,
        mono_ns: 1,
    };
    let recorded = hansa_audit_store::rehearsal::rehearse(ruled, tick)?;
    let permitted =
        apply(recorded, &tools(node)?).map_err(|declined| declined.refusal().clone())?;
    let holdings = node.shelf.holdings();
    execute(
        permitted,
        &holdings,
        &node.room,
        &node.limits(),
        Watch::idle(),
    )
    .await
    .map_err(|unanswered| unanswered.refusal)
}

/// A ruling takes its standing; this is the same one again.
fn again(rehearsal: &Rehearsal<'_>) -> Result<InForce, Refusal> {
    rehearsal.standing.supposed_again().ok_or_else(|| {
        Refusal::new(
            Code::Internal,
            "only what is supposed is looked at more than once",
        )
    })
}
