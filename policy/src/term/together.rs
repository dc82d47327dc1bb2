//! What no term can see alone: that the clauses of a policy fit together.

use super::{Clause, MOST_CLAUSES, Term, cite, columns, contradiction};
use crate::id::{ClauseId, Name};
use crate::refusal::Refusal;
use std::collections::BTreeMap;

/// Checks what no term can see alone: clause numbers are unique, and no two clauses decide the same thing.
pub(super) fn check(clauses: &[Clause]) -> Result<(), Refusal> {
    if clauses.len() > MOST_CLAUSES {
        return Err(contradiction(format!(
            "the policy holds {} clauses; at most {MOST_CLAUSES} are accepted",
            clauses.len()
        )));
    }
    let mut numbers = BTreeMap::new();
    let mut decided: BTreeMap<Decides<'_>, ClauseId> = BTreeMap::new();
    for clause in clauses {
        if numbers.insert(clause.id, ()).is_some() {
            return Err(contradiction(format!(
                "the clause number {} occurs twice",
                clause.id
            )));
        }
        if let Some(what) = clause.term.decides()
            && let Some(earlier) = decided.insert(what, clause.id)
        {
            let refusal = contradiction(format!(
                "the clauses {earlier} and {} decide the same thing",
                clause.id
            ));
            return Err(cite(refusal, clause));
        }
    }
    columns::shown_are_treated(clauses)
}

/// What only one clause may decide.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Decides<'a> {
    Columns,
    Values(&'a Name),
    Functions,
    Dimensions,
    Measures,
    Grid,
    MinGroup,
}

impl Term {
    const fn decides(&self) -> Option<Decides<'_>> {
        match self {
            Self::Columns(_) => Some(Decides::Columns),
            Self::Mask { column, .. } | Self::TimeBucket { column, .. } => {
                Some(Decides::Values(column))
            }
            Self::Functions(_) => Some(Decides::Functions),
            Self::Dimensions(_) => Some(Decides::Dimensions),
            Self::Measures(_) => Some(Decides::Measures),
            Self::Grid(_) => Some(Decides::Grid),
            Self::MinGroup { .. } => Some(Decides::MinGroup),
            Self::Purpose(_)
            | Self::NotBefore(_)
            | Self::NotAfter(_)
            | Self::Rows(_)
            | Self::Area { .. }
            | Self::TotalsFromPublished
            | Self::Queries(_)
            | Self::RowQuota(_)
            | Self::ByteQuota(_)
            | Self::ResultRows(_)
            | Self::DeleteAfter { .. }
            | Self::Attribution(_)
            | Self::Prohibit(_) => None,
        }
    }
}
