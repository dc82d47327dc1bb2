//! Decision on a question, returned only after it is in the log.

use crate::answer::incoming_query::{AnswerError, IncomingQuery, QueryCaller};
use crate::answer::request_context::{
    DecisionContext, extended_schemas, prepaid_balance, schema_digests, spent_by_clause,
};
use crate::answer::row_scope::{ReadSet, RowSelection};
use crate::participant::Connector;
use hansa_audit_log::ledger::{LedgerError, Recorded};
use hansa_audit_log::time::UtcTimestamp;
use hansa_audit_store::epoch::{DecisionValidity, LogEpoch};
use hansa_enforcement::bound_plan::BoundPlan;
use hansa_policy::contract::ActiveContracts;
use hansa_policy::decision::decision_input::DecisionInput;
use hansa_policy::decision::quota_budget::QuotaKind;
use hansa_policy::decision::{self, PermitDecision};
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_policy::restriction::ProviderRestrictions;
use hansa_policy::term::Term;
use hansa_policy::term::purpose::Taxonomy;
use tracing::Instrument as _;

/// Checks time window and purpose before names are resolved, so that a refusal does not reveal existing names.
pub(super) fn check_admissible(
    connector: &Connector,
    active: &ActiveContracts,
    posed: &IncomingQuery,
    known: &DecisionContext,
) -> Result<(), Refusal> {
    let taxonomy = connector.reloadable.taxonomy();
    decision::check_admissibility(
        active,
        &decision_input(posed, known, &taxonomy, connector.now()),
    )
}

/// Contracts of a question, with the epoch of the log in which they and the other facts were looked up.
pub(super) struct DecisionBasis {
    pub(super) epoch: LogEpoch,
    pub(super) active: ActiveContracts,
}

/// Plan of a question, with the rows that it is about.
pub(super) struct PlannedRead<'a, 'q> {
    pub(super) bound: BoundPlan,
    pub(super) rows: &'a mut ReadSet<'q>,
}

/// Decides and records in the epoch of the basis. Counted uses are checked and recorded
/// under one lock.
pub(super) async fn record_decision(
    connector: &Connector,
    posed: &IncomingQuery,
    basis: DecisionBasis,
    known: &mut DecisionContext,
    read: PlannedRead<'_, '_>,
) -> Result<Recorded<PermitDecision<BoundPlan>>, AnswerError> {
    let DecisionBasis { epoch, active } = basis;
    let PlannedRead { bound, rows } = read;
    let lock = if counts_questions(&active, &known.restrictions, connector.now())? {
        Some(connector.accounting.charge_lock.lock().await)
    } else {
        None
    };
    let asker = posed.asker.id();
    let now = connector.now();
    known.schemas = schema_digests(connector, &active);
    known.extends = extended_schemas(connector, &active);
    known.spent = spent_by_clause(connector, &active, asker, &known.restrictions, now)?;
    for grant in active.grants().values() {
        let around = grant.contract().and_then(|id| known.around.get_mut(&id));
        if let Some(around) = around {
            around.balance = prepaid_balance(connector, grant, now)?;
        }
    }
    let taxonomy = connector.reloadable.taxonomy();
    let ruled =
        decision::decide_question(active, &decision_input(posed, known, &taxonomy, now), bound)?;
    let validity = DecisionValidity {
        epoch,
        until: ruled.end_instant(),
    };
    let about = rows.apply_scope(ruled)?;
    connector.observer.pass_decision().await;
    let ruled = match about {
        RowSelection::These(ruled) => *ruled,
        RowSelection::None(quiet) => {
            let quiet = connector
                .records
                .log
                .record_while_valid(*quiet, validity, false)
                .await;
            return Err(AnswerError::Quiet(Box::new(
                quiet.map_err(unrecorded_decision_error)?,
            )));
        }
    };
    // The receipt names a head over this record. The head is signed while the rows are computed.
    let headed = matches!(posed.caller, QueryCaller::Peer(_));
    let recorded = connector
        .records
        .log
        .record_while_valid(ruled, validity, headed)
        .instrument(tracing::info_span!("record"))
        .await;
    let recorded = recorded.map_err(unrecorded_decision_error)?;
    connector
        .accounting
        .budgets
        .count_query(recorded.budgets(), asker, recorded.receipt().time());
    connector
        .accounting
        .prepaid_balances
        .charge(recorded.prepaid_charges());
    drop(lock);
    Ok(recorded)
}

/// Without room for new log entries, this refusal can still be recorded and sent.
fn unrecorded_decision_error(why: LedgerError) -> AnswerError {
    match why {
        LedgerError::LowSpace { .. } => AnswerError::Refused(
            Refusal::new(
                ErrorCode::EvidenceUnavailable,
                "there is no room to record an answer, so the question is not answered",
            )
            .with_help("ask again later"),
        ),
        LedgerError::Overtaken => AnswerError::Overtaken,
        _ => AnswerError::Closed,
    }
}

fn decision_input<'a>(
    posed: &'a IncomingQuery,
    known: &'a DecisionContext,
    taxonomy: &'a Taxonomy,
    now: UtcTimestamp,
) -> DecisionInput<'a> {
    DecisionInput {
        now,
        request: posed.asking.ask.request,
        sql_commit: posed.commit,
        purpose: posed.asking.ask.purpose.as_ref(),
        taxonomy,
        schemas: &known.schemas,
        extends: &known.extends,
        snapshots: &known.snapshots,
        spent: &known.spent,
        contexts: &known.around,
        restrictions: &known.restrictions,
        tenant: known.tenant.as_deref(),
        connector_version: env!("CARGO_PKG_VERSION"),
    }
}

fn counts_questions(
    active: &ActiveContracts,
    restrictions: &ProviderRestrictions,
    now: UtcTimestamp,
) -> Result<bool, Refusal> {
    let budgets = decision::collect_budgets(active, restrictions, now)?;
    let prepaid = |term: &Term| matches!(term, Term::Price(price) if price.prepaid.is_some());
    let mut grants = active.grants().values();
    Ok(budgets
        .iter()
        .any(|budget| budget.counts == QuotaKind::Queries)
        || grants.any(|grant| grant.clause_where(prepaid).is_some()))
}
