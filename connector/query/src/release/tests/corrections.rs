//! Corrections and totals, and the disclosure by their differences.

use super::*;

/// The remainder of a cell after a correction must be a large group, too.
#[test]
fn a_correction_leaves_no_small_group() {
    for left in [2, 0] {
        let mut fixture = ReleasedDatasetFixture::new(LateDataPolicy::Correct);
        let cube = by_hour(&fixture);
        fixture.publish(&group(0, 0, 8), day(1));
        fixture.stage(&[&cube]);
        fixture.publish(&[&group(0, 0, 8)[..left], &group(0, 0, 9)].concat(), day(1));
        fixture.stage(&[&cube]);
        assert_eq!(
            fixture.cells(&cube),
            ["a|2026-06-01T08:00:00Z|10|10|10"],
            "{left}"
        );
    }
}

#[test]
fn a_correction_leaves_no_small_remainder() {
    let mut fixture = ReleasedDatasetFixture::new(LateDataPolicy::Correct);
    let fine = by_hour(&fixture);
    let coarse = fixture.cube(&["site", "at"], TimeBucketWidth::Day, 5);
    let few = |hour: i64, first: u8, many: u8| -> Vec<BikeRow> {
        (first..first + many)
            .map(|device| row("a", 0, hour, device, 1))
            .collect()
    };
    fixture.publish(
        &[group(0, 0, 8), few(9, 20, 3), few(10, 30, 3)].concat(),
        day(1),
    );
    fixture.stage(&[&fine, &coarse]);
    assert_eq!(fixture.cells(&fine).len(), 1);
    let total = ["a|2026-06-01T00:00:00Z|16|16|16"];
    assert_eq!(fixture.cells(&coarse), total);
    // Five devices leave the two withheld hours, and one stays.
    fixture.publish(&[group(0, 0, 8), few(9, 20, 1)].concat(), day(1));
    fixture.stage(&[&fine, &coarse]);
    assert_eq!(fixture.cells(&coarse), total);
}

/// Each contract counts its own unit: a group may be large enough for one and too small for another.
#[test]
fn a_correction_keeps_each_threshold() {
    let mut fixture = ReleasedDatasetFixture::new(LateDataPolicy::Correct);
    let mut fine = by_hour(&fixture);
    fine.unit = hansa_policy::value::cube::CountingUnit::Rows;
    let coarse = fixture.cube(&["site", "at"], TimeBucketWidth::Day, 5);
    fixture.publish(&group(0, 0, 8), day(1));
    fixture.stage(&[&fine, &coarse]);
    let of_two: Vec<BikeRow> = (0..10).map(|index| row("a", 0, 8, index % 2, 3)).collect();
    fixture.publish(&of_two, day(1));
    fixture.stage(&[&fine, &coarse]);
    assert_eq!(fixture.cells(&coarse), ["a|2026-06-01T00:00:00Z|10|10|10"]);
}

/// The remainder of a day after the subtraction of an hour must not reveal single values.
#[test]
fn a_variance_does_not_give_back_what_is_withheld() {
    for fine_first in [true, false] {
        let mut fixture = ReleasedDatasetFixture::new(LateDataPolicy::Never);
        let functions = vec![
            CubeFunction::Count,
            CubeFunction::Sum,
            CubeFunction::Variance,
        ];
        let fine = Cube {
            functions: functions.clone(),
            ..by_hour(&fixture)
        };
        let coarse = Cube {
            functions,
            ..fixture.cube(&["site", "at"], TimeBucketWidth::Day, 5)
        };
        // At eight all values differ, at nine all are equal.
        let eight = (0..10).map(|device| row("a", 0, 8, device, device.into()));
        let rows: Vec<BikeRow> = eight.chain(group(20, 0, 9)).collect();
        fixture.publish(&rows, day(1));
        fixture.stage(&[if fine_first { &fine } else { &coarse }]);
        fixture.stage(&[&fine, &coarse]);
        let report = |cube: &Cube| -> Vec<bool> {
            let cells = fixture.cells(cube);
            assert!(
                cells
                    .iter()
                    .all(|cell| cell.contains("|10|10|") || cell.contains("|20|20|55|"))
            );
            cells.iter().map(|cell| !cell.ends_with("|NULL")).collect()
        };
        assert_eq!(report(&fine), [fine_first, false], "{fine_first}");
        assert_eq!(report(&coarse), [!fine_first], "{fine_first}");
    }
}
