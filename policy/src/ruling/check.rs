//! The checks of a ruling, one function each; `decide` gives their order.

use super::{Budget, Counted, Facts, RowLimit};
use crate::contract::{Grant, InForce};
use crate::effect::{Effect, What};
use crate::id::{DatasetId, Name};
use crate::refusal::{Code, Refusal};
use crate::term::{self, Clause, Quota, Term, purpose, quota, window};
use evidence::time::Time;
use std::collections::{BTreeMap, BTreeSet};

type Reads = BTreeMap<DatasetId, BTreeSet<Name>>;

pub(super) fn window(standing: &InForce, facts: &Facts<'_>) -> Result<(), Refusal> {
    standing
        .grants()
        .values()
        .try_for_each(|grant| window::check(grant, facts.now).map_err(|refusal| by(grant, refusal)))
}

pub(super) fn purpose(standing: &InForce, facts: &Facts<'_>) -> Result<(), Refusal> {
    standing.grants().iter().try_for_each(|(dataset, grant)| {
        purpose::check(dataset, grant, facts.taxonomy, facts.purpose)
            .map_err(|refusal| by(grant, refusal))
    })
}

pub(super) fn schemas(standing: &InForce, facts: &Facts<'_>, reads: &Reads) -> Result<(), Refusal> {
    for (dataset, grant) in read(standing, reads) {
        match facts.schemas.get(dataset) {
            Some(schema) if *schema == grant.schema() => {}
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
    for effect in effects {
        if let What::ShowColumns(shown) = &effect.what
            && let Some(hidden) = read.iter().find(|column| !shown.contains(column))
        {
            return Err(Refusal::new(
                Code::ColumnUnknown,
                format!("no column `{hidden}` in `{}`", dataset.name),
            ));
        }
    }
    Ok(())
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
pub(super) fn end(standing: &InForce) -> Time {
    standing
        .grants()
        .values()
        .map(window::end)
        .fold(Time::LATEST, Time::min)
}

/// The grants of the datasets that the question reads.
fn read<'a>(
    standing: &'a InForce,
    reads: &'a Reads,
) -> impl Iterator<Item = (&'a DatasetId, &'a Grant)> {
    standing
        .grants()
        .iter()
        .filter(|(dataset, _)| reads.contains_key(*dataset))
}

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

fn by(grant: &Grant, refusal: Refusal) -> Refusal {
    match grant.contract() {
        Some(contract) => refusal.with_contract(contract),
        None => refusal,
    }
}
