//! Dry run of an answer for own users: the checks, decision and enforcement of a real answer, with a discarded log and with
//! counters that are only read.

use crate::answer::plan_tools::plan_context;
use crate::answer::request_context::{
    extended_schemas, overdue_attestations, prepaid_balance, schema_digests, spent_by_clause,
};
use crate::league::group_lists;
use crate::participant::Connector;
use hansa_audit_log::digest::Digest;
use hansa_audit_log::time::{ClockReading, UtcTimestamp};
use hansa_enforcement::permitted_plan::apply;
use hansa_policy::attribute::{ParticipantAttribute, PresentedAttributes};
use hansa_policy::contract::ActiveContracts;
use hansa_policy::decision::decision_input::DecisionInput;
use hansa_policy::decision::query_shape::QueryShape as _;
use hansa_policy::decision::{self, clause_trace};
use hansa_policy::id::{ClauseId, ContractId, DatasetId, PurposeId, RequestId, SqlIdentifier};
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_policy::restriction::ProviderRestrictions;
use hansa_policy::term::Clause;
use hansa_policy::term::contract_context::ContractContext;
use hansa_policy::term::purpose::Taxonomy;
use hansa_policy::value::delivery::DeliveryFormat;
use hansa_query::answer::QueryAnswer;
use hansa_query::execute::cancellation::CancellationSignal;
use hansa_query::execute::execute_plan;
use hansa_query::execute::query_resources::QueryResources;
use hansa_query::federation::query_catalog::named_contract::unused_contract_refusal;
use hansa_query::limits::SqlStatementLimits;
use hansa_query::sql::plan_apart;
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::Arc;

/// Question of a dry run. Nobody asks it for real.
#[derive(Debug, Clone, Copy)]
pub struct DryRunQuery<'a> {
    /// Contracts, real or assumed, under which the question runs.
    pub active: &'a ActiveContracts,
    /// Instant of the question.
    pub now: UtcTimestamp,
    /// Purpose of the question.
    pub purpose: Option<&'a PurposeId>,
    /// Network address of the caller.
    pub address: Option<IpAddr>,
    /// Attributes that the caller is assumed to have proved.
    pub supposed: &'a [ParticipantAttribute],
    /// Contracts that the question names. It must read from each of them.
    pub named: &'a [ContractId],
}

/// Facts about the question, looked up as for a real one.
struct DryRunContext {
    schemas: BTreeMap<DatasetId, Digest>,
    extends: BTreeMap<DatasetId, BTreeSet<Digest>>,
    snapshots: BTreeMap<DatasetId, String>,
    spent: BTreeMap<(ContractId, ClauseId), u64>,
    around: BTreeMap<ContractId, ContractContext>,
    restrictions: Arc<ProviderRestrictions>,
    taxonomy: Arc<Taxonomy>,
    tenant: Option<String>,
}

impl DryRunContext {
    fn new(connector: &Connector, rehearsal: &DryRunQuery<'_>) -> Result<Self, Refusal> {
        let active = rehearsal.active;
        let asker = active.asker().id();
        let mut around = BTreeMap::new();
        for grant in active.grants().values() {
            let Some(contract) = grant.contract() else {
                continue;
            };
            let (activated, first_use) = connector
                .records
                .index(|state| state.activation_and_first_use(contract))?;
            let outstanding = connector
                .records
                .index(|state| state.count_outstanding_receipts(asker, contract))?;
            around.insert(
                contract,
                ContractContext {
                    address: rehearsal.address,
                    format: DeliveryFormat::ArrowIpc,
                    running: 0,
                    // A draft would come into force at this instant.
                    activated: activated.or(Some(rehearsal.now)),
                    first_use,
                    outstanding,
                    presented: PresentedAttributes {
                        supposed: rehearsal.supposed.to_vec(),
                        ..PresentedAttributes::NOTHING
                    },
                    balance: prepaid_balance(connector, grant, rehearsal.now)?,
                    overdue: overdue_attestations(connector, grant, asker, rehearsal.now)?,
                    listed: group_lists::group_of_grant(grant)
                        .map(|name| connector.check_group_membership(name, asker)),
                },
            );
        }
        let holdings = connector.datasets.snapshots.holdings();
        let restrictions = connector.reloadable.restrictions();
        Ok(Self {
            schemas: schema_digests(connector, active),
            extends: extended_schemas(connector, active),
            snapshots: active
                .grants()
                .keys()
                .filter_map(|id| Some((id.clone(), holdings.get(id)?.dataset.version.clone())))
                .collect(),
            spent: spent_by_clause(connector, active, asker, &restrictions, rehearsal.now)?,
            restrictions,
            around,
            taxonomy: connector.reloadable.taxonomy(),
            tenant: connector.config().tenants.get(asker).cloned(),
        })
    }

    fn decision_input<'a>(&'a self, rehearsal: &DryRunQuery<'a>) -> DecisionInput<'a> {
        DecisionInput {
            now: rehearsal.now,
            request: RequestId([0; 16]),
            sql_commit: Digest::of(b"rehearsal"),
            purpose: rehearsal.purpose,
            taxonomy: &self.taxonomy,
            schemas: &self.schemas,
            extends: &self.extends,
            snapshots: &self.snapshots,
            spent: &self.spent,
            contexts: &self.around,
            restrictions: &self.restrictions,
            tenant: self.tenant.as_deref(),
            connector_version: env!("CARGO_PKG_VERSION"),
        }
    }
}

/// Clause with the refusal of its admission check, if it refuses.
pub(crate) type ClauseOutcome = (Clause, Option<Refusal>);

/// Returns the result of each clause's admission check, by dataset.
pub fn clause_outcomes(
    connector: &Connector,
    rehearsal: &DryRunQuery<'_>,
) -> Result<BTreeMap<DatasetId, Vec<ClauseOutcome>>, Refusal> {
    let known = DryRunContext::new(connector, rehearsal)?;
    let mut said: BTreeMap<DatasetId, Vec<ClauseOutcome>> = BTreeMap::new();
    for one in clause_trace::trace_clauses(rehearsal.active, &known.decision_input(rehearsal))? {
        said.entry(one.dataset)
            .or_default()
            .push((one.clause, one.refusal));
    }
    Ok(said)
}

/// Counts the rows of a dataset that would be visible, or the published cells of its cube.
pub async fn count_visible_rows(
    connector: &Arc<Connector>,
    rehearsal: &DryRunQuery<'_>,
    dataset: &SqlIdentifier,
    cube: bool,
) -> Result<u64, Refusal> {
    let sql = if cube {
        format!("SELECT count(*) FROM {dataset}")
    } else {
        format!("SELECT count(*) FROM \"{dataset}\"")
    };
    let counted = DryRunQuery {
        named: &[],
        ..*rehearsal
    };
    let mut answer = rehearse_query(connector, &counted, &sql).await?;
    let mut total = 0;
    while let Some(batch) = answer.next().await {
        let batch = batch?;
        for row in crate::answer::cell_text::to_text_cells(&batch)? {
            let cell = row.first().map_or("", String::as_str);
            total = cell.parse::<u64>().unwrap_or(total);
        }
    }
    Ok(total)
}

/// Returns the rows of the real answer. They pass through the same enforcement.
///
/// # Errors
/// The refusal of the real question.
pub async fn rehearse_query(
    connector: &Arc<Connector>,
    rehearsal: &DryRunQuery<'_>,
    sql: &str,
) -> Result<QueryAnswer, Refusal> {
    let known = DryRunContext::new(connector, rehearsal)?;
    let facts = known.decision_input(rehearsal);
    decision::check_admissibility(rehearsal.active, &facts)?;
    connector.check_executable(rehearsal.active)?;
    let active = copy_contracts(rehearsal)?;
    let view = connector
        .datasets
        .catalog(|catalog| catalog.build_view(&active, known.tenant.as_deref()))?;
    let bound = plan_apart(sql, &view, &SqlStatementLimits::default(), rehearsal.now).await?;
    for (dataset, grant) in active.grants() {
        let named = grant
            .contract()
            .filter(|contract| rehearsal.named.contains(contract));
        if let Some(contract) = named.filter(|_| !bound.used_columns().contains_key(dataset)) {
            return Err(unused_contract_refusal(contract, dataset.name.as_str()));
        }
    }
    let ruled = decision::decide_question(active, &facts, bound)?;
    let tick = ClockReading {
        wall: rehearsal.now,
        mono_ns: 1,
    };
    let recorded = hansa_audit_store::dry_run::record_dry_run(ruled, tick)?;
    let permitted = apply(recorded, &plan_context(connector)?)
        .map_err(|declined| declined.refusal().clone())?;
    let holdings = connector.datasets.snapshots.holdings();
    let resources = QueryResources {
        holdings: &holdings,
        runtime: &connector.queries.query_runtime,
        limits: &connector.query_limits(),
    };
    execute_plan(permitted, resources, CancellationSignal::new_idle())
        .await
        .map_err(|unanswered| unanswered.refusal)
}

/// Copy of the active contracts, because a decision consumes them.
fn copy_contracts(rehearsal: &DryRunQuery<'_>) -> Result<ActiveContracts, Refusal> {
    rehearsal.active.supposed_again().ok_or_else(|| {
        Refusal::new(
            ErrorCode::Internal,
            "only what is supposed is looked at more than once",
        )
    })
}
