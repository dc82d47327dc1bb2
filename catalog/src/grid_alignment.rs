//! Check of a cube against the registered grid of its dataset: each cell must be a union of cells of the grid.

use crate::dataset::{ColumnType, Dataset, GridDimension, RegisteredGrid};
use hansa_policy::effect::{Cube, CubeDimension};
use hansa_policy::id::SqlIdentifier;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_policy::term::odrl::find_word;
use hansa_policy::value::cube::LateDataPolicy;
use hansa_policy::value::time::TimeBucketWidth;

/// Checks the cube against the grid: its dimensions are some of the grid's, each with the grid's bucket or a whole multiple of it
/// in the same zone. Otherwise cells of two contracts could be subtracted from each other.
///
/// # Errors
/// `GRID_CONFLICT` with the possible buckets.
pub fn check_nesting(cube: &Cube, dataset: &Dataset) -> Result<(), Refusal> {
    let grid = dataset.grid.as_ref().ok_or_else(|| {
        grid_conflict_refusal(format!("`{}` has no registered grid", dataset.id.name))
            .with_help("register one: [dataset.grid]")
    })?;
    if cube.grid != grid.id {
        return Err(
            grid_conflict_refusal(format!("`{}` is not the dataset's grid", cube.grid))
                .with_help(format!("its grid is {}", grid.id)),
        );
    }
    cube.dimensions
        .iter()
        .try_for_each(|dimension| check_dimension(dimension, grid, dataset))?;
    check_same_release(cube, grid, dataset)
}

/// Checks that the cells of a grid are released alike, or none is. Otherwise released cells could be compared with computed ones.
fn check_same_release(
    cube: &Cube,
    grid: &RegisteredGrid,
    dataset: &Dataset,
) -> Result<(), Refusal> {
    match (&cube.release, &grid.release) {
        (None, None) => return Ok(()),
        (Some(own), Some(release)) if own == release => {}
        (_, Some(release)) => {
            return Err(grid_conflict_refusal(format!(
                "the dataset's grid is released every {} of `{}`, late rows {}",
                release.every.as_str(),
                release.column,
                find_word(&LateDataPolicy::ALL, &release.late)
            ))
            .with_help("say the same in the policy, or leave it to the grid"));
        }
        (Some(_), None) => {
            return Err(
                grid_conflict_refusal("the dataset's grid is not released".to_owned())
                    .with_help("add release = \"day\" to [dataset.grid]"),
            );
        }
    }
    // A bucket that extends beyond the end of a period is incomplete when the period is released.
    let every = cube.release.as_ref().map(|release| &release.column);
    let own = cube
        .dimensions
        .iter()
        .find(|one| Some(&one.column) == every);
    match own.and_then(|own| finest_bucket(own.bucket, is_date(dataset, &own.column))) {
        Some(_) => Ok(()),
        None => Err(grid_conflict_refusal(
            "cells are released by something that is no time".to_owned(),
        )),
    }
}

fn check_dimension(
    dimension: &CubeDimension,
    grid: &RegisteredGrid,
    dataset: &Dataset,
) -> Result<(), Refusal> {
    let name = &dimension.column;
    let registered = grid
        .dimensions
        .iter()
        .find(|registered| registered.column == *name)
        .ok_or_else(|| {
            let known: Vec<&str> = grid
                .dimensions
                .iter()
                .map(|known| known.column.as_str())
                .collect();
            grid_conflict_refusal(format!("`{name}` is no dimension of the dataset's grid"))
                .with_help(format!("its dimensions are {}", known.join(", ")))
        })?;
    let dated = is_date(dataset, name);
    match (
        finest_bucket(registered.bucket, dated),
        finest_bucket(dimension.bucket, dated),
    ) {
        (None, _) => Ok(()),
        (Some(fine), Some(coarse)) if !coarse.is_made_of(fine) => {
            Err(unaligned_dimension_refusal(dimension, registered))
        }
        (Some(_), None) => Err(unaligned_dimension_refusal(dimension, registered)),
        (Some(_), Some(_)) if !dated && !same_zone(dimension, registered) => {
            Err(unaligned_dimension_refusal(dimension, registered))
        }
        (Some(_), Some(_)) => Ok(()),
    }
}

fn is_date(dataset: &Dataset, name: &SqlIdentifier) -> bool {
    let mut columns = dataset.columns.iter();
    columns.any(|column| column.name == *name && column.kind == ColumnType::Date)
}

/// Finest bucket; a date without a bucket counts as a day.
fn finest_bucket(bucket: Option<TimeBucketWidth>, dated: bool) -> Option<TimeBucketWidth> {
    bucket.or_else(|| dated.then_some(TimeBucketWidth::Day))
}

/// True if both have the same zone. Buckets shorter than a day begin in UTC in any zone.
fn same_zone(dimension: &CubeDimension, registered: &GridDimension) -> bool {
    if dimension
        .bucket
        .is_some_and(|width| width < TimeBucketWidth::Day)
    {
        return true;
    }
    let zone = |zone: &Option<String>| zone.clone().unwrap_or_else(|| "UTC".to_owned());
    zone(&dimension.zone) == zone(&registered.zone)
}

fn unaligned_dimension_refusal(dimension: &CubeDimension, registered: &GridDimension) -> Refusal {
    let bucket = |bucket: Option<TimeBucketWidth>, zone: &Option<String>| {
        format!(
            "{} ({})",
            bucket.map_or("single instants", TimeBucketWidth::as_str),
            zone.as_deref().unwrap_or("UTC")
        )
    };
    grid_conflict_refusal(format!(
        "`{}` by {} is not made of whole cells of the dataset's grid",
        dimension.column,
        bucket(dimension.bucket, &dimension.zone)
    ))
    .with_help(format!(
        "the grid has it by {}; use this or a whole multiple in the same zone",
        bucket(registered.bucket, &registered.zone)
    ))
}

fn grid_conflict_refusal(sentence: String) -> Refusal {
    Refusal::new(ErrorCode::GridConflict, sentence)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{self, sql_name};
    use hansa_policy::value::cube::{CountingUnit, CubeFunction};

    /// Checks a cube against a grid of site, hours of `at` in Berlin, and `day`.
    #[track_caller]
    fn check(
        dimensions: &[(&str, Option<TimeBucketWidth>, Option<&str>)],
        expect: Result<(), &str>,
    ) {
        let cube = Cube {
            grid: fixture::GRID.to_owned(),
            dimensions: dimensions
                .iter()
                .map(|(column, bucket, zone)| CubeDimension {
                    column: sql_name(column),
                    bucket: *bucket,
                    zone: zone.map(str::to_owned),
                })
                .collect(),
            measures: Vec::new(),
            functions: vec![CubeFunction::Count],
            at_least: 1,
            unit: CountingUnit::Rows,
            dominance: Vec::new(),
            release: None,
            budget: None,
            base: None,
        };
        let got = check_nesting(&cube, &fixture::counts_dataset()).map_err(|refusal| {
            assert_eq!(refusal.code, ErrorCode::GridConflict);
            refusal.sentence
        });
        assert_eq!(got, expect.map_err(str::to_owned));
    }

    #[test]
    fn coarser_cells_are_unions_of_the_grids() {
        let berlin = Some("Europe/Berlin");
        check(&[("site", None, None)], Ok(()));
        check(
            &[
                ("site", None, None),
                ("at", Some(TimeBucketWidth::Hour), berlin),
            ],
            Ok(()),
        );
        check(&[("at", Some(TimeBucketWidth::Day), berlin)], Ok(()));
        check(&[("at", Some(TimeBucketWidth::Week), berlin)], Ok(()));
        // Hours are equal in every zone.
        check(&[("at", Some(TimeBucketWidth::Hour), None)], Ok(()));
        check(&[("day", None, None)], Ok(()));
        check(&[("day", Some(TimeBucketWidth::Month), None)], Ok(()));
        check(
            &[("at", Some(TimeBucketWidth::QuarterHour), berlin)],
            Err(
                "`at` by quarter hour (Europe/Berlin) is not made of whole cells of the dataset's grid",
            ),
        );
        check(
            &[("at", Some(TimeBucketWidth::Day), None)],
            Err("`at` by day (UTC) is not made of whole cells of the dataset's grid"),
        );
        check(
            &[("at", None, None)],
            Err("`at` by single instants (UTC) is not made of whole cells of the dataset's grid"),
        );
        check(
            &[("bikes", None, None)],
            Err("`bikes` is no dimension of the dataset's grid"),
        );
    }

    #[test]
    fn another_grid_or_none_conflicts() {
        let mut cube = Cube {
            grid: "hansa://munster.example/grid/other-1".to_owned(),
            dimensions: Vec::new(),
            measures: Vec::new(),
            functions: vec![CubeFunction::Count],
            at_least: 1,
            unit: CountingUnit::Rows,
            dominance: Vec::new(),
            release: None,
            budget: None,
            base: None,
        };
        let mut counts = fixture::counts_dataset();
        assert!(check_nesting(&cube, &counts).is_err());
        cube.grid = fixture::GRID.to_owned();
        assert!(check_nesting(&cube, &counts).is_ok());
        counts.grid = None;
        assert!(check_nesting(&cube, &counts).is_err());
    }
}
