//! What each clause says to a question at the door, for people: the same checks as a ruling, one by one.

use super::clause_check::{self, ClauseVerdict};
use super::decision_input::DecisionInput;
use super::restriction_checks::RestrictedContracts;
use crate::contract::ActiveContracts;
use crate::refusal::Refusal;

/// Every clause of the standing, in order, with what it says at the door; then those of the guards. What only a plan shows,
/// such as hidden columns and joins, is not looked at.
///
/// # Errors
/// `DATASET_GUARDED` where a guard can't be read.
pub fn trace(
    standing: &ActiveContracts,
    facts: &DecisionInput<'_>,
) -> Result<Vec<ClauseVerdict>, Refusal> {
    let mut said = Vec::new();
    for (dataset, grant) in standing.grants() {
        for clause in grant.clauses() {
            said.push(ClauseVerdict {
                dataset: dataset.clone(),
                contract: grant.contract(),
                clause: clause.clone(),
                refusal: clause_check::check(standing, (dataset, grant), clause, facts).err(),
            });
        }
    }
    said.extend(RestrictedContracts::of(standing, facts)?.said(facts));
    Ok(said)
}
