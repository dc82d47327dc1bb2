//! Decision on a question: `decide` and its outcome.

pub mod clause_trace;
mod column_check;
pub mod decision_input;
mod decision_record;
pub mod derivation;
mod evaluation;
mod join_check;
mod permit_decision;
pub mod prepaid_charge;
pub mod program_check;
pub(crate) mod prohibition_checks;
pub(crate) mod purpose_check;
pub mod query_shape;
pub mod quota_budget;
pub mod refusal_summary;
mod requirement;
pub mod resolved_row_scope;
mod restricted_contracts;
pub mod row_scope;
mod sourced_grant;
mod window_check;

use crate::attribute::SupportingCredential;
use crate::contract::ActiveContracts;
use crate::effect::Effect;
use crate::id::{ClauseId, ContractId, DatasetId, PurposeId, RequestId};
use crate::peer::ProgramAccess;
use crate::refusal::Refusal;
use crate::restriction::ProviderRestrictions;
use decision_input::DecisionInput;
use evaluation::QueryEvaluation;
use hansa_audit_log::digest::Digest;
use hansa_audit_log::ledger::RecordReceipt;
use hansa_audit_log::time::UtcTimestamp;
use prepaid_charge::PrepaidCharge;
use query_shape::{DatasetColumns, QueryShape};
use quota_budget::{QuotaBudget, RowLimit};
use requirement::Requirement;
use resolved_row_scope::ResolvedRowScope;
use restricted_contracts::RestrictedContracts;
use sourced_grant::SourcedGrant;
use std::collections::{BTreeMap, BTreeSet};

/// Checks that need no plan: window, party, purpose, delivery, prohibitions and the provider's restrictions, over all named
/// contracts. A caller makes them before it parses the question's text. [`decide_question`] repeats them.
///
/// # Errors
/// `NOT_YET_VALID`, `EXPIRED`, `TERM_UNKNOWN`, `SECTOR_NOT_ATTESTED`, `PURPOSE_MISSING`, `PURPOSE_UNKNOWN`,
/// `PURPOSE_NOT_COVERED`, `PLACE_NOT_ALLOWED`, `PROHIBITED`, `DATASET_RESTRICTED`.
pub fn check_admissibility(
    active: &ActiveContracts,
    facts: &DecisionInput<'_>,
) -> Result<(), Refusal> {
    let restricted = RestrictedContracts::new(active, facts.restrictions);
    let nothing = DatasetColumns::new();
    let mut evaluation = QueryEvaluation::new(active.asker(), facts, &nothing, BTreeMap::new());
    Requirement::in_order(active, &restricted, &nothing)
        .into_iter()
        .take_while(|requirement| requirement.stage.is_before_plan())
        .try_for_each(|requirement| evaluation.evaluate(requirement))
}

/// Quotas of all named contracts and of the restrictions, with their slot at `now`. The caller looks these up for
/// [`DecisionInput::spent`].
///
/// # Errors
/// `POLICY_CONTRADICTION` for a quota in the house contract, since nothing counts it.
pub fn collect_budgets(
    active: &ActiveContracts,
    restrictions: &ProviderRestrictions,
    now: UtcTimestamp,
) -> Result<Vec<QuotaBudget>, Refusal> {
    let restricted = RestrictedContracts::new(active, restrictions).require_readable()?;
    let mut budgets = Vec::new();
    for granted in SourcedGrant::list_grants(active, &restricted) {
        for clause in granted.grant.clauses() {
            budgets.extend(QuotaBudget::of_clause(granted, clause, now)?);
        }
    }
    Ok(budgets)
}

/// Decides on a question: permit or refusal. The function is pure and is the only constructor of [`PermitDecision`].
///
/// All requirements are collected first and then evaluated once, in order. The first one that fails decides the code: window,
/// party, purpose, delivery, prohibitions, restrictions, schema, limits, counts, names, terms, joins; within a stage in the order
/// of datasets, then of clauses. Schema, limits, names and terms are checked for the datasets that the question reads, all others
/// for all named contracts.
///
/// # Errors
/// The refusal of the first requirement that fails; an error in any term refuses.
pub fn decide_question<Q: QueryShape>(
    active: ActiveContracts,
    facts: &DecisionInput<'_>,
    question: Q,
) -> Result<PermitDecision<Q>, Refusal> {
    let restricted = RestrictedContracts::new(&active, facts.restrictions);
    let (reads, joins) = (question.used_columns(), question.dataset_joins());
    let mut evaluation = QueryEvaluation::new(active.asker(), facts, reads, joins);
    for requirement in Requirement::in_order(&active, &restricted, reads) {
        evaluation.evaluate(requirement)?;
    }
    Ok(PermitDecision {
        conditions: evaluation.conditions,
        restrictions: restricted.document_digests(facts.restrictions),
        request: facts.request,
        purpose: facts.purpose.cloned(),
        sql_commit: facts.sql_commit,
        connector_version: facts.connector_version.to_owned(),
        question,
        active,
        at: facts.now,
        mark: None,
        row_scope: ResolvedRowScope::default(),
    })
}

/// Permit of a question, with the effects on each dataset. Made by [`decide_question`] alone.
#[derive(Debug)]
pub struct PermitDecision<Q> {
    question: Q,
    active: ActiveContracts,
    request: RequestId,
    purpose: Option<PurposeId>,
    sql_commit: Digest,
    conditions: PermitConditions,
    at: UtcTimestamp,
    restrictions: BTreeMap<DatasetId, Digest>,
    connector_version: String,
    mark: Option<Digest>,
    row_scope: ResolvedRowScope,
}

/// Conditions of an answer, as part of a permit. They are collected while the requirements are evaluated.
#[derive(Debug)]
pub struct PermitConditions {
    effects: BTreeMap<DatasetId, Vec<Effect>>,
    prohibits: BTreeMap<DatasetId, BTreeSet<ClauseId>>,
    snapshots: BTreeMap<DatasetId, String>,
    relied: BTreeMap<DatasetId, BTreeSet<SupportingCredential>>,
    budgets: Vec<QuotaBudget>,
    row_limit: Option<RowLimit>,
    rates: Vec<(ContractId, u64)>,
    ends: UtcTimestamp,
    prohibited: UtcTimestamp,
    restriction_begins: UtcTimestamp,
    charges: Vec<PrepaidCharge>,
}

/// Refusal that is not recorded yet.
#[derive(Debug)]
pub struct PendingRefusal {
    refusal: Refusal,
    opened: Option<RecordReceipt>,
    asked: Option<RefusedQuery>,
}

/// Known facts of a refused question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusedQuery {
    /// Identity of the question.
    pub request: RequestId,
    /// Participant that asked.
    pub peer: crate::id::ParticipantId,
    /// SHA-256 of the participant's leaf certificate.
    pub certificate: Option<Digest>,
    /// Access of a program, where a program asked and not a connector.
    pub program: Option<ProgramAccess>,
    /// Named contracts.
    pub contracts: Vec<ContractId>,
    /// Declared purpose.
    pub purpose: Option<PurposeId>,
    /// Commitment to the SQL text.
    pub sql_commit: Digest,
}

impl PendingRefusal {
    /// Refusal of a question for which no log entry was opened.
    #[must_use]
    pub const fn from_refusal(refusal: Refusal, asked: Option<RefusedQuery>) -> Self {
        Self {
            refusal,
            opened: None,
            asked,
        }
    }

    /// Refusal that closes an open log entry.
    #[must_use]
    pub const fn for_open_entry(
        opened: RecordReceipt,
        refusal: Refusal,
        asked: Option<RefusedQuery>,
    ) -> Self {
        Self {
            refusal,
            opened: Some(opened),
            asked,
        }
    }

    /// Refusal to be recorded.
    #[must_use]
    pub const fn refusal(&self) -> &Refusal {
        &self.refusal
    }

    /// True if the refusal closes an open log entry.
    #[must_use]
    pub const fn closes_entry(&self) -> bool {
        self.opened.is_some()
    }

    /// Known facts of the question.
    #[must_use]
    pub const fn refused_query(&self) -> Option<&RefusedQuery> {
        self.asked.as_ref()
    }
}

#[cfg(test)]
mod tests;
