//! Released cells are fixed, and no value computed from them belongs to a small group.

mod corrections;
mod inference_attack;
mod noisy_cells;
mod release_fixture;
mod release_sequence;
mod rounded_counts;

use super::*;
use hansa_policy::refusal::ErrorCode;
use hansa_policy::value::cube::{CubeFunction, LateDataPolicy};
use hansa_policy::value::time::TimeBucketWidth;
use release_fixture::{BikeRow, ReleasedDatasetFixture, day, row};

/// Ten devices at one site in one hour of the day, numbered from `first`.
fn group(first: u8, day: i64, hour: i64) -> Vec<BikeRow> {
    (first..first + 10)
        .map(|device| row("a", day, hour, device, 1))
        .collect()
}

fn by_hour(fixture: &ReleasedDatasetFixture) -> Cube {
    fixture.cube(&["site", "at"], TimeBucketWidth::Hour, 5)
}

#[test]
fn what_was_released_stays_as_it_is() {
    for late in [
        LateDataPolicy::Never,
        LateDataPolicy::Wait,
        LateDataPolicy::Correct,
    ] {
        let mut fixture = ReleasedDatasetFixture::new(late);
        let cube = by_hour(&fixture);
        fixture.publish(&group(0, 0, 8), day(1));
        fixture.stage(&[&cube]);
        assert_eq!(fixture.cells(&cube), ["a|2026-06-01T08:00:00Z|10|10|10"]);
        // One late person is not accepted.
        fixture.publish(
            &[group(0, 0, 8), vec![row("a", 0, 8, 99, 1)]].concat(),
            day(1),
        );
        fixture.stage(&[&cube]);
        let cells = fixture.cells(&cube);
        assert_eq!(cells, ["a|2026-06-01T08:00:00Z|10|10|10"], "{late:?}");
    }
}

/// Rows of many times the memory of a question are sorted on disk.
#[test]
fn more_rows_than_memory_are_released() {
    let mut fixture = ReleasedDatasetFixture::new(LateDataPolicy::Wait);
    let cube = by_hour(&fixture);
    let rows = 900_000;
    let all = (0..rows).map(|at| {
        let device = u8::try_from(at % 251).unwrap();
        row(
            ["a", "b", "c"][at % 3],
            0,
            i64::try_from(at % 24).unwrap(),
            device,
            1,
        )
    });
    fixture.publish(&all.collect::<Vec<_>>(), day(1));
    fixture.memory(24 << 20);
    fixture.stage(&[&cube]);
    let reported = fixture.cells(&cube);
    let counts = reported
        .iter()
        .map(|cell| cell.split('|').nth(2).unwrap().parse::<usize>().unwrap());
    assert_eq!(counts.sum::<usize>(), rows);
}

#[test]
fn late_rows_of_a_large_group_come_as_the_grid_says() {
    for (late, at_once, with_the_next) in [
        (LateDataPolicy::Never, 10, 10),
        (LateDataPolicy::Wait, 10, 16),
        (LateDataPolicy::Correct, 16, 16),
    ] {
        let mut fixture = ReleasedDatasetFixture::new(late);
        let cube = by_hour(&fixture);
        fixture.publish(&group(0, 0, 8), day(1));
        fixture.stage(&[&cube]);
        let late_ones: Vec<BikeRow> = (50..56).map(|device| row("a", 0, 8, device, 1)).collect();
        let all = [group(0, 0, 8), late_ones].concat();
        let shown = |n: i64| format!("a|2026-06-01T08:00:00Z|{n}|{n}|{n}");
        fixture.publish(&all, day(1));
        fixture.stage(&[&cube]);
        assert_eq!(fixture.cells(&cube), [shown(at_once)], "{late:?}");
        fixture.publish(&all, day(2));
        fixture.stage(&[&cube]);
        assert_eq!(fixture.cells(&cube), [shown(with_the_next)], "{late:?}");
    }
}

/// The difference between the first and the third release: each step changed a large group, but the combination does not.
#[test]
fn no_small_group_comes_between_any_two_releases() {
    let mut fixture = ReleasedDatasetFixture::new(LateDataPolicy::Correct);
    let cube = by_hour(&fixture);
    fixture.publish(&group(0, 0, 8), day(1));
    fixture.stage(&[&cube]);
    let six: Vec<BikeRow> = (50..56).map(|device| row("a", 0, 8, device, 1)).collect();
    fixture.publish(&[group(0, 0, 8), six.clone()].concat(), day(1));
    fixture.stage(&[&cube]);
    assert_eq!(fixture.cells(&cube), ["a|2026-06-01T08:00:00Z|16|16|16"]);
    fixture.publish(&[group(0, 0, 8), six[..1].to_vec()].concat(), day(1));
    fixture.stage(&[&cube]);
    assert_eq!(fixture.cells(&cube), ["a|2026-06-01T08:00:00Z|16|16|16"]);
}

#[test]
fn a_period_is_released_when_it_is_over() {
    let mut fixture = ReleasedDatasetFixture::new(LateDataPolicy::Never);
    let cube = by_hour(&fixture);
    let rows = [group(0, 0, 8), group(0, 1, 9)].concat();
    fixture.publish(&rows, day(1));
    fixture.stage(&[&cube]);
    assert_eq!(fixture.cells(&cube), ["a|2026-06-01T08:00:00Z|10|10|10"]);
    fixture.publish(&rows, day(2));
    fixture.stage(&[&cube]);
    assert_eq!(fixture.cells(&cube).len(), 2);
    // Released periods are not due again.
    assert!(!fixture.stage(&[&cube]));
}

#[test]
fn a_period_of_a_source_that_does_not_change_is_released_when_it_is_over() {
    let mut fixture = ReleasedDatasetFixture::new(LateDataPolicy::Never);
    let cube = by_hour(&fixture);
    fixture.publish(&[group(0, 0, 8), group(0, 1, 9)].concat(), day(1));
    fixture.stage(&[&cube]);
    assert_eq!(fixture.cells(&cube).len(), 1);
    fixture.looked_at(day(2));
    fixture.stage(&[&cube]);
    assert_eq!(
        fixture.cells(&cube),
        [
            "a|2026-06-01T08:00:00Z|10|10|10",
            "a|2026-06-02T09:00:00Z|10|10|10"
        ]
    );
    // Without a newer check of the sources, nothing is corrected.
    fixture.looked_at(day(1));
    assert!(!fixture.stage(&[&cube]));
}

#[test]
fn a_total_does_not_give_back_what_is_withheld() {
    let mut fixture = ReleasedDatasetFixture::new(LateDataPolicy::Never);
    let fine = by_hour(&fixture);
    let coarse = fixture.cube(&["site", "at"], TimeBucketWidth::Day, 5);
    // 10 devices at eight, 7 at nine, and 2 at ten, who are withheld.
    let nine: Vec<BikeRow> = (20..27).map(|device| row("a", 0, 9, device, 1)).collect();
    let ten: Vec<BikeRow> = (30..32).map(|device| row("a", 0, 10, device, 1)).collect();
    fixture.publish(&[group(0, 0, 8), nine, ten].concat(), day(1));
    fixture.stage(&[&fine, &coarse]);
    assert_eq!(fixture.cells(&coarse), ["a|2026-06-01T00:00:00Z|19|19|19"]);
    // The total minus the shown cells would reveal two devices, so the smaller shown cell is withheld, too.
    assert_eq!(fixture.cells(&fine), ["a|2026-06-01T08:00:00Z|10|10|10"]);
    let other = fixture.cube(&["at"], TimeBucketWidth::Day, 5);
    fixture.stage(&[&fine, &coarse, &other]);
    assert_eq!(fixture.cells(&other), ["2026-06-01T00:00:00Z|19|19|19"]);
}

#[test]
fn a_later_total_is_withheld_where_it_would_tell() {
    let mut fixture = ReleasedDatasetFixture::new(LateDataPolicy::Never);
    let fine = by_hour(&fixture);
    let coarse = fixture.cube(&["site", "at"], TimeBucketWidth::Day, 5);
    let ten: Vec<BikeRow> = (30..32).map(|device| row("a", 0, 10, device, 1)).collect();
    fixture.publish(&[group(0, 0, 8), ten].concat(), day(1));
    fixture.stage(&[&fine]);
    fixture.stage(&[&fine, &coarse]);
    assert_eq!(fixture.cells(&fine).len(), 1);
    assert!(fixture.cells(&coarse).is_empty());
}

#[test]
fn crossing_margins_are_not_released() {
    let mut fixture = ReleasedDatasetFixture::new(LateDataPolicy::Never);
    let first = fixture.cube(&["site", "at"], TimeBucketWidth::Day, 5);
    let crossing = fixture.cube(&["at"], TimeBucketWidth::Hour, 5);
    fixture.publish(&group(0, 0, 8), day(1));
    fixture.stage(&[&first]);
    let faults = fixture.faults(&[&first, &crossing]);
    assert_eq!(
        faults.iter().map(|fault| fault.code).collect::<Vec<_>>(),
        [ErrorCode::GridNotNested]
    );
}

#[test]
fn another_schema_goes_on_where_the_last_one_ended() {
    let mut fixture = ReleasedDatasetFixture::new(LateDataPolicy::Correct);
    let cube = by_hour(&fixture);
    fixture.publish(&group(0, 0, 8), day(1));
    fixture.stage(&[&cube]);
    fixture.rename();
    fixture.publish(
        &[group(0, 0, 8), group(0, 0, 8), group(0, 1, 9)].concat(),
        day(2),
    );
    fixture.stage(&[&cube]);
    assert_eq!(fixture.cells(&cube), ["a|2026-06-02T09:00:00Z|10|10|10"]);
}

#[test]
fn a_damaged_file_is_not_read() {
    let mut fixture = ReleasedDatasetFixture::new(LateDataPolicy::Never);
    let cube = by_hour(&fixture);
    fixture.publish(&group(0, 0, 8), day(1));
    fixture.stage(&[&cube]);
    let dataset = fixture.snapshot().dataset.clone();
    let released = open_released_cells(fixture.state(), &dataset).unwrap();
    let file = &released.cells[&cube.shape()];
    std::fs::write(file, b"something else").unwrap();
    assert_eq!(
        open_released_cells(fixture.state(), &dataset)
            .unwrap_err()
            .code,
        ErrorCode::SnapshotDamaged
    );
}

/// Two numbers whose sum overflows, and other numbers beside them.
fn too_much(site: &'static str, first: u8) -> Vec<BikeRow> {
    let mut rows = group(first, 0, 8);
    for row in &mut rows {
        row.site = Some(site);
    }
    rows[0].bikes = Some(i64::MAX);
    rows[1].bikes = Some(i64::MAX);
    rows
}

#[test]
fn a_total_beyond_its_type_is_not_released() {
    let mut fixture = ReleasedDatasetFixture::new(LateDataPolicy::Correct);
    let cube = by_hour(&fixture);
    fixture.publish(&[group(0, 0, 8), too_much("b", 20)].concat(), day(1));
    let faults = fixture.faults(&[&cube]);
    let codes: Vec<_> = faults.iter().map(|refusal| refusal.code).collect();
    assert_eq!(codes, [ErrorCode::SumOverflow], "{faults:?}");
    // Another cube of these rows is released: a fault affects one cube.
    let counts = Cube {
        measures: Vec::new(),
        functions: vec![CubeFunction::Count],
        ..by_hour(&fixture)
    };
    let faults = fixture.faults(&[&counts]);
    assert!(faults.is_empty(), "{faults:?}");
}

#[test]
fn a_correction_that_can_not_be_reported_holds_back_itself_alone() {
    let mut fixture = ReleasedDatasetFixture::new(LateDataPolicy::Correct);
    let cube = by_hour(&fixture);
    let both = [group(0, 0, 8), group(0, 1, 8)].concat();
    for on in [1, 2] {
        fixture.publish(&both, day(on));
        fixture.stage(&[&cube]);
    }
    // Late rows of two days; the sum of the first day overflows.
    let late = |on, bikes| -> Vec<BikeRow> {
        (50..56)
            .map(|device| row("a", on, 8, device, bikes))
            .collect()
    };
    let all = [both, late(0, i64::MAX / 2), late(1, 1), group(0, 2, 8)].concat();
    fixture.publish(&all, day(3));
    let faults = fixture.held_back(&[&cube]);
    let codes: Vec<_> = faults.iter().map(|refusal| refusal.code).collect();
    assert_eq!(codes, [ErrorCode::SumOverflow], "{faults:?}");
    assert_eq!(
        fixture.cells(&cube),
        [
            "a|2026-06-01T08:00:00Z|10|10|10",
            "a|2026-06-02T08:00:00Z|16|16|16",
            "a|2026-06-03T08:00:00Z|10|10|10",
        ]
    );
    // The base contains the rows of the cells.
    assert_eq!(fixture.base().len(), 10 + 16 + 10);
}

#[test]
fn a_withheld_total_beyond_its_type_fails_nothing() {
    let mut fixture = ReleasedDatasetFixture::new(LateDataPolicy::Correct);
    let cube = by_hour(&fixture);
    let few = || {
        too_much("b", 20)
            .into_iter()
            .take(4)
            .collect::<Vec<BikeRow>>()
    };
    fixture.publish(&[group(0, 0, 8), few()].concat(), day(1));
    fixture.stage(&[&cube]);
    assert_eq!(fixture.cells(&cube), ["a|2026-06-01T08:00:00Z|10|10|10"]);
    // The refusal also applies when released cells are recomputed.
    let late = (50..56).map(|device| row("a", 0, 8, device, 1)).collect();
    fixture.publish(&[group(0, 0, 8), few(), late].concat(), day(1));
    fixture.stage(&[&cube]);
    assert_eq!(fixture.cells(&cube), ["a|2026-06-01T08:00:00Z|16|16|16"]);
}

#[test]
fn how_many_units_there_are_and_how_far_they_differ_is_released_with_the_cells() {
    let mut fixture = ReleasedDatasetFixture::new(LateDataPolicy::Never);
    let cube = Cube {
        functions: vec![
            CubeFunction::Count,
            CubeFunction::Variance,
            CubeFunction::Units,
        ],
        ..by_hour(&fixture)
    };
    // Ten devices, one of which has two rows; in another hour only four of five have a value.
    let mut rows: Vec<BikeRow> = (0..10)
        .map(|device| row("a", 0, 8, device, device.into()))
        .collect();
    rows.push(row("a", 0, 8, 0, 10));
    rows.extend((0..5).map(|device| row("a", 0, 9, device, 3)));
    rows.last_mut().unwrap().bikes = None;
    fixture.publish(&rows, day(1));
    fixture.stage(&[&cube]);
    let cells = fixture.cells(&cube);
    // Site, hour, rows, units; values, sum, squared deviations from their mean of 5.
    assert_eq!(
        cells,
        [
            "a|2026-06-01T08:00:00Z|11|10|11|55|110.0",
            "a|2026-06-01T09:00:00Z|5|5|NULL|NULL|NULL",
        ]
    );
    // The next day is added; equal numbers of all units are not shown.
    fixture.publish(&[rows, group(0, 1, 8)].concat(), day(2));
    fixture.stage(&[&cube]);
    let both = fixture.cells(&cube);
    assert_eq!(both[..2], cells);
    assert_eq!(both[2..], ["a|2026-06-02T08:00:00Z|10|10|10|10|NULL"]);
    // Cells by day would reveal how many devices occur in several hours.
    let coarse = Cube {
        dimensions: fixture
            .cube(&["site", "at"], TimeBucketWidth::Day, 5)
            .dimensions,
        ..cube.clone()
    };
    let faults = fixture.faults(&[&cube, &coarse]);
    let codes: Vec<_> = faults.iter().map(|refusal| refusal.code).collect();
    assert_eq!(codes, [ErrorCode::GridNotNested], "{faults:?}");
}
