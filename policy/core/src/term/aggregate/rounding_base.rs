//! Base to which the counts of cells are rounded.

use crate::id::SqlIdentifier;
use crate::refusal::{ErrorCode, Refusal, contradiction_refusal};
use crate::term::{Clause, Term, cite_clause};
use crate::value::cube::{CountingUnit, ReleaseTerm};

/// Rounding base of the counts, after a check that the clause on secondary protection fits the cells.
pub(super) fn find_rounding_base(
    clauses: &[Clause],
    measures: &[SqlIdentifier],
    unit: &CountingUnit,
    release: Option<&ReleaseTerm>,
) -> Result<Option<u32>, Refusal> {
    for clause in clauses {
        let at = |refusal: Refusal| cite_clause(refusal, clause);
        let base = match &clause.term {
            Term::SuppressComplement => None,
            Term::CellKey(base) => Some(*base),
            _ => continue,
        };
        if release.is_none() {
            let refusal = Refusal::new(
                ErrorCode::GridConflict,
                "totals are compared when cells are released, but these cells are computed for each question",
            )
            .with_help("add release = \"day\" to [dataset.grid]");
            return Err(at(refusal));
        }
        let Some(base) = base else {
            return Ok(None);
        };
        if !(2..=1000).contains(&base) {
            return Err(at(contradiction_refusal(format!(
                "counts can't be rounded to {base}; the base is from 2 to 1000"
            ))));
        }
        if *unit == CountingUnit::Rows {
            return Err(at(contradiction_refusal(
                "the lots belong to the units of a group, and rows are counted",
            )
            .with_help("say whom a group is of: min_contributors, with unit")));
        }
        if !measures.is_empty() {
            return Err(at(contradiction_refusal(
                "sums would tell exactly what the counts hide",
            )
            .with_help("permit count alone, with measures = []")));
        }
        return Ok(Some(base));
    }
    Ok(None)
}
