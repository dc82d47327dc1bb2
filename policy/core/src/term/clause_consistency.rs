//! Consistency of the clauses of a policy, beyond the checks of single terms.

use super::clause_summary::shown_columns;
use super::rule::ClauseSubject;
use super::schema_version::SchemaCompatibility;
use super::{Clause, MOST_CLAUSES, Term, cite, prohibition};
use crate::id::ClauseId;
use crate::refusal::{Refusal, contradiction};
use std::collections::{BTreeMap, BTreeSet};

/// Checks that clause numbers are unique, and that no two clauses decide the same subject.
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
    deletion_is_owed(clauses)?;
    later_columns_stay_invisible(clauses)?;
    prohibition::consistency_check::check(clauses)?;
    shown_are_treated(clauses)
}

/// Subjects that a clause decides: that of its term, and each column whose values it replaces.
fn decides(clause: &Clause) -> BTreeSet<ClauseSubject> {
    clause.term.with(|rule| {
        let replaced = rule.replaces().into_iter();
        let columns = replaced.map(|column| ClauseSubject::Values(column.to_string()));
        columns.chain(rule.decides()).collect()
    })
}

/// Checks that a statement of deletion is demanded only together with deletion, and not before the deletion is due.
fn deletion_is_owed(clauses: &[Clause]) -> Result<(), Refusal> {
    let deleted = clauses.iter().find_map(|clause| match &clause.term {
        Term::DeleteAfter { days } => Some(*days),
        _ => None,
    });
    for clause in clauses {
        let Term::Attest { days } = &clause.term else {
            continue;
        };
        if deleted.is_none_or(|deleted| deleted > *days) {
            let refusal = contradiction("a deletion is to be stated that is not due by then")
                .with_help("add the duty delete-after with no more days than attest-within");
            return Err(cite(refusal, clause));
        }
    }
    Ok(())
}

/// Checks that a policy that accepts later columns lists the present ones. Otherwise later columns would become visible.
fn later_columns_stay_invisible(clauses: &[Clause]) -> Result<(), Refusal> {
    let compatible = clauses
        .iter()
        .find(|clause| clause.term == Term::Version(SchemaCompatibility::Compatible));
    let listed =
        shown_columns(clauses).is_some() || clauses.iter().any(|clause| clause.term.aggregates());
    match compatible {
        Some(clause) if !listed => {
            let refusal = contradiction("columns that come later would be visible")
                .with_help("list the columns beside it: columns = [\"…\"]");
            Err(cite(refusal, clause))
        }
        Some(_) | None => Ok(()),
    }
}

/// Checks that a masked or coarsened column is among the shown ones. Otherwise the clause would have no effect.
fn shown_are_treated(clauses: &[Clause]) -> Result<(), Refusal> {
    let Some(shown) = shown_columns(clauses) else {
        return Ok(());
    };
    for clause in clauses {
        let hidden = clause
            .term
            .replaces()
            .into_iter()
            .find(|column| !shown.contains(column));
        if let Some(column) = hidden {
            let refusal = contradiction(format!(
                "the column `{column}` is treated by {} but not shown",
                clause.id
            ))
            .with_help("remove the clause, or add the column to the list");
            return Err(cite(refusal, clause));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::refusal::ErrorCode;

    #[test]
    fn what_is_stated_must_be_due() {
        let clause = |number, term| Clause {
            id: ClauseId(number),
            term,
        };
        let attest = clause(3, Term::Attest { days: 30 });
        let delete = |days| clause(2, Term::DeleteAfter { days });
        assert!(deletion_is_owed(&[delete(30), attest.clone()]).is_ok());
        assert!(deletion_is_owed(&[delete(30)]).is_ok());
        for bad in [vec![attest.clone()], vec![delete(31), attest]] {
            let refusal = deletion_is_owed(&bad).unwrap_err();
            assert_eq!(refusal.code, ErrorCode::PolicyContradiction);
        }
    }
}
