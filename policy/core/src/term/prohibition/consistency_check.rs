//! Consistency check of a prohibition with its policy: it must have an effect, and must not divide cells.

use super::{ProhibitedAction, ProhibitedPart, ProhibitionCondition};
use crate::id::SqlIdentifier;
use crate::refusal::{Refusal, contradiction_refusal};
use crate::term::{Clause, Term, cite_clause};

impl ProhibitedAction {
    /// Action of questions under a policy: rows or aggregates.
    pub(crate) fn from_clauses(clauses: &[Clause]) -> Self {
        if clauses
            .iter()
            .any(|clause| clause.term.limits_to_aggregates())
        {
            Self::Aggregate
        } else {
            Self::Query
        }
    }
}

/// Checks that each prohibition prohibits something that the policy permits, and does not divide cells.
pub(in crate::term) fn check_prohibitions(clauses: &[Clause]) -> Result<(), Refusal> {
    let asked = ProhibitedAction::from_clauses(clauses);
    for clause in clauses {
        let Term::Prohibition(one) = &clause.term else {
            continue;
        };
        let fault = if !one.action.contains(asked) {
            Some(
                contradiction_refusal(format!(
                    "what is asked under the policy is `{}`, so prohibiting `{}` does nothing",
                    asked.odrl_name(),
                    one.action.odrl_name()
                ))
                .with_help("prohibit `use`, which contains both"),
            )
        } else if asked == ProhibitedAction::Aggregate {
            one.part
                .as_ref()
                .and_then(|part| in_cells(part, &one.condition))
        } else {
            None
        };
        if let Some(fault) = fault {
            return Err(cite_clause(fault, clause));
        }
        if let Some(ProhibitedPart::Columns(hidden)) = &one.part {
            not_treated(hidden, clauses)?;
        }
    }
    Ok(())
}

/// Refusal of prohibited rows of cells under conditions. Cells with and without these rows could be subtracted.
fn in_cells(part: &ProhibitedPart, when: &ProhibitionCondition) -> Option<Refusal> {
    match part {
        ProhibitedPart::Columns(_) => Some(
            contradiction_refusal("of an aggregate the dimensions and measures alone exist, and none can be prohibited")
                .with_help("leave the columns out of the dimensions and measures"),
        ),
        ProhibitedPart::Rows(_) if *when != ProhibitionCondition::ALWAYS => Some(
            contradiction_refusal(
                "cells with and without the prohibited rows could be subtracted from each other",
            )
            .with_help("prohibit the rows without a condition, or every question under it"),
        ),
        ProhibitedPart::Rows(_) => None,
    }
}

/// Checks that no prohibited column is masked too, since one of the two clauses would have no effect.
fn not_treated(hidden: &[SqlIdentifier], clauses: &[Clause]) -> Result<(), Refusal> {
    for clause in clauses {
        let treated = clause.term.replaced_columns();
        if let Some(column) = treated.iter().find(|column| hidden.contains(column)) {
            let refusal = contradiction_refusal(format!(
                "the column `{column}` is treated by {} but prohibited",
                clause.id
            ))
            .with_help("remove one of the two clauses");
            return Err(cite_clause(refusal, clause));
        }
    }
    Ok(())
}
