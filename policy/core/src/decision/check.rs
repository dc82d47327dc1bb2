//! The checks of a ruling, one function each; `decide` gives their order.

use super::decision_input::DecisionInput;
use super::query_shape::{DatasetColumns, JoinUse};
use super::quota_budget::{QuotaBudget, QuotaKind, RowLimit};
use super::{join_check, purpose_check, window_check};
use crate::attribute::SupportingCredential;
use crate::contract::{ActiveContracts, DatasetGrant, Requester};
use crate::effect::{Effect, EffectKind};
use crate::id::{ContractId, DatasetId, SqlIdentifier};
use crate::refusal::{ErrorCode, Refusal, contradiction};
use crate::term::contract_context::ContractContext;
use crate::term::rule::{AdmissionCheck, AdmissionContext, TermRule};
use crate::term::schema_version::SchemaCompatibility;
use crate::term::{self, Clause, Term, quota};
use crate::value::time::PeriodQuota;
use hansa_audit_log::time::UtcTimestamp;
use std::collections::{BTreeMap, BTreeSet};

pub(super) fn window(standing: &ActiveContracts, facts: &DecisionInput<'_>) -> Result<(), Refusal> {
    standing.grants().values().try_for_each(|grant| {
        window_check::check(grant, facts.now).map_err(|refusal| by(grant, refusal))
    })
}

/// The clauses that take part in one of the checks; all of the contracts named.
pub(super) fn terms(
    standing: &ActiveContracts,
    facts: &DecisionInput<'_>,
    check: AdmissionCheck,
) -> Result<(), Refusal> {
    for grant in standing.grants().values() {
        let admission = admission(standing, grant, facts);
        for clause in grant.clauses() {
            clause
                .term
                .with(|rule| match rule.check() {
                    Some(own) if own == check => rule.admit(&admission),
                    _ => Ok(()),
                })
                .map_err(|refusal| by(grant, term::cite(refusal, clause)))?;
        }
    }
    Ok(())
}

/// How the question brings each dataset together with others, by the clauses of its contract.
pub(super) fn joins(
    standing: &ActiveContracts,
    meetings: &BTreeMap<DatasetId, JoinUse>,
) -> Result<(), Refusal> {
    for (dataset, grant) in standing.grants() {
        let Some(met) = meetings.get(dataset) else {
            continue;
        };
        let keys = grant
            .clauses()
            .iter()
            .find_map(|clause| match &clause.term {
                Term::JoinKeys(list) => Some(list.as_slice()),
                _ => None,
            });
        for clause in grant.clauses() {
            join_check::check(&clause.term, keys.unwrap_or_default(), met)
                .map_err(|refusal| by(grant, term::cite(refusal, clause)))?;
        }
    }
    Ok(())
}

/// How many rows may leave in a second under each contract that the question reads under.
pub(super) fn rates(standing: &ActiveContracts, reads: &DatasetColumns) -> Vec<(ContractId, u64)> {
    let mut rates = Vec::new();
    for (_, grant) in read(standing, reads) {
        for clause in grant.clauses() {
            if let (Term::RowsPerSecond(rows), Some(contract)) = (&clause.term, grant.contract()) {
                rates.push((contract, *rows));
            }
        }
    }
    rates
}

pub(super) fn purpose(
    standing: &ActiveContracts,
    facts: &DecisionInput<'_>,
) -> Result<(), Refusal> {
    standing.grants().iter().try_for_each(|(dataset, grant)| {
        purpose_check::check(dataset, grant, facts.taxonomy, facts.purpose)
            .map_err(|refusal| by(grant, refusal))
    })
}

pub(super) fn schemas(
    standing: &ActiveContracts,
    facts: &DecisionInput<'_>,
    reads: &DatasetColumns,
) -> Result<(), Refusal> {
    let grown = |dataset: &DatasetId, grant: &DatasetGrant| {
        let earlier = facts.extends.get(dataset);
        earlier.is_some_and(|earlier| earlier.contains(&grant.schema()))
    };
    for (dataset, grant) in read(standing, reads) {
        match facts.schemas.get(dataset) {
            Some(schema) if *schema == grant.schema() => {}
            Some(_)
                if SchemaCompatibility::of(grant.clauses()) == SchemaCompatibility::Compatible
                    && grown(dataset, grant) => {}
            Some(_) => return Err(by(grant, schema_changed(&dataset.name))),
            None => return Err(unknown(&dataset.name)),
        }
    }
    Ok(())
}

/// Refuses when the questions of a slot are used up; returns every quota that the answer draws on.
pub(super) fn quotas(
    standing: &ActiveContracts,
    facts: &DecisionInput<'_>,
    reads: &DatasetColumns,
) -> Result<Vec<QuotaBudget>, Refusal> {
    let mut drawn = Vec::new();
    for (dataset, grant) in read(standing, reads) {
        for (clause, budget) in budgets(dataset, grant, facts.now)? {
            let spent = facts
                .spent
                .get(&(budget.contract, budget.clause))
                .copied()
                .unwrap_or(0);
            if budget.counts == QuotaKind::Queries && spent >= budget.quota.max {
                return Err(by(grant, used_up(&budget, clause)));
            }
            drawn.push(budget);
        }
    }
    Ok(drawn)
}

/// The quotas of a grant with their slots at `now`.
pub(super) fn budgets<'g>(
    dataset: &DatasetId,
    grant: &'g DatasetGrant,
    now: UtcTimestamp,
) -> Result<Vec<(&'g Clause, QuotaBudget)>, Refusal> {
    let mut budgets = Vec::new();
    for clause in grant.clauses() {
        if let Some((counts, quota)) = counted(&clause.term) {
            budgets.push((
                clause,
                budget((dataset, grant), clause, counts, quota, now)?,
            ));
        }
    }
    Ok(budgets)
}

/// Every dataset that is read must be given by one of the contracts.
pub(super) fn datasets(standing: &ActiveContracts, reads: &DatasetColumns) -> Result<(), Refusal> {
    match reads
        .keys()
        .find(|dataset| !standing.grants().contains_key(*dataset))
    {
        None => Ok(()),
        Some(dataset) => Err(unknown(&dataset.name)),
    }
}

/// What does not exist in the permitted view can't be read, whatever was planned. In aggregate form the gate itself, which
/// holds the cube and nothing else, says what there is.
pub(super) fn columns(
    dataset: &DatasetId,
    read: &BTreeSet<SqlIdentifier>,
    effects: &[Effect],
) -> Result<(), Refusal> {
    let all = || effects.iter().map(|effect| &effect.kind);
    let made = |column: &SqlIdentifier| {
        all().any(|what| matches!(what, EffectKind::CoarsenPlace { cell, .. } if cell == column))
    };
    let there = |column: &SqlIdentifier| {
        made(column)
            || all().all(|what| match what {
                EffectKind::ShowColumns(shown) => shown.contains(column),
                EffectKind::HideColumns(hidden) => !hidden.contains(column),
                EffectKind::CoarsenPlace { lon, lat, .. } => lon != column && lat != column,
                _ => true,
            })
    };
    match read.iter().find(|column| !there(column)) {
        None => Ok(()),
        Some(hidden) => Err(Refusal::new(
            ErrorCode::ColumnUnknown,
            format!("no column `{hidden}` in `{}`", dataset.name),
        )),
    }
}

/// The least limit on the rows of the answer; of equal ones that of the first contract.
pub(super) fn row_limit(standing: &ActiveContracts, reads: &DatasetColumns) -> Option<RowLimit> {
    let mut least: Option<RowLimit> = None;
    for (_, grant) in read(standing, reads) {
        for clause in grant.clauses() {
            if let (Term::ResultRows(rows), Some(contract)) = (&clause.term, grant.contract())
                && least.is_none_or(|least| *rows < least.rows)
            {
                least = Some(RowLimit {
                    contract,
                    clause: clause.id,
                    rows: *rows,
                });
            }
        }
    }
    least
}

/// The instant at which the first of the contracts ends.
pub(super) fn end(standing: &ActiveContracts, facts: &DecisionInput<'_>) -> UtcTimestamp {
    let mut end = UtcTimestamp::LATEST;
    for grant in standing.grants().values() {
        end = end.min(window_check::end(grant));
        let around = around(grant, facts);
        // The question itself may be the first one.
        let used = around.first_use.unwrap_or(facts.now);
        for clause in grant.clauses() {
            let ends = |rule: &dyn TermRule| rule.ends(around.activated, Some(used));
            if let Some(over) = clause.term.with(ends) {
                end = end.min(over);
            }
        }
        for paper in supporting_credentials(standing, grant, facts) {
            end = end.min(paper.until);
        }
    }
    end
}

/// The signed statements on which it relies that the question is let in.
pub(super) fn supporting_credentials(
    standing: &ActiveContracts,
    grant: &DatasetGrant,
    facts: &DecisionInput<'_>,
) -> BTreeSet<SupportingCredential> {
    let admission = admission(standing, grant, facts);
    grant
        .clauses()
        .iter()
        .filter_map(|clause| {
            clause
                .term
                .with(|rule| rule.supporting_credential(&admission))
        })
        .collect()
}

pub(super) fn admission<'a>(
    standing: &ActiveContracts,
    grant: &DatasetGrant,
    facts: &DecisionInput<'a>,
) -> AdmissionContext<'a> {
    AdmissionContext {
        now: facts.now,
        context: around(grant, facts),
        supposing: matches!(standing.asker(), Requester::Supposed(_)),
    }
}

/// The grants of the datasets that the question reads.
pub(super) fn read<'a>(
    standing: &'a ActiveContracts,
    reads: &'a DatasetColumns,
) -> impl Iterator<Item = (&'a DatasetId, &'a DatasetGrant)> {
    standing
        .grants()
        .iter()
        .filter(|(dataset, _)| reads.contains_key(*dataset))
}

/// What is known around the question under the contract of a grant.
pub(super) fn around<'a>(grant: &DatasetGrant, facts: &DecisionInput<'a>) -> &'a ContractContext {
    grant
        .contract()
        .and_then(|contract| facts.contexts.get(&contract))
        .unwrap_or(&NOBODY_LOOKED)
}

static NOBODY_LOOKED: ContractContext = ContractContext::UNKNOWN;

pub(super) const fn counted(term: &Term) -> Option<(QuotaKind, PeriodQuota)> {
    match term {
        Term::Queries(quota) => Some((QuotaKind::Queries, *quota)),
        Term::RowQuota(quota) => Some((QuotaKind::Rows, *quota)),
        Term::ByteQuota(quota) => Some((QuotaKind::Bytes, *quota)),
        _ => None,
    }
}

pub(super) fn budget(
    (dataset, grant): (&DatasetId, &DatasetGrant),
    clause: &Clause,
    counts: QuotaKind,
    quota: PeriodQuota,
    now: UtcTimestamp,
) -> Result<QuotaBudget, Refusal> {
    // Nobody counts for the house contract, and a quota that nobody counts must not pass for one.
    let contract = grant
        .contract()
        .ok_or_else(|| contradiction("the house contract can't hold a quota"))?;
    let (slot, slot_end) = quota::slot(quota.per, grant.not_before(), now);
    Ok(QuotaBudget {
        dataset: dataset.clone(),
        contract,
        clause: clause.id,
        counts,
        quota,
        slot,
        slot_end,
    })
}

pub(super) fn used_up(budget: &QuotaBudget, clause: &Clause) -> Refusal {
    term::cite(
        Refusal::new(
            ErrorCode::QuotaQueries,
            format!(
                "the questions of this {} are used up",
                budget.quota.per.as_str()
            ),
        )
        .with_help(format!("ask again from {} on", budget.slot_end)),
        clause,
    )
}

fn schema_changed(dataset: &SqlIdentifier) -> Refusal {
    Refusal::new(
        ErrorCode::SchemaChanged,
        format!("`{dataset}` has another schema than the contract was signed for"),
    )
    .with_help(format!(
        "request an amendment: hansa contract request {dataset}"
    ))
}

fn unknown(dataset: &SqlIdentifier) -> Refusal {
    Refusal::new(ErrorCode::DatasetUnknown, format!("no dataset `{dataset}`"))
}

pub(super) fn by(grant: &DatasetGrant, refusal: Refusal) -> Refusal {
    match grant.contract() {
        Some(contract) => refusal.with_contract(contract),
        None => refusal,
    }
}
