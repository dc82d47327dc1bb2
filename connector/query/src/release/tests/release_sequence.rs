//! Combinations of several releases, and of contracts with different rules.

use super::release_fixture::{BikeRow, ReleasedDatasetFixture, day, row};
use hansa_policy::effect::Cube;
use hansa_policy::value::cube::{CountingUnit, DominanceRule, DominanceTerm, LateDataPolicy};
use hansa_policy::value::time::TimeBucketWidth;

/// One row for each device, starting at `first`.
fn devices(site: &'static str, hour: i64, first: u8, many: u8, bikes: i64) -> Vec<BikeRow> {
    (first..first + many)
        .map(|device| row(site, 0, hour, device, bikes))
        .collect()
}

fn dominance() -> Vec<DominanceTerm> {
    vec![DominanceTerm {
        measure: "bikes".parse().unwrap(),
        unit: "device".parse().unwrap(),
        rule: DominanceRule::P(15),
    }]
}

/// The earlier total minus the current hours, which were released later, would reveal one person.
#[test]
fn a_later_cube_does_not_tell_of_an_earlier_release() {
    for late in [LateDataPolicy::Correct, LateDataPolicy::Wait] {
        let mut fixture = ReleasedDatasetFixture::new(late);
        let total = fixture.cube(&["site", "at"], TimeBucketWidth::Day, 5);
        let hours = fixture.cube(&["site", "at"], TimeBucketWidth::Hour, 5);
        let before = [devices("a", 8, 50, 1, 1), devices("a", 9, 0, 10, 1)].concat();
        fixture.publish(&before, day(1));
        fixture.stage(&[&total]);
        assert_eq!(fixture.cells(&total), ["a|2026-06-01T00:00:00Z|11|11|11"]);
        fixture.publish(&[before, devices("a", 8, 60, 6, 1)].concat(), day(2));
        fixture.stage(&[&total]);
        assert_eq!(fixture.cells(&total), ["a|2026-06-01T00:00:00Z|17|17|17"]);
        fixture.stage(&[&total, &hours]);
        let shown = fixture.cells(&hours);
        let nine = |line: &String| line.starts_with("a|2026-06-01T09");
        assert!(!shown.iter().any(nine), "{late:?} {shown:?}");
    }
}

/// The hours come first: the current total minus the earlier hours.
#[test]
fn a_later_total_does_not_tell_of_an_earlier_release() {
    let mut fixture = ReleasedDatasetFixture::new(LateDataPolicy::Correct);
    let total = fixture.cube(&["site", "at"], TimeBucketWidth::Day, 5);
    let hours = fixture.cube(&["site", "at"], TimeBucketWidth::Hour, 5);
    let nine = devices("a", 9, 0, 10, 1);
    fixture.publish(&nine, day(1));
    fixture.stage(&[&hours]);
    // Six units move to a withheld hour and one is added: the hour changes by seven units, the total by one.
    let moved = [
        devices("a", 8, 0, 5, 1),
        devices("a", 8, 50, 1, 1),
        devices("a", 9, 5, 5, 1),
    ];
    fixture.publish(&moved.concat(), day(1));
    fixture.stage(&[&hours]);
    assert_eq!(fixture.cells(&hours), ["a|2026-06-01T09:00:00Z|5|5|5"]);
    fixture.stage(&[&hours, &total]);
    assert!(
        fixture.cells(&total).is_empty(),
        "{:?}",
        fixture.cells(&total)
    );
}

/// A changed row is one row, not one removed and one added.
#[test]
fn a_changed_row_is_one_row() {
    let mut fixture = ReleasedDatasetFixture::new(LateDataPolicy::Correct);
    let mut cube = fixture.cube(&["site", "at"], TimeBucketWidth::Hour, 2);
    cube.unit = CountingUnit::Rows;
    fixture.publish(&devices("a", 8, 0, 4, 1), day(1));
    fixture.stage(&[&cube]);
    let mut changed = devices("a", 8, 0, 4, 1);
    changed[0].bikes = Some(50);
    fixture.publish(&changed, day(1));
    fixture.stage(&[&cube]);
    assert_eq!(fixture.cells(&cube), ["a|2026-06-01T08:00:00Z|4|4|4"]);
    changed[1].bikes = Some(7);
    fixture.publish(&changed, day(1));
    fixture.stage(&[&cube]);
    assert_eq!(fixture.cells(&cube), ["a|2026-06-01T08:00:00Z|4|4|59"]);
}

/// Three units with a change of one each do not hide a fourth with a change of five hundred.
#[test]
fn what_few_dominate_of_a_change_is_not_reported() {
    let mut fixture = ReleasedDatasetFixture::new(LateDataPolicy::Correct);
    let mut cube = fixture.cube(&["site", "at"], TimeBucketWidth::Hour, 3);
    cube.dominance = dominance();
    let before = [devices("a", 8, 0, 3, 100), devices("a", 8, 3, 1, 0)].concat();
    fixture.publish(&before, day(1));
    fixture.stage(&[&cube]);
    let shown = ["a|2026-06-01T08:00:00Z|4|4|300"];
    assert_eq!(fixture.cells(&cube), shown);
    let after = [devices("a", 8, 0, 3, 101), devices("a", 8, 3, 1, 500)].concat();
    fixture.publish(&after, day(1));
    fixture.stage(&[&cube]);
    assert_eq!(fixture.cells(&cube), shown);
}

/// One unit moves out where another moves in, each among many others: in the total they cancel out, and two remain.
#[test]
fn who_only_moves_does_not_count_in_the_total() {
    let mut fixture = ReleasedDatasetFixture::new(LateDataPolicy::Correct);
    let hours = fixture.cube(&["site", "at"], TimeBucketWidth::Hour, 5);
    let total = fixture.cube(&["site", "at"], TimeBucketWidth::Day, 5);
    let (eight, nine) = (devices("a", 8, 0, 10, 1), devices("a", 9, 20, 10, 1));
    let before = [
        eight.clone(),
        nine.clone(),
        devices("a", 8, 40, 5, 1),
        devices("a", 8, 50, 1, 3),
    ];
    fixture.publish(&before.concat(), day(1));
    fixture.stage(&[&hours, &total]);
    let shown = (fixture.cells(&hours), fixture.cells(&total));
    assert_eq!((shown.0.len(), shown.1.len()), (2, 1));
    let after = [
        eight,
        nine,
        devices("a", 9, 40, 5, 1),
        devices("a", 9, 60, 1, 8),
    ];
    fixture.publish(&after.concat(), day(1));
    fixture.stage(&[&hours, &total]);
    assert_eq!((fixture.cells(&hours), fixture.cells(&total)), shown);
}

/// Equal rows in another order are no correction, even if rounding changes their sums.
#[test]
fn the_same_rows_in_another_order_are_no_release() {
    let mut fixture = ReleasedDatasetFixture::new(LateDataPolicy::Correct);
    let mut cube = fixture.cube(&["site", "at"], TimeBucketWidth::Hour, 5);
    cube.measures = vec!["other".parse().unwrap()];
    let mut rows = devices("a", 8, 0, 20, 10);
    rows[0].bikes = Some(100_000_000_000_000_000);
    fixture.publish(&rows, day(1));
    fixture.stage(&[&cube]);
    let before = (fixture.cells(&cube), fixture.releases());
    rows.reverse();
    fixture.publish(&rows, day(1));
    fixture.stage(&[&cube]);
    assert_eq!((fixture.cells(&cube), fixture.releases()), before);
}

/// A subtracted cell in between does not enlarge the remainder of the total.
#[test]
fn no_cell_is_withheld_without_need() {
    let mut fixture = ReleasedDatasetFixture::new(LateDataPolicy::Never);
    let total = fixture.cube(&["at"], TimeBucketWidth::Day, 5);
    let sites = fixture.cube(&["site", "at"], TimeBucketWidth::Day, 10);
    let hours = fixture.cube(&["site", "at"], TimeBucketWidth::Hour, 5);
    let mut elsewhere = devices("b", 8, 50, 6, 1);
    for row in &mut elsewhere {
        row.site = None;
    }
    let rows = [
        devices("a", 8, 0, 15, 1),
        devices("a", 9, 20, 5, 1),
        devices("b", 8, 30, 5, 1),
        devices("b", 9, 40, 1, 1),
        elsewhere,
    ];
    fixture.publish(&rows.concat(), day(1));
    fixture.stage(&[&total, &sites, &hours]);
    assert_eq!(fixture.cells(&sites), ["a|2026-06-01T00:00:00Z|20|20|20"]);
    assert_eq!(
        fixture.cells(&hours),
        [
            "a|2026-06-01T08:00:00Z|15|15|15",
            "a|2026-06-01T09:00:00Z|5|5|5"
        ]
    );
}

/// A series by days continues by months with the first complete month.
#[test]
fn a_longer_period_begins_whole() {
    let mut fixture = ReleasedDatasetFixture::new(LateDataPolicy::Correct);
    let days = fixture.cube(&["site", "at"], TimeBucketWidth::Day, 5);
    let group =
        |day: i64| -> Vec<BikeRow> { (0..10).map(|one| row("a", day, 8, one, 1)).collect() };
    fixture.publish(&group(0), day(5));
    fixture.stage(&[&days]);
    fixture.every(TimeBucketWidth::Month);
    let months = fixture.cube(&["site", "at"], TimeBucketWidth::Month, 5);
    let rows = [group(0), group(10), group(35)].concat();
    // June was started by days, so July is the first complete month.
    fixture.publish(&rows, day(40));
    fixture.stage(&[&months]);
    assert!(fixture.cells(&months).is_empty());
    fixture.publish(&rows, day(70));
    fixture.stage(&[&months]);
    assert_eq!(fixture.cells(&months), ["a|2026-07-01T00:00:00Z|10|10|10"]);
}

/// A file is not removed while it is being written, although it has no reader yet.
#[test]
fn what_is_being_released_is_not_swept_away() {
    let mut fixture = ReleasedDatasetFixture::new(LateDataPolicy::Never);
    let cube = fixture.cube(&["site", "at"], TimeBucketWidth::Hour, 5);
    fixture.publish(&devices("a", 8, 0, 10, 1), day(1));
    fixture.stage(&[&cube]);
    let dataset = fixture.snapshot().dataset.clone();
    let file = crate::snapshot::dataset_dir::DatasetDir::new(fixture.state(), &dataset.id.name)
        .releases()
        .join("rows-1-9.parquet");
    std::fs::write(&file, b"half").unwrap();
    crate::release::open_released_cells(fixture.state(), &dataset).unwrap();
    assert!(file.exists());
    crate::release::sweep_releases(fixture.state(), &dataset.id.name).unwrap();
    assert!(!file.exists());
    // Later releases need the rows of the released cells, so missing rows are reported at once.
    let folder = file.parent().unwrap();
    let rows = std::fs::read_dir(folder).unwrap().flatten();
    let mut rows = rows.filter(|entry| entry.file_name().to_string_lossy().starts_with("rows-"));
    std::fs::remove_file(rows.next().unwrap().path()).unwrap();
    let refusal = crate::release::open_released_cells(fixture.state(), &dataset).unwrap_err();
    assert_eq!(refusal.code, hansa_policy::refusal::ErrorCode::StateBroken);
}

/// Two contracts with different rules: the total of one must not reveal what the stricter one withholds.
#[test]
fn a_remainder_keeps_the_rules_of_those_taken_away() {
    let strict = |fixture: &ReleasedDatasetFixture| -> Vec<Cube> {
        let enough = fixture.cube(&["site", "at"], TimeBucketWidth::Day, 10);
        let mut dominated = fixture.cube(&["site", "at"], TimeBucketWidth::Day, 5);
        dominated.dominance = dominance();
        vec![enough, dominated]
    };
    for which in 0..2 {
        for finer_first in [false, true] {
            let mut fixture = ReleasedDatasetFixture::new(LateDataPolicy::Never);
            let sites = strict(&fixture).swap_remove(which);
            let total = fixture.cube(&["at"], TimeBucketWidth::Day, 5);
            let mut at_b = devices("b", 8, 30, 7, 1);
            at_b[0].bikes = Some(900);
            fixture.publish(&[devices("a", 8, 0, 10, 100), at_b].concat(), day(1));
            if finer_first {
                fixture.stage(&[&sites]);
            }
            fixture.stage(&[&sites, &total]);
            let (sites, total) = (fixture.cells(&sites), fixture.cells(&total));
            let sums = |lines: &[String]| {
                let shown = lines.iter().filter(|line| !line.ends_with("|NULL"));
                shown.count()
            };
            assert!(
                sums(&sites) == 0 || sums(&total) == 0 || sums(&sites) == 2,
                "{which} {sites:?} {total:?}"
            );
        }
    }
}
