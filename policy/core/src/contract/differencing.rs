//! Differencing between two contracts on one dataset: groups of one contract less groups, or rows, of the other.
//!
//! A cube discloses its cells and totals of shown cells. So the cells of one cube disclose nothing about a withheld cell. The cells
//! of two cubes do as soon as a cell of one is a union of cells of the other: a month less its shown days is the withheld day.
//! A combination that is not proven harmless counts as one that subtracts.

use crate::effect::Cube;
use crate::id::SqlIdentifier;
use crate::term::prohibition::ProhibitedAction;
use crate::term::schema_version::SchemaCompatibility;
use crate::term::{Clause, Term, clause_effects, disjointness};
use crate::value::cube::{CountingUnit, CubeFunction};
use std::cmp::Ordering;

/// Result of the comparison of two contracts on one dataset, for a holder of both.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ContractCombination {
    /// The two contracts disclose no more than each of them alone.
    Harmless,
    /// One contract shows rows that contain all that the groups of the other are made of. This is harmless as long as the rows can
    /// be asked. Afterwards, groups over further rows disclose these rows by subtraction.
    Covered,
    /// The two contracts together disclose more than each of them alone.
    Subtracts(DifferencingKind),
}

/// Kind of a subtraction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DifferencingKind {
    /// Groups from groups that are unions of them, or that overlap them.
    Groups,
    /// Rows from groups that hold further rows, or further values of the rows.
    Rows,
    /// Numbers of distinct units, in groups that share some units.
    Units,
}

/// Result for two lists of clauses on one dataset.
#[must_use]
pub fn combine_clause_lists(one: &[Clause], other: &[Clause]) -> ContractCombination {
    let (Ok(first), Ok(second)) = (clause_effects::cube_of(one), clause_effects::cube_of(other))
    else {
        return ContractCombination::Subtracts(DifferencingKind::Groups);
    };
    match (first, second) {
        (None, None) => ContractCombination::Harmless,
        _ if are_disjoint(one, other) => ContractCombination::Harmless,
        (Some(first), Some(second)) => combine_cubes(
            CubeClauses {
                cube: &first,
                clauses: one,
            },
            CubeClauses {
                cube: &second,
                clauses: other,
            },
        ),
        (Some(cube), None) => beside_rows(
            CubeClauses {
                cube: &cube,
                clauses: one,
            },
            other,
        ),
        (None, Some(cube)) => beside_rows(
            CubeClauses {
                cube: &cube,
                clauses: other,
            },
            one,
        ),
    }
}

/// True if each group of the second policy is a union of groups of the first, so that its totals can be computed there.
#[must_use]
pub fn is_made_of(coarse: &[Clause], fine: &[Clause]) -> bool {
    match (
        clause_effects::cube_of(coarse),
        clause_effects::cube_of(fine),
    ) {
        (Ok(Some(coarse)), Ok(Some(fine))) => fine.refines(&coarse),
        _ => false,
    }
}

/// True if the rows contain all that the groups are made of: each row of a group, with its dimensions and its measures unmasked.
/// The groups then disclose nothing more, whatever else is known.
#[must_use]
pub fn shows_all(groups: &[Clause], rows: &[Clause]) -> bool {
    let (Ok(Some(cube)), Ok(None)) = (
        clause_effects::cube_of(groups),
        clause_effects::cube_of(rows),
    ) else {
        return false;
    };
    let plain = |column: &SqlIdentifier| is_plain(rows, column);
    let units = match &cube.unit {
        CountingUnit::Column(column) if cube.permits(CubeFunction::Units) => plain(column),
        CountingUnit::Column(_) | CountingUnit::Rows => true,
    };
    // Rows of whole cells alone are harmless beside groups, since they disclose nothing about other cells.
    let mut hidden = rows.iter().map(|clause| &clause.term);
    let policy = CubeClauses {
        cube: &cube,
        clauses: groups,
    };
    beside_rows(policy, rows) == ContractCombination::Covered
        && cube.measures.iter().all(plain)
        && units
        && hidden.all(|term| !hides_rows(term) || has_tighter(groups, term))
}

/// Groups that a policy permits, with its clauses.
#[derive(Clone, Copy)]
struct CubeClauses<'a> {
    cube: &'a Cube,
    clauses: &'a [Clause],
}

fn combine_cubes(first: CubeClauses<'_>, second: CubeClauses<'_>) -> ContractCombination {
    let (one, own) = (first.cube, first.clauses);
    let (other, theirs) = (second.cube, second.clauses);
    // Cells with noise disclose nothing exact, whatever else is known.
    if one.budget.is_some() || other.budget.is_some() {
        return ContractCombination::Harmless;
    }
    if one.overlaps(other) {
        return ContractCombination::Subtracts(DifferencingKind::Units);
    }
    let harmless = match (&one.release, &other.release) {
        // A dataset has one grid at a time. A later grid releases only rows that come after all rows released under the earlier
        // grid, so no cell of one has a row in common with a cell of the other.
        (Some(first), Some(second)) if one.grid != other.grid => first.column == second.column,
        // All released cells of a dataset are tested against each other, with the remainders.
        (Some(first), Some(second)) => {
            first == second && one.grid == other.grid && (one.refines(other) || other.refines(one))
        }
        // Groups of the same rows and the same grid: one policy or both may withhold some of them.
        (None, None) => {
            let (own, theirs) = (
                row_removing_terms(own, one),
                row_removing_terms(theirs, other),
            );
            one.refines(other)
                && other.refines(one)
                && are_all_among(&own, &theirs)
                && are_all_among(&theirs, &own)
        }
        // Released groups do not change, so groups computed later disclose the rows that came since.
        (Some(_), None) | (None, Some(_)) => false,
    };
    match harmless {
        true => ContractCombination::Harmless,
        false => ContractCombination::Subtracts(DifferencingKind::Groups),
    }
}

/// Result for groups beside rows. Harmless if the rows contain all rows of each group or none, with the dimensions, and each
/// measure either unmasked or absent.
fn beside_rows(policy: CubeClauses<'_>, rows: &[Clause]) -> ContractCombination {
    let CubeClauses {
        cube,
        clauses: groups,
    } = policy;
    if cube.budget.is_some() {
        return ContractCombination::Harmless;
    }
    let placed = cube.dimensions.iter().all(|dimension| {
        let buckets = |clause: &Clause| match &clause.term {
            Term::TimeBucket {
                column,
                bucket,
                zone,
            } => {
                *column == dimension.column
                    && *zone == dimension.zone
                    && dimension
                        .bucket
                        .is_some_and(|coarse| coarse.is_made_of(*bucket))
            }
            _ => false,
        };
        let column = &dimension.column;
        is_shown(rows, column) && replacing_clauses(rows, column).all(buckets)
    });
    // A mask replaces a measure by one value in all rows, so that it discloses no row's value.
    let measured = cube.measures.iter().all(|measure| {
        let masks = |clause: &Clause| matches!(clause.term, Term::Mask { .. });
        !is_shown(rows, measure) || replacing_clauses(rows, measure).all(masks)
    });
    let hidden = rows.iter().filter(|clause| hides_rows(&clause.term));
    let mut hidden = hidden.map(|clause| &clause.term);
    let all = hidden.all(|term| is_of_whole_cells(term, cube) || has_tighter(groups, term));
    // The number of rows in a group discloses for which rows a condition holds, unless the rows show the column themselves.
    let is_dimension = |column: &SqlIdentifier| {
        let mut dimensions = cube.dimensions.iter();
        dimensions.any(|one| one.column == *column)
    };
    let own = groups.iter().map(|clause| &clause.term);
    let known = own.filter(|term| hides_rows(term)).all(|term| {
        let equal = |clause: &Clause| clause.term.compare(term) == Some(Ordering::Equal);
        is_of_whole_cells(term, cube)
            || matches!(term, Term::Embargo(embargo) if is_dimension(&embargo.column))
            || rows.iter().any(equal)
            || term.columns().iter().all(|column| is_plain(rows, column))
    });
    match placed && measured && all && known && stays_open(groups, rows) {
        true => ContractCombination::Covered,
        false => ContractCombination::Subtracts(DifferencingKind::Rows),
    }
}

/// True if the rows can be asked whenever the groups can, by the clauses on time, place and asking participant. The caller compares
/// the periods of the agreements. Refusals for a used-up limit or an unmet duty are temporary and don't count.
fn stays_open(groups: &[Clause], rows: &[Clause]) -> bool {
    let closes = |term: &&Term| match term {
        Term::Lasts(_)
        | Term::Hours(_)
        | Term::Networks(_)
        | Term::Group(_)
        | Term::Sector(_)
        | Term::Region(_) => true,
        Term::Prohibition(one) => {
            one.part.is_none() && one.action.contains(ProhibitedAction::Query)
        }
        _ => false,
    };
    let schemas = |clauses: &[Clause]| {
        let found = clauses.iter().find_map(|clause| match clause.term {
            Term::Version(schemas) => Some(schemas),
            _ => None,
        });
        found.unwrap_or(SchemaCompatibility::Exact)
    };
    let mut closing = rows.iter().map(|clause| &clause.term).filter(closes);
    // The clause does not say from which day the duration is counted.
    closing.all(|term| !matches!(term, Term::Lasts(_)) && has_tighter(groups, term))
        && schemas(rows) >= schemas(groups)
}

/// True if the groups have a condition at least as tight as this condition of the rows.
fn has_tighter(groups: &[Clause], term: &Term) -> bool {
    let applies = |own: &&Clause| match &own.term {
        Term::Prohibition(one) => one.action.contains(ProhibitedAction::Aggregate),
        _ => true,
    };
    groups.iter().filter(applies).any(|own| {
        matches!(
            own.term.compare(term),
            Some(Ordering::Less | Ordering::Equal)
        )
    })
}

/// True if no row is visible under both policies.
fn are_disjoint(one: &[Clause], other: &[Clause]) -> bool {
    let filters = |clauses: &'_ [Clause]| -> Vec<_> {
        let conditions = clauses.iter().filter_map(|clause| match &clause.term {
            Term::Rows(filter) => Some(filter.clone()),
            _ => None,
        });
        conditions.collect()
    };
    let theirs = filters(other);
    filters(one).iter().any(|own| {
        theirs
            .iter()
            .any(|filter| disjointness::are_disjoint(own, filter))
    })
}

/// Terms that remove single rows, not whole cells.
fn row_removing_terms<'a>(clauses: &'a [Clause], cube: &Cube) -> Vec<&'a Term> {
    let is_dimension = |column: &SqlIdentifier| {
        let mut dimensions = cube.dimensions.iter();
        dimensions.any(|one| one.column == *column)
    };
    let terms = clauses.iter().map(|clause| &clause.term);
    terms
        .filter(|term| hides_rows(term))
        .filter(|term| match term {
            // A cube shows whole time buckets.
            Term::Embargo(embargo) => !is_dimension(&embargo.column),
            term => !is_of_whole_cells(term, cube),
        })
        .collect()
}

fn hides_rows(term: &Term) -> bool {
    match term {
        Term::Rows(_) | Term::Area { .. } | Term::PublishedArea(_) | Term::Embargo(_) => true,
        Term::Prohibition(one) => one.rows().is_some(),
        _ => false,
    }
}

/// True if the condition is on dimensions of the cube alone, so that it removes whole cells.
fn is_of_whole_cells(term: &Term, cube: &Cube) -> bool {
    let is_place = |column: &SqlIdentifier| {
        let mut dimensions = cube.dimensions.iter();
        dimensions.any(|one| one.column == *column && one.bucket.is_none())
    };
    matches!(term, Term::Rows(_) | Term::Prohibition(_)) && term.columns().iter().all(is_place)
}

fn are_all_among(some: &[&Term], others: &[&Term]) -> bool {
    some.iter().all(|term| {
        let mut others = others.iter();
        others.any(|other| term.compare(other) == Some(Ordering::Equal))
    })
}

/// True if the rows show the column in any form, masked or not.
fn is_shown(rows: &[Clause], column: &SqlIdentifier) -> bool {
    let keys_stay = rows.iter().any(|clause| clause.term == Term::KeysStay);
    rows.iter().all(|clause| match &clause.term {
        Term::Columns(list) => list.contains(column),
        Term::Prohibition(one) => !one.hidden_columns().contains(column),
        Term::JoinKeys(keys) => !(keys_stay && keys.contains(column)),
        _ => true,
    })
}

/// True if the rows show the column with the values of the dataset.
fn is_plain(rows: &[Clause], column: &SqlIdentifier) -> bool {
    is_shown(rows, column) && replacing_clauses(rows, column).next().is_none()
}

/// Clauses that replace the values of a column.
fn replacing_clauses<'a>(
    rows: &'a [Clause],
    column: &'a SqlIdentifier,
) -> impl Iterator<Item = &'a Clause> {
    rows.iter()
        .filter(move |clause| clause.term.replaced_columns().contains(column))
}

#[cfg(test)]
mod tests;
