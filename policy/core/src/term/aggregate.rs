//! Terms 17, 20, 21 and 22: aggregates only, over the registered grid of the dataset. Rows are never sent.

pub(super) mod aggregate_terms;
mod budget_check;
mod cube_shape;
mod function_safety;
mod rounding_base;
pub(super) mod secondary_suppression;

use super::{Clause, Term, cite_clause, clause_summary, columns, min_group, time_bucket};
use crate::effect::{Cube, CubeDimension};
use crate::id::SqlIdentifier;
use crate::refusal::{ErrorCode, Refusal, contradiction_refusal};
use crate::value::cube::{CountingUnit, CubeFunction, DominanceTerm, ReleaseTerm};

/// Cube that the clauses define; none when they permit rows.
pub(crate) fn build_cube(clauses: &[Clause]) -> Result<Option<Cube>, Refusal> {
    let parts = AggregateParts::of(clauses);
    let Some(first) = parts.first else {
        return Ok(None);
    };
    let (Some((_, functions)), Some((_, dimensions))) = (parts.functions, parts.dimensions) else {
        let refusal = contradiction_refusal("aggregates need both functions and dimensions");
        return Err(cite_clause(refusal, first));
    };
    let measures = parts.measures.map_or(&[][..], |(_, list)| list);
    let Some((_, grid)) = parts.grid else {
        let refusal = Refusal::new(
            ErrorCode::GridConflict,
            "aggregates need the dataset's registered grid",
        )
        .with_help("register a grid on the dataset: [dataset.grid]");
        return Err(cite_clause(refusal, first));
    };
    for (what, list) in [
        ("dimensions", Some(dimensions)),
        ("measures", parts.measures.map(|(_, list)| list)),
    ] {
        let Some(list) = list else { continue };
        if list.is_empty() {
            return Err(cite_clause(
                contradiction_refusal(format!("the list of {what} is empty")),
                first,
            ));
        }
        if let Some(name) = columns::find_duplicate(list) {
            return Err(cite_clause(
                contradiction_refusal(format!("`{name}` occurs twice among the {what}")),
                first,
            ));
        }
    }
    check_functions(functions, measures).map_err(|refusal| cite_clause(refusal, first))?;
    check_columns(clauses, dimensions, measures)?;
    let (at_least, unit) = match parts.min_group {
        None => (1, CountingUnit::Rows),
        Some((clause, at_least, unit)) => {
            min_group::check_group_size(at_least)
                .map_err(|refusal| cite_clause(refusal, clause))?;
            if let CountingUnit::Column(column) = unit
                && at_least > 1
                && dimensions.contains(column)
            {
                let refusal = contradiction_refusal(format!(
                    "`{column}` is grouped by, so no group holds more than one of it"
                ));
                return Err(cite_clause(refusal, clause));
            }
            (at_least, unit.clone())
        }
    };
    let dimensions = dimensions
        .iter()
        .map(|column| cube_dimension(column, clauses))
        .collect::<Result<Vec<_>, _>>()?;
    let release = find_release(clauses, &dimensions)?;
    let budget =
        budget_check::checked_budget(clauses, &dimensions, measures, functions, release.as_ref())?;
    let base = rounding_base::find_rounding_base(clauses, measures, &unit, release.as_ref())?;
    function_safety::check_function_safety(clauses, functions, at_least, &unit, release.as_ref())?;
    Ok(Some(Cube {
        grid: grid.to_owned(),
        measures: measures.to_vec(),
        functions: functions.to_vec(),
        at_least,
        unit,
        dominance: dominance_rules(clauses, measures)?,
        release,
        budget,
        base,
        dimensions,
    }))
}

/// Release of the cells. A released cell never changes, so it may depend on its place in the grid alone: conditions on rows are
/// then allowed on dimensions only.
fn find_release(
    clauses: &[Clause],
    dimensions: &[CubeDimension],
) -> Result<Option<ReleaseTerm>, Refusal> {
    let found = clauses.iter().find_map(|clause| match &clause.term {
        Term::Release(release) => Some((clause, release)),
        _ => None,
    });
    let Some((clause, release)) = found else {
        return Ok(None);
    };
    let conflict = |sentence: String| Refusal::new(ErrorCode::GridConflict, sentence);
    let column = &release.column;
    let Some(own) = dimensions.iter().find(|one| one.column == *column) else {
        let refusal = conflict(format!(
            "cells are released by `{column}`, which is no dimension"
        ))
        .with_help("add it to the dimensions");
        return Err(cite_clause(refusal, clause));
    };
    if own
        .bucket
        .is_some_and(|bucket| !release.every.is_made_of(bucket))
    {
        let refusal = conflict(format!(
            "a cell of `{column}` may reach over two periods of release"
        ))
        .with_help("use a bucket of which the period is made");
        return Err(cite_clause(refusal, clause));
    }
    for clause in clauses {
        let at_fault = match &clause.term {
            Term::Area { .. } | Term::PublishedArea(_) => Some("an area"),
            Term::Embargo(embargo) if embargo.column != *column => {
                Some("a delay by another column")
            }
            Term::Rows(_) | Term::Prohibition(_) => {
                let whole = |name: &SqlIdentifier| {
                    let mut dimensions = dimensions.iter();
                    dimensions.any(|one| one.column == *name && one.bucket.is_none())
                };
                let columns = clause.term.columns();
                (!columns.iter().all(whole)).then_some("a condition on something else")
            }
            _ => None,
        };
        if let Some(what) = at_fault {
            let refusal = conflict(format!("{what} cuts through cells that are released whole"))
                .with_help("say it of dimensions without a bucket, or leave it out");
            return Err(cite_clause(refusal, clause));
        }
    }
    Ok(Some(release.clone()))
}

fn dominance_rules(
    clauses: &[Clause],
    measures: &[SqlIdentifier],
) -> Result<Vec<DominanceTerm>, Refusal> {
    let mut rules = Vec::new();
    for clause in clauses {
        if let Term::Dominance(rule) = &clause.term {
            rule.check(measures)
                .map_err(|refusal| cite_clause(refusal, clause))?;
            rules.push(rule.clone());
        }
    }
    Ok(rules)
}

/// Clauses of the aggregate form.
#[derive(Debug, Default)]
struct AggregateParts<'a> {
    first: Option<&'a Clause>,
    functions: Option<(&'a Clause, &'a [CubeFunction])>,
    dimensions: Option<(&'a Clause, &'a [SqlIdentifier])>,
    measures: Option<(&'a Clause, &'a [SqlIdentifier])>,
    grid: Option<(&'a Clause, &'a str)>,
    min_group: Option<(&'a Clause, u32, &'a CountingUnit)>,
}

impl<'a> AggregateParts<'a> {
    fn of(clauses: &'a [Clause]) -> Self {
        let mut parts = Self::default();
        for clause in clauses {
            match &clause.term {
                Term::Functions(list) => parts.functions = Some((clause, list)),
                Term::Dimensions(list) => parts.dimensions = Some((clause, list)),
                Term::Measures(list) => parts.measures = Some((clause, list)),
                Term::Grid(id) => parts.grid = Some((clause, id)),
                Term::MinGroup { at_least, unit } => {
                    parts.min_group = Some((clause, *at_least, unit));
                }
                other if !other.limits_to_aggregates() => continue,
                _ => {}
            }
            parts.first = parts.first.or(Some(clause));
        }
        parts
    }
}

fn check_functions(functions: &[CubeFunction], measures: &[SqlIdentifier]) -> Result<(), Refusal> {
    if functions.is_empty() {
        return Err(contradiction_refusal("the list of functions is empty"));
    }
    for function in functions {
        match function {
            CubeFunction::Count | CubeFunction::Units => {}
            CubeFunction::Sum | CubeFunction::Avg | CubeFunction::Variance
                if measures.is_empty() =>
            {
                return Err(contradiction_refusal(format!(
                    "{} is allowed but there is no measure",
                    function.as_str()
                )));
            }
            CubeFunction::Sum | CubeFunction::Avg | CubeFunction::Variance => {}
        }
    }
    Ok(())
}

/// Checks the columns: each is a dimension or a measure, not both; a list of shown columns contains all of them; none is masked.
fn check_columns(
    clauses: &[Clause],
    dimensions: &[SqlIdentifier],
    measures: &[SqlIdentifier],
) -> Result<(), Refusal> {
    if let Some(both) = measures.iter().find(|name| dimensions.contains(name)) {
        return Err(contradiction_refusal(format!(
            "`{both}` can't be both dimension and measure"
        )));
    }
    let shown = clause_summary::shown_columns(clauses);
    for name in dimensions.iter().chain(measures) {
        if shown.is_some_and(|shown| !shown.contains(name)) {
            return Err(contradiction_refusal(format!(
                "`{name}` is aggregated or grouped by, but not among the columns"
            ))
            .with_help("add it to the columns"));
        }
    }
    for clause in clauses {
        if let Some(column) = clause.term.replaced_columns().first()
            && !matches!(clause.term, Term::TimeBucket { .. })
        {
            let refusal = contradiction_refusal(format!(
                "`{column}` can't be masked where only aggregates are permitted"
            ))
            .with_help("leave it out of dimensions and measures instead");
            return Err(cite_clause(refusal, clause));
        }
        if let Term::TimeBucket { column, .. } = &clause.term
            && !dimensions.contains(column)
        {
            let refusal =
                contradiction_refusal(format!("`{column}` has a time bucket but is no dimension"));
            return Err(cite_clause(refusal, clause));
        }
    }
    Ok(())
}

fn cube_dimension(column: &SqlIdentifier, clauses: &[Clause]) -> Result<CubeDimension, Refusal> {
    let bucket = clauses.iter().find_map(|clause| {
        if let Term::TimeBucket {
            column: named,
            bucket,
            zone,
        } = &clause.term
            && named == column
        {
            Some((clause, *bucket, zone.clone()))
        } else {
            None
        }
    });
    let (bucket, zone) = match bucket {
        None => (None, None),
        Some((clause, bucket, zone)) => {
            time_bucket::check_zone(zone.as_deref())
                .map_err(|refusal| cite_clause(refusal, clause))?;
            (Some(bucket), zone)
        }
    };
    Ok(CubeDimension {
        column: column.clone(),
        bucket,
        zone,
    })
}
