//! What a ruling may depend on, gathered.

use crate::node::running::Place;
use crate::node::{Node, groups};
use hansa_audit_log::digest::Digest;
use hansa_audit_log::time::Time;
use hansa_catalog::grown;
use hansa_policy::attribute::Shown;
use hansa_policy::contract::{Asker, Grant, InForce};
use hansa_policy::guard::Guards;
use hansa_policy::id::{ClauseId, ContractId, DatasetId, ParticipantId};
use hansa_policy::refusal::{Code, Refusal};
use hansa_policy::ruling;
use hansa_policy::term::Term;
use hansa_policy::term::around::{Around, Owed, Purse};
use hansa_policy::term::price::month;
use hansa_policy::term::version::Schemas;
use hansa_query::execute::Holdings;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What is known of the datasets, the contracts and the asker of a question.
#[derive(Debug, Default)]
pub(super) struct Known {
    /// Schemas as they are published now.
    pub(super) schemas: BTreeMap<DatasetId, Digest>,
    /// Earlier ones that these extend.
    pub(super) extends: BTreeMap<DatasetId, BTreeSet<Digest>>,
    /// Labels of the snapshots that are read.
    pub(super) snapshots: BTreeMap<DatasetId, String>,
    /// What was spent in the current slot of each counted clause.
    pub(super) spent: BTreeMap<(ContractId, ClauseId), u64>,
    /// What is refused whatever the contracts say, all through one question.
    pub(super) guards: Arc<Guards>,
    /// What is known around the question, by contract.
    pub(super) around: BTreeMap<ContractId, Around>,
    /// The tenant that the asker stands for here.
    pub(super) tenant: Option<String>,
}

/// The schemas, as they are published now, of what is granted.
pub(super) fn schemas(node: &Node, standing: &InForce) -> BTreeMap<DatasetId, Digest> {
    node.catalog(|catalog| {
        standing
            .grants()
            .keys()
            .filter_map(|id| Some((id.clone(), catalog.by_id(id)?.schema_digest())))
            .collect()
    })
}

/// The earlier schemas that those of now extend, of what is given by contracts that are good for later ones.
pub(super) fn extends(node: &Node, standing: &InForce) -> BTreeMap<DatasetId, BTreeSet<Digest>> {
    let compatible = standing
        .grants()
        .iter()
        .filter(|(_, grant)| Schemas::of(grant.clauses()) == Schemas::Compatible);
    node.catalog(|catalog| {
        compatible
            .filter_map(|(id, _)| {
                let earlier = catalog.seal()?.earlier(catalog.by_id(id)?);
                Some((id.clone(), earlier))
            })
            .collect()
    })
}

/// What was spent in the current slot of each counted clause, of contracts and guards, under whichever contract.
///
/// # Errors
/// `DATASET_GUARDED` for a guard that can't be read, or when a clause counts what nobody counts.
pub(super) fn spent(
    node: &Node,
    standing: &InForce,
    asker: &ParticipantId,
    (guards, now): (&Guards, Time),
) -> Result<BTreeMap<(ContractId, ClauseId), u64>, Refusal> {
    let budgets = ruling::budgets(standing, guards, now)?;
    Ok(budgets
        .into_iter()
        .map(|budget| {
            let slot = (budget.slot, budget.slot_end);
            let used = node
                .budgets
                .spent(&budget.dataset, budget.counts, slot, asker);
            ((budget.contract, budget.clause), used)
        })
        .collect())
}

/// What is known around a question, contract by contract; only what one of its clauses looks at is looked up.
///
/// # Errors
/// `STATE_BROKEN` when the index can't be read.
pub(super) fn around(
    node: &Node,
    standing: &InForce,
    asker: &Asker,
    place: &Place,
    shown: &Shown,
) -> Result<BTreeMap<ContractId, Around>, Refusal> {
    let mut known = BTreeMap::new();
    let address = match asker {
        Asker::Peer(peer) => peer.address(),
        Asker::House(_) | Asker::Supposed(_) => None,
    };
    for grant in standing.grants().values() {
        let Some(contract) = grant.contract() else {
            continue;
        };
        let has = |wanted: fn(&Term) -> bool| grant.clause_where(wanted).is_some();
        let mut around = Around {
            address,
            running: place.before(contract),
            ..Around::UNKNOWN
        };
        if has(|term| matches!(term, Term::Lasts(_))) {
            (around.activated, around.first_use) = node.glance(|state| state.began(contract))?;
        }
        if has(|term| matches!(term, Term::Receipts(_))) {
            around.outstanding = node.glance(|state| state.outstanding(asker.id(), contract))?;
        }
        if has(|term| term.looks_at().is_some()) {
            around.shown = shown.clone();
        }
        around.owed = owed(node, grant, asker.id(), node.now())?;
        around.purse = purse(node, grant, node.now())?;
        around.listed = groups::of(grant).map(|name| node.listed(name, asker.id()));
        known.insert(contract, around);
    }
    Ok(known)
}

/// The statements of deletion that are overdue under a contract: of answers that were closed so many days ago.
///
/// # Errors
/// `STATE_BROKEN` when the index can't be read.
pub(super) fn owed(
    node: &Node,
    grant: &Grant,
    asker: &ParticipantId,
    now: Time,
) -> Result<Owed, Refusal> {
    let days = grant.clauses().iter().find_map(|clause| match clause.term {
        Term::Attest { days } => Some(days),
        _ => None,
    });
    let (Some(days), Some(first)) = (days, grant.first()) else {
        return Ok(Owed::NOTHING);
    };
    let closed_by = now.plus_micros(DAY.saturating_mul(i64::from(days)).saturating_neg());
    let (count, first) = node.glance(|state| state.owed(first, asker, closed_by, Owed::NAMED))?;
    Ok(Owed { count, first })
}

/// What is left of what was paid beforehand under a contract, and the months that are due.
///
/// # Errors
/// `STATE_BROKEN` when the index can't be read.
pub(super) fn purse(node: &Node, grant: &Grant, now: Time) -> Result<Purse, Refusal> {
    let paid = grant
        .clauses()
        .iter()
        .find_map(|clause| match &clause.term {
            Term::Price(price) => price.paid(),
            _ => None,
        });
    let (Some(paid), Some(first)) = (paid, grant.first()) else {
        return Ok(Purse::EMPTY);
    };
    let purse = node.purses.of(first);
    // A draft would come into force now.
    let (activated, _) = node.glance(|state| state.began(first))?;
    let begun = month(now)
        .saturating_sub(month(activated.unwrap_or(now)))
        .saturating_add(1);
    Ok(Purse {
        left: purse.left(paid),
        months_due: begun.saturating_sub(purse.months),
    })
}

const DAY: i64 = 86_400_000_000;

/// The labels of the snapshots that are read.
pub(super) fn snapshots(
    node: &Node,
    holdings: &Holdings,
    standing: &InForce,
) -> Result<BTreeMap<DatasetId, String>, Refusal> {
    let mut labels = BTreeMap::new();
    for (id, grant) in standing.grants() {
        let Some(snapshot) = holdings.get(id) else {
            continue;
        };
        let dataset = &snapshot.dataset;
        let fits = node.catalog(|catalog| {
            grown::fits(grant.schema(), grant.clauses(), dataset, catalog.seal())
        });
        if !fits {
            let refusal = Refusal::new(
                Code::SchemaChanged,
                format!(
                    "`{}` has another schema than the contract was signed for",
                    id.name
                ),
            );
            return Err(match grant.contract() {
                Some(contract) => refusal.with_contract(contract),
                None => refusal,
            });
        }
        labels.insert(id.clone(), snapshot.dataset.version.clone());
    }
    Ok(labels)
}
