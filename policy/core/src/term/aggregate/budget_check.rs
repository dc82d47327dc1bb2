//! Check of a privacy budget against the cells that it covers.

use crate::effect::CubeDimension;
use crate::id::SqlIdentifier;
use crate::refusal::{ErrorCode, Refusal, contradiction_refusal};
use crate::term::{Clause, Term, cite_clause, columns};
use crate::value::cube::{CubeFunction, LateDataPolicy, ReleaseTerm};
use crate::value::privacy_budget::PrivacyBudgetTerm;
use crate::value::time::TimeBucketWidth;

/// Privacy budget among the clauses. It covers cells that are released once and never change: all combinations of the values that
/// the clause lists, with counts and sums alone. An exact rule that would disclose the noise is refused beside it.
pub(super) fn checked_budget(
    clauses: &[Clause],
    dimensions: &[CubeDimension],
    measures: &[SqlIdentifier],
    functions: &[CubeFunction],
    release: Option<&ReleaseTerm>,
) -> Result<Option<Box<PrivacyBudgetTerm>>, Refusal> {
    let found = clauses.iter().find_map(|clause| match &clause.term {
        Term::Budget(budget) => Some((clause, budget)),
        _ => None,
    });
    let Some((clause, budget)) = found else {
        return Ok(None);
    };
    let at = |refusal: Refusal| cite_clause(refusal, clause);
    let every = check_release(budget, release).map_err(at)?;
    for other in clauses {
        if let Term::MinGroup { .. } | Term::Dominance(_) = &other.term {
            let refusal = contradiction_refusal(
                "whether a group is shown would tell its exact size, which the noise hides",
            )
            .with_help("leave the least size and dominance out beside a budget, or the budget");
            return Err(cite_clause(refusal, other));
        }
    }
    let further = |one: &&CubeFunction| !matches!(one, CubeFunction::Count | CubeFunction::Sum);
    if let Some(function) = functions.iter().find(further) {
        let refusal = contradiction_refusal(format!(
            "`{}` of numbers with noise is not executed",
            function.as_str()
        ))
        .with_help("permit count and sum: what is made of them is no further loss");
        return Err(at(refusal));
    }
    check_bounds(budget, measures).map_err(at)?;
    check_dimension_values(budget, dimensions, every).map_err(at)?;
    Ok(Some(Box::new(budget.clone())))
}

/// Release that the budget counts.
fn check_release<'a>(
    budget: &PrivacyBudgetTerm,
    release: Option<&'a ReleaseTerm>,
) -> Result<&'a ReleaseTerm, Refusal> {
    let conflict = |sentence: &str| Refusal::new(ErrorCode::GridConflict, sentence);
    let Some(release) = release else {
        return Err(conflict(
            "a budget is spent by releases, and the cells are worked out anew for each question",
        )
        .with_help("add release = \"day\" and late = \"never\" to [dataset.grid]"));
    };
    if release.late != LateDataPolicy::Never {
        return Err(conflict(
            "a cell with noise is drawn once, so rows that come late can't change it",
        )
        .with_help("late = \"never\" in [dataset.grid]"));
    }
    if !budget.per.is_made_of(release.every) {
        return Err(
            conflict("the period of the budget is not made of whole periods of release")
                .with_help("take the period of release, or a longer one that is made of it"),
        );
    }
    if budget.from.micros() < EARLIEST {
        return Err(contradiction_refusal(
            "the budget begins before the year 2000, and each period since then would have cells",
        ));
    }
    if budget.each > budget.most {
        return Err(contradiction_refusal(format!(
            "a release spends {}, more than the {} that are there",
            budget.each, budget.most
        )));
    }
    let counted = u64::from(budget.cells).saturating_mul(u64::from(budget.rows));
    if counted == 0 || counted > MOST_OF_A_UNIT {
        return Err(contradiction_refusal(format!(
            "of a unit {counted} rows would count; that is from 1 to {MOST_OF_A_UNIT}"
        )));
    }
    Ok(release)
}

/// Checks that each measure has bounds.
fn check_bounds(budget: &PrivacyBudgetTerm, measures: &[SqlIdentifier]) -> Result<(), Refusal> {
    for measure in measures {
        let of = budget.bounds.iter().filter(|one| one.measure == *measure);
        if of.count() != 1 {
            return Err(contradiction_refusal(format!(
                "`{measure}` needs bounds, once: without them one unit could change a sum by any amount"
            ))
            .with_help(format!("bounds = {{ {measure} = [\"0\", \"100\"] }}")));
        }
    }
    for one in &budget.bounds {
        if !measures.contains(&one.measure) {
            return Err(contradiction_refusal(format!(
                "`{}` is no measure",
                one.measure
            )));
        }
        let empty = one.low.thousandths() == 0 && one.high.thousandths() == 0;
        if one.low > one.high || empty {
            return Err(contradiction_refusal(format!(
                "no value of `{}` lies from {} to {}",
                one.measure, one.low, one.high
            )));
        }
    }
    Ok(())
}

/// Checks that each dimension except the time of release has a list of values, and that the number of cells stays within its limit.
fn check_dimension_values(
    budget: &PrivacyBudgetTerm,
    dimensions: &[CubeDimension],
    release: &ReleaseTerm,
) -> Result<(), Refusal> {
    let columns: Vec<SqlIdentifier> = budget.values.iter().map(|one| one.column.clone()).collect();
    if let Some(twice) = columns::find_duplicate(&columns) {
        return Err(contradiction_refusal(format!(
            "the values of `{twice}` stand twice"
        )));
    }
    let mut cells = 1_usize;
    for dimension in dimensions {
        let name = &dimension.column;
        if *name == release.column {
            let width = dimension.bucket.unwrap_or(TimeBucketWidth::Day);
            cells = cells.saturating_mul(
                count_quarter_hours(release.every).div_ceil(count_quarter_hours(width)),
            );
            continue;
        }
        let listed = budget.values.iter().find(|one| one.column == *name);
        let Some(listed) = listed.filter(|_| dimension.bucket.is_none()) else {
            return Err(contradiction_refusal(format!(
                "the values of `{name}` that have cells are not named: which are there would tell of single rows"
            ))
            .with_help(format!("values = {{ {name} = [\"A\", \"B\"] }}")));
        };
        let mut list = listed.list.clone();
        list.sort_unstable();
        list.dedup();
        if list.is_empty() || list.len() != listed.list.len() {
            return Err(contradiction_refusal(format!(
                "`{name}` has no values, or one of them twice"
            )));
        }
        cells = cells.saturating_mul(list.len());
    }
    let other = |one: &&SqlIdentifier| dimensions.iter().all(|dimension| dimension.column != **one);
    if let Some(other) = columns
        .iter()
        .find(|one| other(one) || **one == release.column)
    {
        return Err(contradiction_refusal(format!(
            "`{other}` is no dimension whose values are to be named"
        )));
    }
    if cells > MOST_CELLS {
        return Err(contradiction_refusal(format!(
            "a release would have {cells} cells; at most {MOST_CELLS} are drawn"
        ))
        .with_help("use coarser buckets, fewer dimensions or fewer values"));
    }
    Ok(())
}

/// Number of quarter hours in the longest bucket of a width.
const fn count_quarter_hours(bucket: TimeBucketWidth) -> usize {
    match bucket {
        TimeBucketWidth::QuarterHour => 1,
        TimeBucketWidth::Hour => 4,
        TimeBucketWidth::Day => 100,
        TimeBucketWidth::Week => 676,
        TimeBucketWidth::Month => 2_980,
        TimeBucketWidth::Year => 35_140,
    }
}

/// Instant 2000-01-01, microseconds since 1970.
const EARLIEST: i64 = 946_684_800_000_000;

/// Largest number of rows of one unit that count, over all its cells.
const MOST_OF_A_UNIT: u64 = 100_000;

/// Largest number of cells in one release.
const MOST_CELLS: usize = 200_000;
