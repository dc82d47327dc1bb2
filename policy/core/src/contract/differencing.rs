//! Which contracts on one dataset tell together what neither of them tells: groups of one less groups, or rows, of the other.
//!
//! A cube tells cells, and totals of cells that it shows. So the cells of one cube, whatever was withheld of them, tell
//! nothing of a cell that is not shown. Cells of two cubes do, as soon as one of them holds others of the other: a month less
//! the days that are shown is the day that is not. What can't be proven to be harmless subtracts.

use crate::effect::Cube;
use crate::id::SqlIdentifier;
use crate::term::prohibition::ProhibitedAction;
use crate::term::schema_version::SchemaCompatibility;
use crate::term::{Clause, Term, clause_effects, disjointness};
use crate::value::cube::{CountingUnit, CubeFunction};
use std::cmp::Ordering;

/// What two contracts on one dataset are beside each other, whoever holds them both.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ContractCombination {
    /// They tell what each of them tells.
    Harmless,
    /// One shows rows, and in them all that the groups of the other are made of: harmless as long as these rows can be asked.
    /// Afterwards what the groups say of further rows is what is left of them.
    Covered,
    /// They tell more.
    Subtracts(DifferencingKind),
}

/// What is taken away from what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DifferencingKind {
    /// Groups from groups that are made of them, or that they cut through.
    Groups,
    /// Rows from groups that hold further ones, or of which they do not tell all.
    Rows,
    /// Numbers of different units, in groups that share some.
    Units,
}

/// What policies with these clauses are beside each other, both on one dataset.
#[must_use]
pub fn between(one: &[Clause], other: &[Clause]) -> ContractCombination {
    let (Ok(first), Ok(second)) = (clause_effects::cube_of(one), clause_effects::cube_of(other))
    else {
        return ContractCombination::Subtracts(DifferencingKind::Groups);
    };
    match (first, second) {
        (None, None) => ContractCombination::Harmless,
        _ if are_disjoint(one, other) => ContractCombination::Harmless,
        (Some(first), Some(second)) => cubes((&first, one), (&second, other)),
        (Some(cube), None) => beside_rows((&cube, one), other),
        (None, Some(cube)) => beside_rows((&cube, other), one),
    }
}

/// Whether each group of the second policy is made of whole groups of the first, so that its totals can be asked there.
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

/// Whether rows tell by themselves all that groups tell of the same rows: each row of a group with its place and its measures
/// as they are. Then the groups add nothing to them, whatever else is known.
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
    // Rows of whole cells alone are harmless beside groups, and say nothing of the other cells.
    let mut hidden = rows.iter().map(|clause| &clause.term);
    beside_rows((&cube, groups), rows) == ContractCombination::Covered
        && cube.measures.iter().all(plain)
        && units
        && hidden.all(|term| !hides_rows(term) || has_tighter(groups, term))
}

type CubeClauses<'a> = (&'a Cube, &'a [Clause]);

fn cubes((one, own): CubeClauses<'_>, (other, theirs): CubeClauses<'_>) -> ContractCombination {
    // Cells with noise tell nothing exactly, whatever is known beside them.
    if one.budget.is_some() || other.budget.is_some() {
        return ContractCombination::Harmless;
    }
    if one.overlaps(other) {
        return ContractCombination::Subtracts(DifferencingKind::Units);
    }
    let harmless = match (&one.release, &other.release) {
        // A dataset has one grid at a time. Where another one takes its place, it releases what is after all that was released
        // before, so that no cell of the one has a row in common with a cell of the other.
        (Some(first), Some(second)) if one.grid != other.grid => first.column == second.column,
        // All cells of a dataset that are released are tested beside each other, remainders too.
        (Some(first), Some(second)) => {
            first == second && one.grid == other.grid && (one.refines(other) || other.refines(one))
        }
        // The same groups of the same rows: of each, one policy or both tell something.
        (None, None) => {
            let (own, theirs) = (cutting(own, one), cutting(theirs, other));
            one.refines(other)
                && other.refines(one)
                && are_all_among(&own, &theirs)
                && are_all_among(&theirs, &own)
        }
        // Released groups stay as they were, so that others tell what came since.
        (Some(_), None) | (None, Some(_)) => false,
    };
    match harmless {
        true => ContractCombination::Harmless,
        false => ContractCombination::Subtracts(DifferencingKind::Groups),
    }
}

/// Groups beside rows: no more than the rows tell where these are all of each group, or none, with its place and with each
/// measure as it is, or not at all.
fn beside_rows((cube, groups): CubeClauses<'_>, rows: &[Clause]) -> ContractCombination {
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
        is_shown(rows, column) && replacing(rows, column).all(buckets)
    });
    // A mask is one value for all rows, which tells none of theirs.
    let measured = cube.measures.iter().all(|measure| {
        let masks = |clause: &Clause| matches!(clause.term, Term::Mask { .. });
        !is_shown(rows, measure) || replacing(rows, measure).all(masks)
    });
    let hidden = rows.iter().filter(|clause| hides_rows(&clause.term));
    let mut hidden = hidden.map(|clause| &clause.term);
    let all = hidden.all(|term| is_of_whole_cells(term, cube) || has_tighter(groups, term));
    // For which rows a condition of the groups holds is told by how many there are, unless the rows say so themselves.
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

/// Whether rows can be asked whenever the groups can, as far as their clauses say when, where and by whom; from when until when
/// is looked at with the times of the agreements. What is refused to whoever exhausts a limit or owes something comes back.
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
    // From which day a time runs is in no clause.
    closing.all(|term| !matches!(term, Term::Lasts(_)) && has_tighter(groups, term))
        && schemas(rows) >= schemas(groups)
}

/// Whether groups have a condition that is as tight as this one of rows, or tighter.
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

/// Whether no row is seen under both.
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

/// What says of rows, not of whole cells, that they do not exist.
fn cutting<'a>(clauses: &'a [Clause], cube: &Cube) -> Vec<&'a Term> {
    let is_dimension = |column: &SqlIdentifier| {
        let mut dimensions = cube.dimensions.iter();
        dimensions.any(|one| one.column == *column)
    };
    let terms = clauses.iter().map(|clause| &clause.term);
    terms
        .filter(|term| hides_rows(term))
        .filter(|term| match term {
            // Of a cube whole buckets are shown.
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

/// Whether a condition is on the place of a cell alone, so that it takes whole cells away.
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

/// Whether rows have the column, in whatever form.
fn is_shown(rows: &[Clause], column: &SqlIdentifier) -> bool {
    let keys_stay = rows.iter().any(|clause| clause.term == Term::KeysStay);
    rows.iter().all(|clause| match &clause.term {
        Term::Columns(list) => list.contains(column),
        Term::Prohibition(one) => !one.hidden_columns().contains(column),
        Term::JoinKeys(keys) => !(keys_stay && keys.contains(column)),
        _ => true,
    })
}

/// Whether rows have the column, and in it the values of the dataset.
fn is_plain(rows: &[Clause], column: &SqlIdentifier) -> bool {
    is_shown(rows, column) && replacing(rows, column).next().is_none()
}

/// The clauses that have something else stand in the place of a column.
fn replacing<'a>(
    rows: &'a [Clause],
    column: &'a SqlIdentifier,
) -> impl Iterator<Item = &'a Clause> {
    rows.iter()
        .filter(move |clause| clause.term.replaces().contains(column))
}

#[cfg(test)]
mod tests;
