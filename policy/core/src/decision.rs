//! The ruling on a question: `decide` and its outcome.

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

/// The checks that need no plan, so that a caller can make them before the text of the question is looked at: window,
/// party, purpose, delivery, prohibitions and the provider's restrictions, over all contracts named. [`decide`] makes them again.
///
/// # Errors
/// `NOT_YET_VALID`, `EXPIRED`, `TERM_UNKNOWN`, `SECTOR_NOT_ATTESTED`, `PURPOSE_MISSING`, `PURPOSE_UNKNOWN`,
/// `PURPOSE_NOT_COVERED`, `PLACE_NOT_ALLOWED`, `PROHIBITED`, `DATASET_RESTRICTED`.
pub fn admissible(active: &ActiveContracts, facts: &DecisionInput<'_>) -> Result<(), Refusal> {
    let restricted = RestrictedContracts::of(active, facts.restrictions);
    let nothing = DatasetColumns::new();
    let mut evaluation = QueryEvaluation::new(active.asker(), facts, &nothing, BTreeMap::new());
    Requirement::in_order(active, &restricted, &nothing)
        .into_iter()
        .take_while(|requirement| requirement.stage.is_before_plan())
        .try_for_each(|requirement| evaluation.evaluate(requirement))
}

/// Every quota of the contracts named and of the restrictions, with its slot at `now`: what to look up for
/// [`DecisionInput::spent`].
///
/// # Errors
/// `POLICY_CONTRADICTION` for a quota in the house contract, which nobody counts.
pub fn budgets(
    active: &ActiveContracts,
    restrictions: &ProviderRestrictions,
    now: UtcTimestamp,
) -> Result<Vec<QuotaBudget>, Refusal> {
    let restricted = RestrictedContracts::of(active, restrictions).readable()?;
    let mut budgets = Vec::new();
    for granted in SourcedGrant::all(active, &restricted) {
        for clause in granted.grant.clauses() {
            budgets.extend(QuotaBudget::of_clause(granted, clause, now)?);
        }
    }
    Ok(budgets)
}

/// The one maker of [`PermitDecision`]: total and pure. All requirements are collected first and then evaluated once, in order. The
/// first one that fails decides the code: window, party, purpose, delivery, prohibitions, restrictions, schema, limits, counts,
/// names, terms, joins; within a stage in order of datasets, then of clauses.
///
/// Schema, limits, names and terms are those of the datasets that the question reads, the rest of all contracts named.
///
/// # Errors
/// The refusal of the first requirement that fails; an error in any term refuses.
pub fn decide<Q: QueryShape>(
    active: ActiveContracts,
    facts: &DecisionInput<'_>,
    question: Q,
) -> Result<PermitDecision<Q>, Refusal> {
    let restricted = RestrictedContracts::of(&active, facts.restrictions);
    let (reads, joins) = (question.reads(), question.meetings());
    let mut evaluation = QueryEvaluation::new(active.asker(), facts, reads, joins);
    for requirement in Requirement::in_order(&active, &restricted, reads) {
        evaluation.evaluate(requirement)?;
    }
    Ok(PermitDecision {
        conditions: evaluation.conditions,
        restrictions: restricted.documents(facts.restrictions),
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

/// A question that is permitted, with what is done to each dataset. Made by [`decide`] alone.
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

/// What an answer is given under: part of a permit, put together while its requirements are evaluated.
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

/// A refusal about to be recorded.
#[derive(Debug)]
pub struct PendingRefusal {
    refusal: Refusal,
    opened: Option<RecordReceipt>,
    asked: Option<RefusedQuery>,
}

/// What is known of a question that was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusedQuery {
    /// The question's identity.
    pub request: RequestId,
    /// Who asked.
    pub peer: crate::id::ParticipantId,
    /// SHA-256 of its leaf certificate.
    pub certificate: Option<Digest>,
    /// How it asked, where a program asked and no connector.
    pub program: Option<ProgramAccess>,
    /// Under which contracts.
    pub contracts: Vec<ContractId>,
    /// For which purpose.
    pub purpose: Option<PurposeId>,
    /// Commitment to the SQL text.
    pub sql_commit: Digest,
}

impl PendingRefusal {
    /// A refusal before anything was opened.
    #[must_use]
    pub const fn from_refusal(refusal: Refusal, asked: Option<RefusedQuery>) -> Self {
        Self {
            refusal,
            opened: None,
            asked,
        }
    }

    /// A refusal that closes an opened entry.
    #[must_use]
    pub const fn closing(
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

    /// The refusal.
    #[must_use]
    pub const fn refusal(&self) -> &Refusal {
        &self.refusal
    }

    /// Whether it closes an opened entry.
    #[must_use]
    pub const fn closes(&self) -> bool {
        self.opened.is_some()
    }

    /// What is known of the question.
    #[must_use]
    pub const fn refused_query(&self) -> Option<&RefusedQuery> {
        self.asked.as_ref()
    }
}

#[cfg(test)]
mod tests;
