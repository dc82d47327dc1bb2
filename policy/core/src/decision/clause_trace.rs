//! What each clause says to a question before it is planned, for people: the same checks as of a decision, one by one.

use super::decision_input::DecisionInput;
use super::evaluation::check_clause;
use super::restricted_contracts::RestrictedContracts;
use super::sourced_grant::SourcedGrant;
use crate::contract::ActiveContracts;
use crate::id::{ContractId, DatasetId};
use crate::refusal::Refusal;
use crate::term::Clause;

/// What one clause says.
#[derive(Debug)]
pub struct ClauseVerdict {
    /// The dataset.
    pub dataset: DatasetId,
    /// The contract; absent for the house contract.
    pub contract: Option<ContractId>,
    /// The clause, of the contract or of the provider's restriction.
    pub clause: Clause,
    /// Why it refuses; `None` where it lets the question in, or has its effect elsewhere.
    pub refusal: Option<Refusal>,
}

/// Every clause of the standing, in order, with what it says at the door; then those of the restrictions. What only a plan shows,
/// such as hidden columns and joins, is not looked at.
///
/// # Errors
/// `DATASET_RESTRICTED` where a restriction can't be read.
pub fn trace(
    active: &ActiveContracts,
    facts: &DecisionInput<'_>,
) -> Result<Vec<ClauseVerdict>, Refusal> {
    let restricted = RestrictedContracts::of(active, facts.restrictions).readable()?;
    let mut verdicts = Vec::new();
    for granted in SourcedGrant::all(active, &restricted) {
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
