//! The prohibitions of a ruling: which of them hold for a question, and when they come to.

use super::Facts;
use super::check::{around, by};
use crate::contract::{Grant, InForce};
use crate::id::ClauseId;
use crate::refusal::Refusal;
use crate::term::prohibition::when::Circumstances;
use crate::term::prohibition::{self, Prohibition};
use crate::term::{self, Clause, Term};
use evidence::time::Time;
use std::collections::BTreeSet;

/// Prohibitions of whole datasets; of all the contracts named.
pub(super) fn whole(standing: &InForce, facts: &Facts<'_>) -> Result<(), Refusal> {
    let mut grants = standing.grants().values();
    grants.try_for_each(|grant| {
        refuse(grant, grant.clauses(), facts).map_err(|refusal| by(grant, refusal))
    })
}

/// Refuses where a prohibition among these clauses holds for the whole dataset.
pub(super) fn refuse(grant: &Grant, clauses: &[Clause], facts: &Facts<'_>) -> Result<(), Refusal> {
    let among = circumstances(grant, facts);
    for (clause, one) in prohibitions(clauses) {
        let holds = one.holds(&among).map_err(|why| term::cite(why, clause))?;
        if holds && one.part.is_none() {
            return Err(prohibition::refusal(clause));
        }
    }
    Ok(())
}

/// The prohibitions of the grant that hold, of parts too.
pub(super) fn held(grant: &Grant, facts: &Facts<'_>) -> Result<BTreeSet<ClauseId>, Refusal> {
    let among = circumstances(grant, facts);
    let mut held = BTreeSet::new();
    for (clause, one) in prohibitions(grant.clauses()) {
        let holds = one.holds(&among);
        if holds.map_err(|why| by(grant, term::cite(why, clause)))? {
            held.insert(clause.id);
        }
    }
    Ok(held)
}

/// The first instant at which one that does not hold yet comes to: what was begun before ends there.
pub(super) fn begins(standing: &InForce, facts: &Facts<'_>) -> Result<Time, Refusal> {
    let mut first = Time::LATEST;
    for grant in standing.grants().values() {
        let among = circumstances(grant, facts);
        for (clause, one) in prohibitions(grant.clauses()) {
            let begins = one.begins(&among);
            let begins = begins.map_err(|why| by(grant, term::cite(why, clause)))?;
            first = first.min(begins.unwrap_or(Time::LATEST));
        }
    }
    Ok(first)
}

fn prohibitions(clauses: &[Clause]) -> impl Iterator<Item = (&Clause, &Prohibition)> {
    clauses.iter().filter_map(|clause| match &clause.term {
        Term::Prohibition(one) => Some((clause, one.as_ref())),
        _ => None,
    })
}

fn circumstances<'a>(grant: &'a Grant, facts: &Facts<'a>) -> Circumstances<'a> {
    Circumstances {
        now: facts.now,
        purpose: facts.purpose,
        taxonomy: facts.taxonomy,
        grant,
        around: around(grant, facts),
    }
}
