//! Consistency of the clauses of a policy, beyond the checks of single terms.

use super::clause_summary::shown_columns;
use super::rule::ClauseSubject;
use super::schema_version::SchemaCompatibility;
use super::{Clause, MOST_CLAUSES, Term, cite_clause, prohibition};
use crate::id::ClauseId;
use crate::refusal::{Refusal, contradiction_refusal};
use std::collections::{BTreeMap, BTreeSet};

/// Checks that clause numbers are unique, and that no two clauses decide the same subject.
pub(super) fn check_clauses(clauses: &[Clause]) -> Result<(), Refusal> {
    if clauses.len() > MOST_CLAUSES {
        return Err(contradiction_refusal(format!(
            "the policy holds {} clauses; at most {MOST_CLAUSES} are accepted",
            clauses.len()
        )));
    }
    let mut numbers = BTreeMap::new();
    let mut decided: BTreeMap<ClauseSubject, ClauseId> = BTreeMap::new();
    for clause in clauses {
        if numbers.insert(clause.id, ()).is_some() {
            return Err(contradiction_refusal(format!(
                "the clause number {} occurs twice",
                clause.id
            )));
        }
        for what in decided_subjects(clause) {
            if let Some(earlier) = decided.insert(what, clause.id) {
                let refusal = contradiction_refusal(format!(
                    "the clauses {earlier} and {} decide the same thing",
                    clause.id
                ));
                return Err(cite_clause(refusal, clause));
            }
        }
    }
    deletion_is_owed(clauses)?;
    later_columns_stay_invisible(clauses)?;
    prohibition::consistency_check::check_prohibitions(clauses)?;
    shown_are_treated(clauses)
}

/// Subjects that a clause decides: that of its term, and each column whose values it replaces.
fn decided_subjects(clause: &Clause) -> BTreeSet<ClauseSubject> {
    clause.term.with_rule(|rule| {
        let replaced = rule.replaced_columns().into_iter();
        let columns = replaced.map(|column| ClauseSubject::Values(column.to_string()));
        columns.chain(rule.decided_subject()).collect()
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
            let refusal =
                contradiction_refusal("a deletion is to be stated that is not due by then")
                    .with_help("add the duty delete-after with no more days than attest-within");
            return Err(cite_clause(refusal, clause));
        }
    }
    Ok(())
}

/// Checks that a policy that accepts later columns lists the present ones. Otherwise later columns would become visible.
fn later_columns_stay_invisible(clauses: &[Clause]) -> Result<(), Refusal> {
    let compatible = clauses
        .iter()
        .find(|clause| clause.term == Term::Version(SchemaCompatibility::Compatible));
    let listed = shown_columns(clauses).is_some()
        || clauses
            .iter()
            .any(|clause| clause.term.limits_to_aggregates());
    match compatible {
        Some(clause) if !listed => {
            let refusal = contradiction_refusal("columns that come later would be visible")
                .with_help("list the columns beside it: columns = [\"…\"]");
            Err(cite_clause(refusal, clause))
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
            .replaced_columns()
            .into_iter()
            .find(|column| !shown.contains(column));
        if let Some(column) = hidden {
            let refusal = contradiction_refusal(format!(
                "the column `{column}` is treated by {} but not shown",
                clause.id
            ))
            .with_help("remove the clause, or add the column to the list");
            return Err(cite_clause(refusal, clause));
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
