//! The checks of a ruling, one function each; `decide` gives their order.

use super::{Budget, Counted, Facts, Meeting, Reads, RowLimit, prohibited};
use crate::attribute::Paper;
use crate::contract::{Asker, Grant, InForce};
use crate::effect::{Effect, What};
use crate::id::{ContractId, DatasetId, Name};
use crate::refusal::{Code, Refusal};
use crate::term::around::Around;
use crate::term::rule::{Admission, Check, Rule};
use crate::term::version::Schemas;
use crate::term::{self, Clause, Quota, Term, joins, purpose, quota, window};
use hansa_audit_log::time::Time;
use std::collections::{BTreeMap, BTreeSet};

pub(super) fn window(standing: &InForce, facts: &Facts<'_>) -> Result<(), Refusal> {
    standing
        .grants()
        .values()
        .try_for_each(|grant| window::check(grant, facts.now).map_err(|refusal| by(grant, refusal)))
}

/// The clauses that take part in one of the checks; all of the contracts named.
pub(super) fn terms(standing: &InForce, facts: &Facts<'_>, check: Check) -> Result<(), Refusal> {
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

/// What one clause says at the door.
pub(super) fn one(
    standing: &InForce,
    (dataset, grant): (&DatasetId, &Grant),
    clause: &Clause,
    facts: &Facts<'_>,
) -> Result<(), Refusal> {
    window::check_clause(clause, facts.now)?;
    let alone = std::slice::from_ref(clause);
    purpose::check_clauses(dataset, grant, alone, facts.taxonomy, facts.purpose)?;
    prohibited::refuse(grant, alone, facts)?;
    let admission = admission(standing, grant, facts);
    clause
        .term
        .with(|rule| rule.admit(&admission))
        .map_err(|refusal| term::cite(refusal, clause))?;
    if let Some((counts, quota)) = counted(&clause.term) {
        let budget = budget((dataset, grant), clause, counts, quota, facts.now)?;
        let spent = facts.spent.get(&(budget.contract, budget.clause));
        if counts == Counted::Queries && spent.is_some_and(|spent| *spent >= quota.max) {
            return Err(used_up(&budget, clause));
        }
    }
    Ok(())
}

/// How the question brings each dataset together with others, by the clauses of its contract.
pub(super) fn joins(
    standing: &InForce,
    meetings: &BTreeMap<DatasetId, Meeting>,
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
            joins::check(&clause.term, keys.unwrap_or_default(), met)
                .map_err(|refusal| by(grant, term::cite(refusal, clause)))?;
        }
    }
    Ok(())
}

/// How many rows may leave in a second under each contract that the question reads under.
pub(super) fn rates(standing: &InForce, reads: &Reads) -> Vec<(ContractId, u64)> {
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

pub(super) fn purpose(standing: &InForce, facts: &Facts<'_>) -> Result<(), Refusal> {
    standing.grants().iter().try_for_each(|(dataset, grant)| {
        purpose::check(dataset, grant, facts.taxonomy, facts.purpose)
            .map_err(|refusal| by(grant, refusal))
    })
}

pub(super) fn schemas(standing: &InForce, facts: &Facts<'_>, reads: &Reads) -> Result<(), Refusal> {
    let grown = |dataset: &DatasetId, grant: &Grant| {
        let earlier = facts.extends.get(dataset);
        earlier.is_some_and(|earlier| earlier.contains(&grant.schema()))
    };
    for (dataset, grant) in read(standing, reads) {
        match facts.schemas.get(dataset) {
            Some(schema) if *schema == grant.schema() => {}
            Some(_)
                if Schemas::of(grant.clauses()) == Schemas::Compatible && grown(dataset, grant) => {
            }
            Some(_) => return Err(by(grant, schema_changed(&dataset.name))),
            None => return Err(unknown(&dataset.name)),
        }
    }
    Ok(())
}

/// Refuses when the questions of a slot are used up; returns every quota that the answer draws on.
pub(super) fn quotas(
    standing: &InForce,
    facts: &Facts<'_>,
    reads: &Reads,
) -> Result<Vec<Budget>, Refusal> {
    let mut drawn = Vec::new();
    for (dataset, grant) in read(standing, reads) {
        for (clause, budget) in budgets(dataset, grant, facts.now)? {
            let spent = facts
                .spent
                .get(&(budget.contract, budget.clause))
                .copied()
                .unwrap_or(0);
            if budget.counts == Counted::Queries && spent >= budget.quota.max {
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
    grant: &'g Grant,
    now: Time,
) -> Result<Vec<(&'g Clause, Budget)>, Refusal> {
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
pub(super) fn datasets(standing: &InForce, reads: &Reads) -> Result<(), Refusal> {
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
    read: &BTreeSet<Name>,
    effects: &[Effect],
) -> Result<(), Refusal> {
    let all = || effects.iter().map(|effect| &effect.what);
    let made = |column: &Name| {
        all().any(|what| matches!(what, What::CoarsenPlace { cell, .. } if cell == column))
    };
    let there = |column: &Name| {
        made(column)
            || all().all(|what| match what {
                What::ShowColumns(shown) => shown.contains(column),
                What::HideColumns(hidden) => !hidden.contains(column),
                What::CoarsenPlace { lon, lat, .. } => lon != column && lat != column,
                _ => true,
            })
    };
    match read.iter().find(|column| !there(column)) {
        None => Ok(()),
        Some(hidden) => Err(Refusal::new(
            Code::ColumnUnknown,
            format!("no column `{hidden}` in `{}`", dataset.name),
        )),
    }
}

/// The least limit on the rows of the answer; of equal ones that of the first contract.
pub(super) fn row_limit(standing: &InForce, reads: &Reads) -> Option<RowLimit> {
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
pub(super) fn end(standing: &InForce, facts: &Facts<'_>) -> Time {
    let mut end = Time::LATEST;
    for grant in standing.grants().values() {
        end = end.min(window::end(grant));
        let around = around(grant, facts);
        // The question itself may be the first one.
        let used = around.first_use.unwrap_or(facts.now);
        for clause in grant.clauses() {
            let ends = |rule: &dyn Rule| rule.ends(around.activated, Some(used));
            if let Some(over) = clause.term.with(ends) {
                end = end.min(over);
            }
        }
        for paper in papers(standing, grant, facts) {
            end = end.min(paper.until);
        }
    }
    end
}

/// The signed statements on which it relies that the question is let in.
pub(super) fn papers(standing: &InForce, grant: &Grant, facts: &Facts<'_>) -> BTreeSet<Paper> {
    let admission = admission(standing, grant, facts);
    grant
        .clauses()
        .iter()
        .filter_map(|clause| clause.term.with(|rule| rule.paper(&admission)))
        .collect()
}

fn admission<'a>(standing: &InForce, grant: &Grant, facts: &Facts<'a>) -> Admission<'a> {
    Admission {
        now: facts.now,
        around: around(grant, facts),
        supposing: matches!(standing.asker(), Asker::Supposed(_)),
    }
}

/// The grants of the datasets that the question reads.
pub(super) fn read<'a>(
    standing: &'a InForce,
    reads: &'a Reads,
) -> impl Iterator<Item = (&'a DatasetId, &'a Grant)> {
    standing
        .grants()
        .iter()
        .filter(|(dataset, _)| reads.contains_key(*dataset))
}

/// What is known around the question under the contract of a grant.
pub(super) fn around<'a>(grant: &Grant, facts: &Facts<'a>) -> &'a Around {
    grant
        .contract()
        .and_then(|contract| facts.around.get(&contract))
        .unwrap_or(&NOBODY_LOOKED)
}

static NOBODY_LOOKED: Around = Around::UNKNOWN;

const fn counted(term: &Term) -> Option<(Counted, Quota)> {
    match term {
        Term::Queries(quota) => Some((Counted::Queries, *quota)),
        Term::RowQuota(quota) => Some((Counted::Rows, *quota)),
        Term::ByteQuota(quota) => Some((Counted::Bytes, *quota)),
        _ => None,
    }
}

fn budget(
    (dataset, grant): (&DatasetId, &Grant),
    clause: &Clause,
    counts: Counted,
    quota: Quota,
    now: Time,
) -> Result<Budget, Refusal> {
    // Nobody counts for the house contract, and a quota that nobody counts must not pass for one.
    let contract = grant
        .contract()
        .ok_or_else(|| term::contradiction("the house contract can't hold a quota"))?;
    let (slot, slot_end) = quota::slot(quota.per, grant.not_before(), now);
    Ok(Budget {
        dataset: dataset.clone(),
        contract,
        clause: clause.id,
        counts,
        quota,
        slot,
        slot_end,
    })
}

fn used_up(budget: &Budget, clause: &Clause) -> Refusal {
    term::cite(
        Refusal::new(
            Code::QuotaQueries,
            format!(
                "the questions of this {} are used up",
                budget.quota.per.as_str()
            ),
        )
        .with_help(format!("ask again from {} on", budget.slot_end)),
        clause,
    )
}

fn schema_changed(dataset: &Name) -> Refusal {
    Refusal::new(
        Code::SchemaChanged,
        format!("`{dataset}` has another schema than the contract was signed for"),
    )
    .with_help(format!(
        "request an amendment: hansa contract request {dataset}"
    ))
}

fn unknown(dataset: &Name) -> Refusal {
    Refusal::new(Code::DatasetUnknown, format!("no dataset `{dataset}`"))
}

pub(super) fn by(grant: &Grant, refusal: Refusal) -> Refusal {
    match grant.contract() {
        Some(contract) => refusal.with_contract(contract),
        None => refusal,
    }
}
