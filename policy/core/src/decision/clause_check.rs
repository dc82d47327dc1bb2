//! What one clause says to a question at the door.

use super::check::{admission, budget, counted, used_up};
use super::decision_input::DecisionInput;
use super::quota_budget::QuotaKind;
use super::{prohibition_checks, purpose_check, window_check};
use crate::contract::{ActiveContracts, DatasetGrant};
use crate::id::{ContractId, DatasetId};
use crate::refusal::Refusal;
use crate::term::{self, Clause};

/// What one clause says.
#[derive(Debug)]
pub struct ClauseVerdict {
    /// The dataset.
    pub dataset: DatasetId,
    /// The contract; absent for the house contract.
    pub contract: Option<ContractId>,
    /// The clause, of the contract or of the provider's guard.
    pub clause: Clause,
    /// Why it refuses; `None` where it lets the question in, or has its effect elsewhere.
    pub refusal: Option<Refusal>,
}

/// Why it refuses, where it does.
pub(super) fn check(
    standing: &ActiveContracts,
    (dataset, grant): (&DatasetId, &DatasetGrant),
    clause: &Clause,
    facts: &DecisionInput<'_>,
) -> Result<(), Refusal> {
    window_check::check_clause(clause, facts.now)?;
    let alone = std::slice::from_ref(clause);
    purpose_check::check_clauses(dataset, grant, alone, facts.taxonomy, facts.purpose)?;
    prohibition_checks::refuse(grant, alone, facts)?;
    let admission = admission(standing, grant, facts);
    clause
        .term
        .with(|rule| rule.admit(&admission))
        .map_err(|refusal| term::cite(refusal, clause))?;
    if let Some((counts, quota)) = counted(&clause.term) {
        let budget = budget((dataset, grant), clause, counts, quota, facts.now)?;
        let spent = facts.spent.get(&(budget.contract, budget.clause));
        if counts == QuotaKind::Queries && spent.is_some_and(|spent| *spent >= quota.max) {
            return Err(used_up(&budget, clause));
        }
    }
    Ok(())
}
