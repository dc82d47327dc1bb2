//! The prohibitions of a ruling: which of them hold for a question, and when they come to.

use super::check::{around, by};
use super::decision_input::DecisionInput;
use crate::contract::{ActiveContracts, DatasetGrant};
use crate::id::{ClauseId, PurposeId};
use crate::refusal::{ErrorCode, Refusal};
use crate::term::contract_context::ContractContext;
use crate::term::prohibition::ProhibitionTerm;
use crate::term::prohibition::condition::Circumstances;
use crate::term::purpose::Taxonomy;
use crate::term::{self, Clause, Term};
use hansa_audit_log::time::UtcTimestamp;
use std::collections::BTreeSet;

/// Prohibitions of whole datasets; of all the contracts named.
pub(super) fn whole(standing: &ActiveContracts, facts: &DecisionInput<'_>) -> Result<(), Refusal> {
    let mut grants = standing.grants().values();
    grants.try_for_each(|grant| {
        refuse(grant, grant.clauses(), facts).map_err(|refusal| by(grant, refusal))
    })
}

/// Refuses where a prohibition among these clauses holds for the whole dataset.
pub(super) fn refuse(
    grant: &DatasetGrant,
    clauses: &[Clause],
    facts: &DecisionInput<'_>,
) -> Result<(), Refusal> {
    let among = circumstances(grant, facts);
    for (clause, one) in prohibitions(clauses) {
        let holds = one
            .condition
            .holds(&among)
            .map_err(|why| term::cite(why, clause))?;
        if holds && one.part.is_none() {
            return Err(prohibited(clause));
        }
    }
    Ok(())
}

/// Refuses where a prohibition holds for the whole dataset as far as its own text, a purpose and roughly the time tell it:
/// for who would ask, and for who judges a permit later. From where a question comes neither knows, so that what
/// depends on it is left to the provider; and clocks differ, so that it must hold a little earlier and a little later, too.
pub(crate) fn for_certain(
    grant: &DatasetGrant,
    taxonomy: &Taxonomy,
    declared: Option<&PurposeId>,
    now: UtcTimestamp,
) -> Result<(), Refusal> {
    for (clause, one) in prohibitions(grant.clauses()) {
        if one.part.is_some() || one.condition.networks.is_some() {
            continue;
        }
        let mut throughout = true;
        for now in [now.plus_micros(-CLOCKS), now, now.plus_micros(CLOCKS)] {
            let among = Circumstances {
                now,
                purpose: declared,
                taxonomy,
                purposes: (grant.purposes(), grant.own_purposes()),
                around: &ContractContext::UNKNOWN,
            };
            throughout &= one
                .condition
                .holds(&among)
                .map_err(|why| term::cite(why, clause))?;
        }
        if throughout {
            return Err(prohibited(clause));
        }
    }
    Ok(())
}

/// By how much the clocks of two participants may differ, microseconds.
const CLOCKS: i64 = 300 * 1_000_000;

/// The prohibitions of the grant that hold, of parts too.
pub(super) fn prohibitions_in_force(
    grant: &DatasetGrant,
    facts: &DecisionInput<'_>,
) -> Result<BTreeSet<ClauseId>, Refusal> {
    let among = circumstances(grant, facts);
    let mut held = BTreeSet::new();
    for (clause, one) in prohibitions(grant.clauses()) {
        let holds = one.condition.holds(&among);
        if holds.map_err(|why| by(grant, term::cite(why, clause)))? {
            held.insert(clause.id);
        }
    }
    Ok(held)
}

/// The first instant at which one that does not hold yet comes to: what was begun before ends there.
pub(super) fn begins(
    standing: &ActiveContracts,
    facts: &DecisionInput<'_>,
) -> Result<UtcTimestamp, Refusal> {
    let mut first = UtcTimestamp::LATEST;
    for grant in standing.grants().values() {
        let among = circumstances(grant, facts);
        for (clause, one) in prohibitions(grant.clauses()) {
            let begins = one.condition.begins(&among);
            let begins = begins.map_err(|why| by(grant, term::cite(why, clause)))?;
            first = first.min(begins.unwrap_or(UtcTimestamp::LATEST));
        }
    }
    Ok(first)
}

fn prohibitions(clauses: &[Clause]) -> impl Iterator<Item = (&Clause, &ProhibitionTerm)> {
    clauses.iter().filter_map(|clause| match &clause.term {
        Term::Prohibition(one) => Some((clause, one.as_ref())),
        _ => None,
    })
}

fn circumstances<'a>(grant: &'a DatasetGrant, facts: &DecisionInput<'a>) -> Circumstances<'a> {
    Circumstances {
        now: facts.now,
        purpose: facts.purpose,
        taxonomy: facts.taxonomy,
        purposes: (grant.purposes(), grant.own_purposes()),
        around: around(grant, facts),
    }
}

/// The refusal of a prohibition that holds.
fn prohibited(clause: &Clause) -> Refusal {
    let refusal = Refusal::new(
        ErrorCode::Prohibited,
        "the contract prohibits what is asked",
    )
    .with_help(
        "ask for another purpose, at another time or from another place, as the clause says",
    );
    term::cite(refusal, clause)
}
