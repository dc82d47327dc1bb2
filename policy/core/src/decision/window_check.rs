//! Check of a question's time against the period of its contract and of each clause.

use crate::contract::DatasetGrant;
use crate::refusal::{ErrorCode, Refusal};
use crate::term::{Clause, Term, cite_clause};
use hansa_audit_log::time::UtcTimestamp;

/// Checks that `now` lies in the period of the contract.
pub(super) fn check_period(grant: &DatasetGrant, now: UtcTimestamp) -> Result<(), Refusal> {
    if now < grant.not_before() {
        return Err(not_yet(grant.not_before()));
    }
    if now >= grant.not_after() {
        return Err(expired_contract_refusal(grant.not_after()));
    }
    Ok(())
}

/// Checks that `now` lies in the period of the clause.
pub(super) fn check_clause(clause: &Clause, now: UtcTimestamp) -> Result<(), Refusal> {
    if let Term::NotBefore(from) = clause.term
        && now < from
    {
        return Err(cite_clause(not_yet(from), clause));
    }
    if let Term::NotAfter(until) = clause.term
        && now >= until
    {
        return Err(cite_clause(expired_contract_refusal(until), clause));
    }
    Ok(())
}

fn not_yet(from: UtcTimestamp) -> Refusal {
    Refusal::new(
        ErrorCode::NotYetValid,
        format!("the contract is in force from {from}"),
    )
    .with_help(format!("ask again from {from} on"))
}

fn expired_contract_refusal(until: UtcTimestamp) -> Refusal {
    Refusal::new(ErrorCode::Expired, format!("the contract ended on {until}"))
        .with_help("renew it: hansa contract request")
}
