//! Result of each clause for a question before planning, for people. The checks are those of the decision, one by one.

use super::decision_input::DecisionInput;
use super::evaluation::check_clause;
use super::restricted_contracts::RestrictedContracts;
use super::sourced_grant::SourcedGrant;
use crate::contract::ActiveContracts;
use crate::id::{ContractId, DatasetId};
use crate::refusal::Refusal;
use crate::term::Clause;

/// Result of one clause.
#[derive(Debug)]
pub struct ClauseVerdict {
    /// Dataset of the clause.
    pub dataset: DatasetId,
    /// Contract of the clause; absent for the house contract.
    pub contract: Option<ContractId>,
    /// Clause of the contract or of the provider's restriction.
    pub clause: Clause,
    /// Refusal by the clause; `None` where the clause admits the question, or is checked at another stage.
    pub refusal: Option<Refusal>,
}

/// Results of all clauses of the contracts, in order, then of all clauses of the restrictions. Checks that need a plan, such as
/// hidden columns and joins, are left out.
///
/// # Errors
/// `DATASET_RESTRICTED` where a restriction can't be read.
pub fn trace_clauses(
    active: &ActiveContracts,
    facts: &DecisionInput<'_>,
) -> Result<Vec<ClauseVerdict>, Refusal> {
    let restricted = RestrictedContracts::new(active, facts.restrictions).require_readable()?;
    let mut verdicts = Vec::new();
    for granted in SourcedGrant::list_grants(active, &restricted) {
        for clause in granted.grant.clauses() {
            verdicts.push(ClauseVerdict {
                dataset: granted.dataset.clone(),
                contract: granted.grant.contract(),
                clause: clause.clone(),
                refusal: check_clause(active.asker(), granted, clause, facts).err(),
            });
        }
    }
    Ok(verdicts)
}
