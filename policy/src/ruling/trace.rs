//! What each clause says to a question at the door, for people: the same checks as a ruling, one by one.

use super::{Facts, check};
use crate::contract::InForce;
use crate::id::{ContractId, DatasetId};
use crate::refusal::Refusal;
use crate::term::Clause;

/// What one clause says.
#[derive(Debug)]
pub struct Said<'a> {
    /// The dataset.
    pub dataset: &'a DatasetId,
    /// The contract; absent for the house contract.
    pub contract: Option<ContractId>,
    /// The clause.
    pub clause: &'a Clause,
    /// Why it refuses; `None` where it lets the question in, or has its effect elsewhere.
    pub refusal: Option<Refusal>,
}

/// Every clause of the standing, in order, with what it says at the door. What only a plan shows, such as hidden columns and
/// joins, is not looked at.
#[must_use]
pub fn trace<'a>(standing: &'a InForce, facts: &Facts<'_>) -> Vec<Said<'a>> {
    let mut said = Vec::new();
    for (dataset, grant) in standing.grants() {
        for clause in grant.clauses() {
            said.push(Said {
                dataset,
                contract: grant.contract(),
                clause,
                refusal: check::one(standing, (dataset, grant), clause, facts).err(),
            });
        }
    }
    said
}
