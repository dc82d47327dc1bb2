//! Check that variances and counts of distinct units are safe beside the other clauses.

use crate::refusal::{ErrorCode, Refusal, contradiction_refusal};
use crate::term::{Clause, Term, cite_clause};
use crate::value::cube::{CountingUnit, CubeFunction, LateDataPolicy, ReleaseTerm};

/// Refuses functions that can't be made safe.
pub(super) fn check_function_safety(
    clauses: &[Clause],
    functions: &[CubeFunction],
    at_least: u32,
    unit: &CountingUnit,
    release: Option<&ReleaseTerm>,
) -> Result<(), Refusal> {
    for clause in clauses {
        let Term::Functions(_) = &clause.term else {
            continue;
        };
        if functions.contains(&CubeFunction::Variance) {
            check_variance(clauses, at_least, release)
                .map_err(|refusal| cite_clause(refusal, clause))?;
        }
        if functions.contains(&CubeFunction::Units) {
            check_unit_counts(clauses, at_least, unit, release)
                .map_err(|refusal| cite_clause(refusal, clause))?;
        }
    }
    Ok(())
}

/// Sum and variance are two numbers of a group. With two values both can be computed, and a person who knows some values can
/// subtract them from both numbers. A person who knows two of five values has two numbers about three values, so that smaller
/// groups get no variance. The variance of a larger group is withheld if it would disclose single values to a person who knows up
/// to two of them (`hansa_enforcement::narrow`). That test does not cover later corrections, so there are none.
fn check_variance(
    clauses: &[Clause],
    at_least: u32,
    release: Option<&ReleaseTerm>,
) -> Result<(), Refusal> {
    if release.is_some_and(|release| release.late != LateDataPolicy::Never) && at_least > 1 {
        return Err(Refusal::new(
            ErrorCode::GridConflict,
            "variances before and after a correction show how far single new values are from the others",
        )
        .with_help("late = \"never\" in [dataset.grid], or leave var out of the functions"));
    }
    if (2..FEWEST).contains(&at_least) {
        return Err(contradiction_refusal(format!(
            "sum and variance of a group of {at_least} tell its single values"
        ))
        .with_help(format!(
            "raise the least size to {FEWEST}, or leave var out"
        )));
    }
    if clauses
        .iter()
        .any(|clause| matches!(clause.term, Term::Dominance(_)))
    {
        return Err(contradiction_refusal(
            "a variance tells of the largest value what the rule of dominance, which looks at sums alone, withholds",
        )
        .with_help("leave var out of the functions, or the rule"));
    }
    Ok(())
}

/// Smallest number of units in a group with a variance.
const FEWEST: u32 = 5;

/// Counts of distinct units are not additive: the difference between a group and its parts shows which units are in several parts.
fn check_unit_counts(
    clauses: &[Clause],
    at_least: u32,
    unit: &CountingUnit,
    release: Option<&ReleaseTerm>,
) -> Result<(), Refusal> {
    if *unit == CountingUnit::Rows || at_least < 2 {
        return Err(Refusal::new(
            ErrorCode::GroupWithoutUnit,
            "different units are counted only where a group needs so many of them",
        )
        .with_help("write min_contributors = 10, with unit"));
    }
    let conflict = |sentence: &str| Refusal::new(ErrorCode::GridConflict, sentence);
    match release {
        None => {
            return Err(conflict(
                "different units are counted when cells are released, but these cells are computed for each question",
            )
            .with_help("add release = \"day\" and late = \"never\" to [dataset.grid]"));
        }
        Some(release) if release.late != LateDataPolicy::Never => {
            return Err(conflict(
                "numbers of different units before and after a correction tell how many of those that came are new",
            )
            .with_help("late = \"never\" in [dataset.grid]"));
        }
        Some(_) => {}
    }
    for clause in clauses {
        let what = match &clause.term {
            Term::CellKey(_) => {
                "numbers of different units would tell exactly what the counts hide"
            }
            Term::SuppressComplement => {
                "numbers of different units of a total and of its parts tell how many are in several"
            }
            _ => continue,
        };
        return Err(contradiction_refusal(what).with_help(
            "leave units out of the functions, or take secondary = \"from-published\"",
        ));
    }
    Ok(())
}
