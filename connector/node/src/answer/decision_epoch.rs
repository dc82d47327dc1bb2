//! Decision on a question. Lookup, decision and record happen within one epoch; a stop in between repeats them.

use crate::answer::incoming_query::{AnswerError, IncomingQuery, QueryCaller};
use crate::answer::plan_tools::plan_context;
use crate::answer::presented_attributes;
use crate::answer::recorded_decision::{
    DecisionBasis, PlannedRead, check_admissible, record_decision,
};
use crate::answer::request_context::{DecisionContext, contract_contexts, snapshot_labels};
use crate::answer::row_scope::ReadSet;
use crate::answer::running_queries::RunningQueryGuard;
use crate::contract::combined_contracts;
use crate::league::group_lists;
use crate::participant::Connector;
use hansa_audit_log::digest::Digest;
use hansa_audit_log::ledger::Recorded;
use hansa_audit_log::time::UtcTimestamp;
use hansa_enforcement::bound_plan::BoundPlan;
use hansa_enforcement::cube_plan::PrivatePlanContext;
use hansa_policy::attribute::Credential;
use hansa_policy::contract::ActiveContracts;
use hansa_policy::decision::PermitDecision;
use hansa_policy::decision::query_shape::QueryShape as _;
use hansa_policy::group::GroupName;
use hansa_policy::id::ContractId;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_query::execute::cancellation::CancellationSignal;
use hansa_query::limits::SqlStatementLimits;
use hansa_query::snapshot::registry::SnapshotSet;
use std::sync::Arc;

/// Permitted and recorded question, with the facts of its decision.
pub(super) struct PermittedQuery {
    pub(super) recorded: Recorded<PermitDecision<BoundPlan>>,
    pub(super) known: DecisionContext,
    /// Snapshots that the question reads.
    pub(super) holdings: Arc<SnapshotSet>,
    /// True if the question reads all rows of its datasets.
    pub(super) whole: bool,
    /// Credentials that prove the attributes on which the contracts depend.
    pub(super) credentials: Vec<Credential>,
    /// Groups in which the caller must be a member.
    pub(super) groups: Vec<(Option<ContractId>, GroupName)>,
    pub(super) plan_digest: Digest,
    pub(super) planned: UtcTimestamp,
    pub(super) tools: PrivatePlanContext,
}

/// Most decisions on one question when stops come in between.
const AGAIN: usize = 3;

/// Decides and records. A permit enters the log only if its grounds still hold at that place in the log.
///
/// # Errors
/// The refusal; [`AnswerError::Overtaken`] if a stop came during each attempt.
pub(super) async fn decide_and_record(
    connector: &Arc<Connector>,
    posed: &IncomingQuery,
    place: &RunningQueryGuard,
    watch: &CancellationSignal,
) -> Result<PermittedQuery, AnswerError> {
    for _ in 0..AGAIN {
        match try_decision(connector, posed, place, watch).await {
            Err(AnswerError::Overtaken) => {}
            other => return other,
        }
    }
    try_decision(connector, posed, place, watch).await
}

async fn try_decision(
    connector: &Arc<Connector>,
    posed: &IncomingQuery,
    place: &RunningQueryGuard,
    watch: &CancellationSignal,
) -> Result<PermittedQuery, AnswerError> {
    let (ask, asker) = (&posed.asking.ask, posed.asker.id());
    let epoch = connector.records.log.epoch().await;
    // A cut during the decision already has its reason.
    if let Some(why) = watch.end_reason() {
        return Err(why.into());
    }
    let active = current_standing(connector, posed)?;
    place.set_reads(
        ask.contracts.clone(),
        active.grants().keys().cloned().collect(),
    );
    let tenant = match &posed.caller {
        QueryCaller::Peer(_) | QueryCaller::House => connector.config().tenants.get(asker).cloned(),
        // An unknown caller belongs to no tenant.
        QueryCaller::Web => None,
    };
    let (shown, mut credentials) =
        presented_attributes::verify_presented_attributes(connector, posed, &active)?;
    place.relies_on(credentials.clone());
    let groups = group_lists::used_groups(&active);
    let around = contract_contexts(connector, &active, &posed.asker, place, &shown)?;
    let mut known = DecisionContext {
        around,
        tenant,
        restrictions: connector.reloadable.restrictions(),
        ..DecisionContext::default()
    };
    check_admissible(connector, &active, posed, &known)?;
    combined_contracts::check_question(connector, &active)?;
    connector.check_executable(&active)?;
    let view = connector
        .datasets
        .catalog(|catalog| catalog.build_view(&active, known.tenant.as_deref()))?;
    // The decision and the receipt name the snapshots that are read, even if one is replaced meanwhile.
    let holdings = connector.datasets.snapshots.holdings();
    known.snapshots = snapshot_labels(connector, &holdings, &active)?;
    let sql_limits = SqlStatementLimits::default();
    let planned = connector.now();
    let bound = connector
        .queries
        .plans
        .plan(&ask.sql, &view, &sql_limits, planned)
        .await?;
    let plan_digest = bound.digest();
    let tools = plan_context(connector)?;
    if let Some(why) = watch.end_reason() {
        return Err(why.into());
    }
    let mut rows = ReadSet::from_query(connector, posed, &holdings)?;
    let basis = DecisionBasis { epoch, active };
    let read = PlannedRead {
        bound,
        rows: &mut rows,
    };
    let recorded = record_decision(connector, posed, basis, &mut known, read).await?;
    let (holdings, whole) = rows.into_holdings();
    let relied = recorded.relied_on();
    credentials.retain(|credential| relied.contains(&credential.statement));
    place.relies_on(credentials.clone());
    Ok(PermittedQuery {
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

/// Returns the current contracts of a member of the league, or of the participant itself, by a trusted clock.
///
/// # Errors
/// `CLOCK_UNTRUSTED`, `PEER_NOT_TRUSTED`, `LOG_FORK` if forked logs are refused, or the reason why a contract is not in force.
pub(super) fn current_standing(
    connector: &Connector,
    posed: &IncomingQuery,
) -> Result<ActiveContracts, Refusal> {
    match &posed.caller {
        QueryCaller::Peer(peer) => {
            connector.trusted_clock()?;
            connector.asks_lawfully(peer)?;
            connector.check_not_forked(peer.id())?;
            let named = &posed.asking.ask.contracts;
            connector
                .contracts
                .with_registry(|registry| registry.in_force(peer, named, connector.now()))
        }
        QueryCaller::Web => {
            connector.trusted_clock()?;
            let now = connector.now();
            let [view] = posed.asking.ask.contracts.as_slice() else {
                let sentence = "a question from the web names one public view";
                return Err(Refusal::new(ErrorCode::Internal, sentence));
            };
            connector
                .contracts
                .with_registry(|registry| registry.on_web(*view, now))
        }
        QueryCaller::House => {
            let own: Vec<_> = connector.datasets.catalog(|catalog| {
                catalog
                    .datasets()
                    .map(|dataset| (dataset.id.clone(), dataset.schema_digest()))
                    .collect()
            });
            Ok(connector
                .contracts
                .with_registry(|registry| registry.owner_contracts(own)))
        }
    }
}
