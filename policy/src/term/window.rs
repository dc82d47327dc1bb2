//! Term 5: the window of time, half open, in UTC.

use super::{Clause, Term, cite};
use crate::contract::Grant;
use crate::refusal::{Code, Refusal};
use evidence::time::Time;

/// Checks that `now` lies in the window of every clause and of the contract itself.
pub(crate) fn check(grant: &Grant, now: Time) -> Result<(), Refusal> {
    for clause in grant.clauses() {
        check_clause(clause, now)?;
    }
    if now < grant.not_before() {
        return Err(not_yet(grant.not_before()));
    }
    if now >= grant.not_after() {
        return Err(expired(grant.not_after()));
    }
    Ok(())
}

/// The first instant at which the grant no longer holds.
pub(crate) fn end(grant: &Grant) -> Time {
    grant
        .clauses()
        .iter()
        .fold(grant.not_after(), |end, clause| {
            if let Term::NotAfter(until) = clause.term {
                end.min(until)
            } else {
                end
            }
        })
}

pub(super) fn plain_from(from: Time) -> String {
    format!("in force from {from}")
}

pub(super) fn plain_until(until: Time) -> String {
    format!("in force until {until}")
}

fn check_clause(clause: &Clause, now: Time) -> Result<(), Refusal> {
    if let Term::NotBefore(from) = clause.term
        && now < from
    {
        return Err(cite(not_yet(from), clause));
    }
    if let Term::NotAfter(until) = clause.term
        && now >= until
    {
        return Err(cite(expired(until), clause));
    }
    Ok(())
}

fn not_yet(from: Time) -> Refusal {
    Refusal::new(
        Code::NotYetValid,
        format!("the contract is in force from {from}"),
    )
    .with_help(format!("ask again from {from} on"))
}

fn expired(until: Time) -> Refusal {
    Refusal::new(Code::Expired, format!("the contract ended on {until}"))
        .with_help("renew it: hansa contract request")
}
