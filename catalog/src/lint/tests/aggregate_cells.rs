//! Tests of aggregates: the grid, terms that divide its cells, and the smallest group size.

use super::*;

#[test]
fn grids() {
    let conflict = &["E GRID_CONFLICT #c4"];
    case_on(
        |dataset| dataset.grid = None,
        cube(vec![group(10, device())]),
        conflict,
    );
    let mut finer = cube(vec![group(10, device())]);
    finer[4] = Term::TimeBucket {
        column: sql_name("at"),
        bucket: TimeBucketWidth::QuarterHour,
        zone: Some("Europe/Berlin".to_owned()),
    };
    case(finer, conflict);
    let mut without = cube(vec![group(10, device())]);
    without.remove(3);
    case(without, &["E GRID_CONFLICT #c1"]);
}

#[test]
fn filters_that_cut_cells() {
    let with = |filter: &str| cube(vec![group(10, device()), rows(filter)]);
    case(with("site <> 'a'"), &[]);
    case(with("device = {{consumer}}"), &[]);
    case(with("bikes > 3 AND site = 'a'"), &["W GRID_CONFLICT #c7"]);
}

#[test]
fn groups() {
    case(cube(vec![]), &["W NO_MIN_GROUP -"]);
    case_on(personal, cube(vec![]), &["E NO_MIN_GROUP -"]);
    case_on(
        personal,
        cube(vec![group(2, device())]),
        &["E GROUP_TOO_SMALL #c6"],
    );
    case_on(
        personal,
        cube(vec![group(9, device())]),
        &["W GROUP_TOO_SMALL #c6"],
    );
    case_on(
        personal,
        cube(vec![group(10, CountingUnit::Rows)]),
        &["W GROUP_WITHOUT_UNIT #c6"],
    );
    case(cube(vec![group(2, CountingUnit::Rows)]), &[]);
    case(vec![group(10, device())], &["E POLICY_CONTRADICTION #c1"]);
}
