//! Facts on which the decision on a question may depend.

use crate::answer::running_queries::RunningQueryGuard;
use crate::league::group_lists;
use crate::participant::Connector;
use hansa_audit_log::digest::Digest;
use hansa_audit_log::time::UtcTimestamp;
use hansa_catalog::schema_compatibility;
use hansa_policy::attribute::PresentedAttributes;
use hansa_policy::contract::{ActiveContracts, DatasetGrant, Requester};
use hansa_policy::decision;
use hansa_policy::id::{ClauseId, ContractId, DatasetId, ParticipantId};
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_policy::restriction::ProviderRestrictions;
use hansa_policy::term::Term;
use hansa_policy::term::contract_context::{ContractContext, OverdueAttestations, PrepaidBalance};
use hansa_policy::term::price::calendar_month;
use hansa_policy::term::schema_version::SchemaCompatibility;
use hansa_query::snapshot::registry::SnapshotSet;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Facts about the datasets, the contracts and the caller of a question.
#[derive(Debug, Default)]
pub(super) struct DecisionContext {
    /// Digests of the currently published schemas.
    pub(super) schemas: BTreeMap<DatasetId, Digest>,
    /// Digests of earlier schemas that the current ones extend.
    pub(super) extends: BTreeMap<DatasetId, BTreeSet<Digest>>,
    /// Labels of the snapshots that are read.
    pub(super) snapshots: BTreeMap<DatasetId, String>,
    /// Amount spent in the current period of each counted clause.
    pub(super) spent: BTreeMap<(ContractId, ClauseId), u64>,
    /// Restrictions of the provider, constant throughout one question.
    pub(super) restrictions: Arc<ProviderRestrictions>,
    /// Facts by contract.
    pub(super) around: BTreeMap<ContractId, ContractContext>,
    /// Tenant of this participant that the caller stands for.
    pub(super) tenant: Option<String>,
}

/// Returns the current schema digests of the granted datasets.
pub(super) fn schema_digests(
    connector: &Connector,
    active: &ActiveContracts,
) -> BTreeMap<DatasetId, Digest> {
    connector.datasets.catalog(|catalog| {
        active
            .grants()
            .keys()
            .filter_map(|id| Some((id.clone(), catalog.by_id(id)?.schema_digest())))
            .collect()
    })
}

/// Returns the earlier schemas that the current ones extend, for contracts that also cover later schemas.
pub(super) fn extended_schemas(
    connector: &Connector,
    active: &ActiveContracts,
) -> BTreeMap<DatasetId, BTreeSet<Digest>> {
    let compatible = active.grants().iter().filter(|(_, grant)| {
        SchemaCompatibility::of(grant.clauses()) == SchemaCompatibility::Compatible
    });
    connector.datasets.catalog(|catalog| {
        compatible
            .filter_map(|(id, _)| {
                let earlier = catalog.schema_secret()?.earlier_digests(catalog.by_id(id)?);
                Some((id.clone(), earlier))
            })
            .collect()
    })
}

/// Returns the amount spent in the current period of each counted clause, of contracts and restrictions, over all contracts.
///
/// # Errors
/// `DATASET_RESTRICTED` for a restriction that can't be read, or when a clause counts what nobody counts.
pub(super) fn spent_by_clause(
    connector: &Connector,
    active: &ActiveContracts,
    asker: &ParticipantId,
    restrictions: &ProviderRestrictions,
    now: UtcTimestamp,
) -> Result<BTreeMap<(ContractId, ClauseId), u64>, Refusal> {
    let budgets = decision::collect_budgets(active, restrictions, now)?;
    Ok(budgets
        .into_iter()
        .map(|budget| {
            let used = connector.accounting.budgets.spent_amount(
                &budget.dataset,
                budget.counts,
                budget.slot_bounds(),
                asker,
            );
            ((budget.contract, budget.clause), used)
        })
        .collect())
}

/// Returns the facts by contract. Only facts on which a clause depends are looked up.
///
/// # Errors
/// `STATE_BROKEN` if the index can't be read.
pub(super) fn contract_contexts(
    connector: &Connector,
    active: &ActiveContracts,
    asker: &Requester,
    place: &RunningQueryGuard,
    shown: &PresentedAttributes,
) -> Result<BTreeMap<ContractId, ContractContext>, Refusal> {
    let mut known = BTreeMap::new();
    let address = match asker {
        Requester::Peer(peer) => peer.address(),
        Requester::House(_) | Requester::Web(_) | Requester::Supposed(_) => None,
    };
    for grant in active.grants().values() {
        let Some(contract) = grant.contract() else {
            continue;
        };
        let has = |wanted: fn(&Term) -> bool| grant.clause_where(wanted).is_some();
        let mut around = ContractContext {
            address,
            running: place.count_earlier(contract),
            ..ContractContext::UNKNOWN
        };
        if has(|term| matches!(term, Term::Lasts(_))) {
            (around.activated, around.first_use) = connector
                .records
                .index_fast(|state| state.activation_and_first_use(contract))?;
        }
        if has(|term| matches!(term, Term::Receipts(_))) {
            around.outstanding = connector
                .records
                .index_fast(|state| state.count_outstanding_receipts(asker.id(), contract))?;
        }
        if has(|term| term.looks_at().is_some()) {
            around.presented = shown.clone();
        }
        around.overdue = overdue_attestations(connector, grant, asker.id(), connector.now())?;
        around.balance = prepaid_balance(connector, grant, connector.now())?;
        around.listed = group_lists::group_of_grant(grant)
            .map(|name| connector.check_group_membership(name, asker.id()));
        known.insert(contract, around);
    }
    Ok(known)
}

/// Returns the overdue deletion statements under a contract. They concern answers that were closed more than the agreed number of
/// days ago.
///
/// # Errors
/// `STATE_BROKEN` if the index can't be read.
pub(super) fn overdue_attestations(
    connector: &Connector,
    grant: &DatasetGrant,
    asker: &ParticipantId,
    now: UtcTimestamp,
) -> Result<OverdueAttestations, Refusal> {
    let days = grant.clauses().iter().find_map(|clause| match clause.term {
        Term::Attest { days } => Some(days),
        _ => None,
    });
    let (Some(days), Some(first)) = (days, grant.first_version()) else {
        return Ok(OverdueAttestations::NOTHING);
    };
    let closed_by = now.plus_micros(DAY.saturating_mul(i64::from(days)).saturating_neg());
    let (count, first) = connector.records.index_fast(|state| {
        state.attestations_due(first, asker, closed_by, OverdueAttestations::NAMED)
    })?;
    Ok(OverdueAttestations { count, first })
}

/// Returns the remaining prepaid balance of a contract and its due months.
///
/// # Errors
/// `STATE_BROKEN` if the index can't be read.
pub(super) fn prepaid_balance(
    connector: &Connector,
    grant: &DatasetGrant,
    now: UtcTimestamp,
) -> Result<PrepaidBalance, Refusal> {
    let paid = grant
        .clauses()
        .iter()
        .find_map(|clause| match &clause.term {
            Term::Price(price) => price.prepaid_amount(),
            _ => None,
        });
    let (Some(paid), Some(first)) = (paid, grant.first_version()) else {
        return Ok(PrepaidBalance::EMPTY);
    };
    let balance = connector.accounting.prepaid_balances.balance(first);
    // A draft would come into force at this instant.
    let (activated, _) = connector
        .records
        .index_fast(|state| state.activation_and_first_use(first))?;
    let begun = calendar_month(now)
        .saturating_sub(calendar_month(activated.unwrap_or(now)))
        .saturating_add(1);
    Ok(PrepaidBalance {
        left: balance.remaining_amount(paid),
        months_due: begun.saturating_sub(balance.months),
    })
}

const DAY: i64 = 86_400_000_000;

/// Returns the labels of the snapshots that are read.
pub(super) fn snapshot_labels(
    connector: &Connector,
    holdings: &SnapshotSet,
    active: &ActiveContracts,
) -> Result<BTreeMap<DatasetId, String>, Refusal> {
    let mut labels = BTreeMap::new();
    for (id, grant) in active.grants() {
        let Some(snapshot) = holdings.get(id) else {
            continue;
        };
        let dataset = &snapshot.dataset;
        let fits = connector.datasets.catalog(|catalog| {
            schema_compatibility::is_schema_compatible(
                grant.schema(),
                grant.clauses(),
                dataset,
                catalog.schema_secret(),
            )
        });
        if !fits {
            let refusal = Refusal::new(
                ErrorCode::SchemaChanged,
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
