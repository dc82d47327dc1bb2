//! The ruling on a question: `decide` and its outcome.

mod check;
pub mod clause_check;
pub mod clause_trace;
pub mod decision_input;
mod decision_record;
pub mod derivation;
mod join_check;
mod permit_decision;
pub mod prepaid_charge;
pub(crate) mod prohibition_checks;
pub(crate) mod purpose_check;
pub mod query_shape;
pub mod quota_budget;
pub mod refusal_summary;
pub mod resolved_row_scope;
mod restriction_checks;
pub mod row_scope;
mod window_check;

use crate::attribute::SupportingCredential;
use crate::contract::{ActiveContracts, DatasetGrant};
use crate::effect::Effect;
use crate::id::{
    ClauseId, ContractId, DatasetId, ParticipantId, PurposeId, RequestId, SqlIdentifier,
};
use crate::refusal::Refusal;
use crate::restriction::ProviderRestrictions;
use crate::term::rule::{AdmissionCheck, EffectBinding};
use decision_input::DecisionInput;
use hansa_audit_log::digest::Digest;
use hansa_audit_log::ledger::RecordReceipt;
use hansa_audit_log::time::UtcTimestamp;
use prepaid_charge::PrepaidCharge;
use query_shape::QueryShape;
use quota_budget::{QuotaBudget, RowLimit};
use resolved_row_scope::ResolvedRowScope;
use restriction_checks::RestrictedContracts;
use std::collections::{BTreeMap, BTreeSet};

/// The checks that need no plan, so that a caller can make them before the text of the question is looked at: window,
/// party, purpose, delivery, prohibitions and the provider's guards, over all contracts named. [`decide`] makes them again.
///
/// # Errors
/// `NOT_YET_VALID`, `EXPIRED`, `TERM_UNKNOWN`, `SECTOR_NOT_ATTESTED`, `PURPOSE_MISSING`, `PURPOSE_UNKNOWN`,
/// `PURPOSE_NOT_COVERED`, `PLACE_NOT_ALLOWED`, `PROHIBITED`, `DATASET_GUARDED`.
pub fn admissible(standing: &ActiveContracts, facts: &DecisionInput<'_>) -> Result<(), Refusal> {
    check::window(standing, facts)?;
    check::terms(standing, facts, AdmissionCheck::Window)?;
    check::terms(standing, facts, AdmissionCheck::Party)?;
    check::purpose(standing, facts)?;
    check::terms(standing, facts, AdmissionCheck::Delivery)?;
    prohibition_checks::whole(standing, facts)?;
    RestrictedContracts::of(standing, facts)?.admissible(facts)
}

/// Every quota of the contracts named and of the guards, with its slot at `now`: what to look up for [`DecisionInput::spent`].
///
/// # Errors
/// `POLICY_CONTRADICTION` for a quota in the house contract, which nobody counts.
pub fn budgets(
    standing: &ActiveContracts,
    guards: &ProviderRestrictions,
    now: UtcTimestamp,
) -> Result<Vec<QuotaBudget>, Refusal> {
    let mut budgets = restriction_checks::budgets(standing, guards, now)?;
    for (dataset, grant) in standing.grants() {
        budgets.extend(
            check::budgets(dataset, grant, now)?
                .into_iter()
                .map(|(_, budget)| budget),
        );
    }
    Ok(budgets)
}

/// The one maker of [`PermitDecision`]: total and pure. The first check that fails decides the code: window, party, purpose, delivery,
/// prohibitions, guards, schema, counts, names, terms, joins; within a check in order of datasets, then of clauses.
///
/// The first six are checked for all contracts named, the rest for the datasets that the question reads.
///
/// # Errors
/// The refusal of the first check that fails; an error in any term refuses.
pub fn decide<Q: QueryShape>(
    standing: ActiveContracts,
    facts: &DecisionInput<'_>,
    question: Q,
) -> Result<PermitDecision<Q>, Refusal> {
    admissible(&standing, facts)?;
    let reads = question.reads();
    check::schemas(&standing, facts, reads)?;
    let guarded = RestrictedContracts::of(&standing, facts)?;
    let mut budgets = check::quotas(&standing, facts, reads)?;
    budgets.extend(guarded.quotas(facts, reads)?);
    check::terms(&standing, facts, AdmissionCheck::Count)?;
    check::datasets(&standing, reads)?;
    let mut effects = BTreeMap::new();
    let mut snapshots = BTreeMap::new();
    let mut relied = BTreeMap::new();
    let mut prohibits = BTreeMap::new();
    for (dataset, grant) in standing.grants() {
        let Some(columns) = reads.get(dataset) else {
            continue;
        };
        let held = prohibition_checks::prohibitions_in_force(grant, facts)?;
        let of = (standing.asker().id(), facts.tenant, facts.now);
        let done = done(grant, (dataset, columns), &held, of)?;
        guarded.columns((dataset, columns), &done, facts)?;
        relied.insert(
            dataset.clone(),
            check::supporting_credentials(&standing, grant, facts),
        );
        effects.insert(dataset.clone(), done);
        prohibits.insert(dataset.clone(), held);
        if let Some(snapshot) = facts.snapshots.get(dataset) {
            snapshots.insert(dataset.clone(), snapshot.clone());
        }
    }
    check::joins(&standing, &question.meetings())?;
    Ok(PermitDecision {
        rates: [check::rates(&standing, reads), guarded.rates(reads)].concat(),
        row_limit: [check::row_limit(&standing, reads), guarded.row_limit(reads)]
            .into_iter()
            .flatten()
            .min_by_key(|limit| limit.rows),
        ends: check::end(&standing, facts),
        prohibited: prohibition_checks::begins(&standing, facts)?,
        guard_begins: guarded.begins(facts)?,
        guards: guarded.documents(facts),
        charges: prepaid_charge::fares(&standing, facts, reads),
        request: facts.request,
        purpose: facts.purpose.cloned(),
        sql_commit: facts.sql_commit,
        node_version: facts.node_version.to_owned(),
        question,
        standing,
        effects,
        at: facts.now,
        prohibits,
        snapshots,
        relied,
        budgets,
        mark: None,
        row_scope: ResolvedRowScope::default(),
    })
}

/// What a grant does to its dataset under the prohibitions that hold, for an asker, its tenant and an instant; where the columns that
/// are read are there after it.
fn done(
    grant: &DatasetGrant,
    (dataset, columns): (&DatasetId, &BTreeSet<SqlIdentifier>),
    held: &BTreeSet<ClauseId>,
    (asker, tenant, now): (&ParticipantId, Option<&str>, UtcTimestamp),
) -> Result<Vec<Effect>, Refusal> {
    let to = EffectBinding::of(asker).with_tenant(tenant);
    let done = grant.effects(&to.with_prohibited(held).at(now))?;
    check::columns(dataset, columns, &done)?;
    Ok(done)
}

/// A question that is permitted, with what is done to each dataset. Made by [`decide`] alone.
#[derive(Debug)]
pub struct PermitDecision<Q> {
    question: Q,
    standing: ActiveContracts,
    request: RequestId,
    purpose: Option<PurposeId>,
    sql_commit: Digest,
    effects: BTreeMap<DatasetId, Vec<Effect>>,
    at: UtcTimestamp,
    prohibits: BTreeMap<DatasetId, BTreeSet<ClauseId>>,
    snapshots: BTreeMap<DatasetId, String>,
    relied: BTreeMap<DatasetId, BTreeSet<SupportingCredential>>,
    budgets: Vec<QuotaBudget>,
    row_limit: Option<RowLimit>,
    rates: Vec<(ContractId, u64)>,
    ends: UtcTimestamp,
    prohibited: UtcTimestamp,
    guard_begins: UtcTimestamp,
    guards: BTreeMap<DatasetId, Digest>,
    charges: Vec<PrepaidCharge>,
    node_version: String,
    mark: Option<Digest>,
    row_scope: ResolvedRowScope,
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
    pub const fn unopened(refusal: Refusal, asked: Option<RefusedQuery>) -> Self {
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
    pub const fn asked(&self) -> Option<&RefusedQuery> {
        self.asked.as_ref()
    }
}

#[cfg(test)]
mod tests;
