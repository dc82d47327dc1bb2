//! What no term can see alone: that the clauses of a policy fit together.

use super::rule::ClauseSubject;
use super::{
    Clause, MOST_CLAUSES, attestation, cite, columns, contradiction, prohibition, schema_version,
};
use crate::id::ClauseId;
use crate::refusal::Refusal;
use std::collections::{BTreeMap, BTreeSet};

/// Checks what no term can see alone: clause numbers are unique, and no two clauses decide the same thing.
pub(super) fn check(clauses: &[Clause]) -> Result<(), Refusal> {
    if clauses.len() > MOST_CLAUSES {
        return Err(contradiction(format!(
            "the policy holds {} clauses; at most {MOST_CLAUSES} are accepted",
            clauses.len()
        )));
    }
    let mut numbers = BTreeMap::new();
    let mut decided: BTreeMap<ClauseSubject, ClauseId> = BTreeMap::new();
    for clause in clauses {
        if numbers.insert(clause.id, ()).is_some() {
            return Err(contradiction(format!(
                "the clause number {} occurs twice",
                clause.id
            )));
        }
        for what in decides(clause) {
            if let Some(earlier) = decided.insert(what, clause.id) {
                let refusal = contradiction(format!(
                    "the clauses {earlier} and {} decide the same thing",
                    clause.id
                ));
                return Err(cite(refusal, clause));
            }
        }
    }
    attestation::goes_with_deletion(clauses)?;
    schema_version::later_columns_stay_invisible(clauses)?;
    prohibition::consistency_check::check(clauses)?;
    columns::shown_are_treated(clauses)
}

/// What a clause alone decides: what its term says, and what becomes of each column whose values it replaces.
fn decides(clause: &Clause) -> BTreeSet<ClauseSubject> {
    clause.term.with(|rule| {
        let replaced = rule.replaces().into_iter();
        let columns = replaced.map(|column| ClauseSubject::Values(column.to_string()));
        columns.chain(rule.decides()).collect()
    })
}
