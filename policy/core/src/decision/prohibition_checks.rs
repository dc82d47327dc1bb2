//! Prohibitions in a decision: whether one holds for a question now, and when it begins to hold.

use super::decision_input::DecisionInput;
use crate::contract::DatasetGrant;
use crate::id::PurposeId;
use crate::refusal::{ErrorCode, Refusal};
use crate::term::contract_context::ContractContext;
use crate::term::prohibition::ProhibitionTerm;
use crate::term::prohibition::condition::Circumstances;
use crate::term::purpose::Taxonomy;
use crate::term::{self, Clause, Term};
use hansa_audit_log::time::UtcTimestamp;

/// Refuses where the clause is a prohibition that holds for the whole dataset.
pub(super) fn check_clause(
    grant: &DatasetGrant,
    clause: &Clause,
    facts: &DecisionInput<'_>,
) -> Result<(), Refusal> {
    match in_force(grant, clause, facts)? {
        Some(one) if one.part.is_none() => Err(prohibition_refusal(clause)),
        Some(_) | None => Ok(()),
    }
}

/// Refuses where a prohibition holds for the whole dataset by its text, the purpose and an approximate time. For a consumer before
/// it asks, and for a later judge of a permit. Neither knows the caller's network, so conditions on it are left to the provider.
/// Clocks differ, so the prohibition must also hold a little earlier and a little later.
pub(crate) fn for_certain(
    grant: &DatasetGrant,
    taxonomy: &Taxonomy,
    declared: Option<&PurposeId>,
    now: UtcTimestamp,
) -> Result<(), Refusal> {
    for (clause, one) in prohibition_terms(grant.clauses()) {
        if one.part.is_some() || one.condition.networks.is_some() {
            continue;
        }
        let mut throughout = true;
        for now in [now.plus_micros(-CLOCKS), now, now.plus_micros(CLOCKS)] {
            let among = Circumstances {
                now,
                purpose: declared,
                taxonomy,
                purposes: (grant.purpose_vocabulary(), grant.own_purposes()),
                around: &ContractContext::UNKNOWN,
            };
            throughout &= one
                .condition
                .holds(&among)
                .map_err(|why| term::cite_clause(why, clause))?;
        }
        if throughout {
            return Err(prohibition_refusal(clause));
        }
    }
    Ok(())
}

/// Largest difference between the clocks of two participants, microseconds.
const CLOCKS: i64 = 300 * 1_000_000;

/// Prohibition of the clause, where the clause is one and it holds, for the dataset or for a part.
pub(super) fn in_force<'c>(
    grant: &DatasetGrant,
    clause: &'c Clause,
    facts: &DecisionInput<'_>,
) -> Result<Option<&'c ProhibitionTerm>, Refusal> {
    let Term::Prohibition(one) = &clause.term else {
        return Ok(None);
    };
    let holds = one.condition.holds(&grant_circumstances(grant, facts));
    let holds = holds.map_err(|why| term::cite_clause(why, clause))?;
    Ok(holds.then_some(one))
}

/// First instant at which a prohibition begins to hold. A running answer ends there.
pub(super) fn prohibition_start(
    grant: &DatasetGrant,
    facts: &DecisionInput<'_>,
) -> Result<UtcTimestamp, Refusal> {
    let mut first = UtcTimestamp::LATEST;
    for (clause, one) in prohibition_terms(grant.clauses()) {
        let begins = one.condition.next_start(&grant_circumstances(grant, facts));
        let begins = begins.map_err(|why| grant.name_contract(term::cite_clause(why, clause)))?;
        first = first.min(begins.unwrap_or(UtcTimestamp::LATEST));
    }
    Ok(first)
}

fn prohibition_terms(clauses: &[Clause]) -> impl Iterator<Item = (&Clause, &ProhibitionTerm)> {
    clauses.iter().filter_map(|clause| match &clause.term {
        Term::Prohibition(one) => Some((clause, one.as_ref())),
        _ => None,
    })
}

fn grant_circumstances<'a>(
    grant: &'a DatasetGrant,
    facts: &DecisionInput<'a>,
) -> Circumstances<'a> {
    Circumstances {
        now: facts.now,
        purpose: facts.purpose,
        taxonomy: facts.taxonomy,
        purposes: (grant.purpose_vocabulary(), grant.own_purposes()),
        around: facts.context(grant),
    }
}

/// Refusal by a prohibition that holds.
fn prohibition_refusal(clause: &Clause) -> Refusal {
    let refusal = Refusal::new(
        ErrorCode::Prohibited,
        "the contract prohibits what is asked",
    )
    .with_help(
        "ask for another purpose, at another time or from another place, as the clause says",
    );
    term::cite_clause(refusal, clause)
}
