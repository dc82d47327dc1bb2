//! Noisy cells: drawn once, charged once, for the complete domain of the contract, and with bounded contributions.

use super::group;
use super::release_fixture::{BikeRow, ReleasedDatasetFixture, day, row};
use hansa_policy::refusal::ErrorCode;
use hansa_policy::value::cube::LateDataPolicy;
use hansa_policy::value::time::TimeBucketWidth;
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};

/// Fixture whose first day has ended and whose rows are staged.
fn world(rows: &[BikeRow], until: i64) -> ReleasedDatasetFixture {
    let mut fixture = ReleasedDatasetFixture::new(LateDataPolicy::Never);
    publish(&mut fixture, rows, until);
    fixture
}

fn publish(fixture: &mut ReleasedDatasetFixture, rows: &[BikeRow], until: i64) {
    fixture.publish(rows, day(until));
    fixture.stage(&[]);
}

#[test]
fn noise_is_drawn_once_and_what_is_spent_is_counted() {
    let mut fixture = world(&group(0, 0, 8), 1);
    let cube = fixture.noisy("0.5", "1", TimeBucketWidth::Day);
    fixture.draw(&[&cube], 1, false);
    let reported = fixture.cells(&cube);
    assert_eq!(reported.len(), 48);
    assert_eq!(fixture.spent(), [("device".to_owned(), 0, 500_000, false)]);
    // Nothing is due again, so there are no further values to average.
    for _ in 0..3 {
        publish(&mut fixture, &[group(0, 0, 8), group(20, 0, 9)].concat(), 1);
        fixture.draw(&[&cube], 100, false);
        assert_eq!(fixture.cells(&cube), reported);
        assert_eq!(fixture.spent().len(), 1);
    }
    // The next day has its own cells and its own cost.
    publish(&mut fixture, &group(0, 1, 8), 2);
    fixture.draw(&[&cube], 9, false);
    let more = fixture.cells(&cube);
    assert_eq!(more.len(), 96);
    assert!(reported.iter().all(|line| more.contains(line)));
    assert_eq!(fixture.spent().len(), 2);
    let facts = &fixture.released().facts;
    assert!(
        facts
            .iter()
            .all(|fact| fact.epsilon.as_deref() == Some("0.5"))
    );
}

/// The process ends after the budget was charged, or after the cells were drawn and before their record.
#[test]
fn an_interrupted_release_goes_on_with_the_same_noise() {
    let mut fixture = world(&group(0, 0, 8), 1);
    let cube = fixture.noisy("0.5", "0.5", TimeBucketWidth::Day);
    let (_, lost) = fixture.draw(&[&cube], 1, true);
    assert_eq!(fixture.spent(), [("device".to_owned(), 0, 500_000, true)]);
    assert!(fixture.cells(&cube).is_empty());
    let (_, again) = fixture.draw(&[&cube], 50, true);
    let (faults, kept) = fixture.draw(&[&cube], 99, false);
    assert!(faults.is_empty(), "{faults:?}");
    assert_eq!(lost, again);
    assert_eq!(lost, kept);
    assert_eq!(fixture.cells(&cube), kept[0]);
    // The budget is charged once, and the seed is deleted, so the noise can't be removed.
    assert_eq!(fixture.spent(), [("device".to_owned(), 0, 500_000, false)]);
}

/// Noise drawn for some rows is never applied to others: the difference would be exact.
#[test]
fn the_same_noise_is_not_put_over_other_rows() {
    let mut fixture = world(&group(0, 0, 8), 1);
    let cube = fixture.noisy("0.5", "0.5", TimeBucketWidth::Day);
    fixture.draw(&[&cube], 1, true);
    let directory =
        crate::snapshot::dataset_dir::DatasetDir::new(fixture.state(), &"counts".parse().unwrap());
    let mut series = super::history::load_history(&directory.releases())
        .unwrap()
        .unwrap();
    series.spent[0].rows = "0".repeat(64);
    super::history::save_history(&directory.releases(), &series).unwrap();
    let cubes = [cube];
    let done = crate::release::stage_drawn(
        fixture.snapshot(),
        &cubes,
        fixture.state(),
        &crate::limits::QueryResourceLimits::default(),
        day(9),
        &|| [3; 32],
    );
    assert_eq!(done.unwrap_err().code, ErrorCode::StateBroken);
}

#[test]
fn what_is_spent_adds_up_over_all_contracts() {
    let mut fixture = world(&group(0, 0, 8), 3);
    let one = fixture.noisy("0.5", "1", TimeBucketWidth::Month);
    let mut other = fixture.noisy("0.25", "1", TimeBucketWidth::Month);
    other.dimensions.truncate(2);
    other.dimensions.swap(0, 1);
    other.dimensions[0].bucket = Some(TimeBucketWidth::Day);
    let (faults, _) = fixture.draw(&[&one, &other], 1, false);
    // Each of three days would cost 0.75 for each contract: the first day is granted, the second for one contract, the third for
    // none.
    let spent: u64 = fixture.spent().iter().map(|(.., each, _)| each).sum();
    assert_eq!(spent, 1_000_000);
    assert!(
        faults
            .iter()
            .all(|fault| fault.code == ErrorCode::PrivacyBudgetSpent)
    );
    assert_eq!(faults.len() + fixture.spent().len(), 6);
    // A third contract has no budget left, even one with a higher maximum, because the earlier limits apply.
    let third = fixture.noisy("0.1", "5", TimeBucketWidth::Month);
    let (faults, _) = fixture.draw(&[&third], 5, false);
    assert_eq!(faults.len(), 3);
    assert!(fixture.cells(&third).is_empty());
    assert_eq!(fixture.released().lacking[&third.shape()].len(), 3);
    // Another month has another budget; 30 days at 0.5 each exceed it.
    publish(&mut fixture, &group(0, 31, 8), 33);
    let (faults, _) = fixture.draw(&[&one], 7, false);
    let of_july = fixture
        .spent()
        .iter()
        .filter(|(_, on, ..)| *on >= 30)
        .count();
    assert_eq!(of_july, 2);
    assert!(!faults.is_empty());
}

#[test]
fn another_unit_has_a_budget_of_its_own() {
    let mut fixture = world(&group(0, 0, 8), 1);
    let one = fixture.noisy("1", "1", TimeBucketWidth::Day);
    let mut other = fixture.noisy("1", "1", TimeBucketWidth::Day);
    if let Some(budget) = &mut other.budget {
        budget.unit = "site".parse().unwrap();
    }
    let (faults, _) = fixture.draw(&[&one, &other], 1, false);
    assert!(faults.is_empty());
    assert_eq!(fixture.spent().len(), 2);
}

/// The set of cells reveals nothing: it is equal for no rows, for rows without a unit and for rows elsewhere.
#[test]
fn cells_are_there_whether_there_are_rows_or_not() {
    let named = |rows: &[BikeRow]| {
        let mut fixture = world(rows, 1);
        let cube = fixture.noisy("1", "1", TimeBucketWidth::Day);
        fixture.draw(&[&cube], 1, false);
        let cells = fixture.cells(&cube);
        let named = cells.iter().map(|line| {
            let parts: Vec<&str> = line.split('|').collect();
            format!("{} {}", parts[0], parts[1])
        });
        named.collect::<Vec<_>>()
    };
    let nobody = BikeRow {
        device: None,
        ..row("b", 0, 9, 0, 1)
    };
    let all = named(&[]);
    assert_eq!(all.len(), 48);
    assert_eq!(all, named(&group(0, 0, 8)));
    assert_eq!(all, named(&[nobody, row("elsewhere", 0, 9, 1, 1)]));
}

/// Without all rows of any one unit, the values of a kind differ in total by no more than the sensitivity of the noise.
#[test]
fn no_unit_puts_more_into_the_cells_than_the_noise_hides() {
    let mut most = [0; 3];
    for seed in 0..40 {
        let mut random = StdRng::seed_from_u64(seed);
        let rows: Vec<BikeRow> = (0..random.random_range(10..120))
            .map(|_| BikeRow {
                site: [Some("a"), Some("b"), Some("c"), None][random.random_range(0..4)],
                hour: random.random_range(6..14),
                device: random.random_bool(0.95).then(|| random.random_range(0..6)),
                bikes: random
                    .random_bool(0.9)
                    .then(|| random.random_range(-40..60)),
            })
            .collect();
        let mut all = world(&rows, 1);
        let mut cube = all.noisy("1", "1", TimeBucketWidth::Day);
        let budget = cube.budget.as_mut().unwrap();
        (budget.cells, budget.rows) = (random.random_range(1..4), random.random_range(1..4));
        let budget = budget.clone();
        let with = all.exact(&cube, 0);
        for unit in 0..6 {
            let others: Vec<BikeRow> = rows
                .iter()
                .filter(|row| row.device != Some(unit))
                .cloned()
                .collect();
            all.publish(&others, day(1));
            let without = all.exact(&cube, 0);
            for (kind, (with, without)) in with.iter().zip(&without).enumerate() {
                let far: i128 = with
                    .iter()
                    .zip(without)
                    .map(|(one, other)| (one - other).abs())
                    .sum();
                let reach = budget.sensitivity(if kind == 2 { 10 } else { 1 });
                assert!(
                    far.unsigned_abs() <= reach,
                    "seed {seed} unit {unit} kind {kind}: {far} of {reach}"
                );
                most[kind] = most[kind].max(far.unsigned_abs() * 100 / reach);
            }
        }
    }
    // The tries come close to the permitted sensitivity.
    assert!(most.iter().all(|percent| *percent > 80), "{most:?}");
}

/// The noise exists, has the required scale, and is centred on the exact values.
#[test]
fn numbers_are_near_the_exact_ones_and_not_the_same() {
    let rows: Vec<BikeRow> = (0..8)
        .flat_map(|hour| group(hour as u8 * 10, 0, hour))
        .collect();
    let mut fixture = world(&rows, 1);
    let cube = fixture.noisy("0.1", "1", TimeBucketWidth::Day);
    let exact = fixture.exact(&cube, 0);
    fixture.draw(&[&cube], 1, false);
    let reported: Vec<Vec<i128>> = fixture
        .cells(&cube)
        .iter()
        .map(|line| {
            line.split('|')
                .skip(2)
                .map(|one| one.parse().unwrap())
                .collect()
        })
        .collect();
    // Two cells of a unit, three kinds of values, epsilon 0.1: scale 60 for counts, ten times as much for sums.
    for (kind, scale) in [(0, 60.0), (1, 60.0), (2, 600.0)] {
        let off: Vec<f64> = reported
            .iter()
            .zip(&exact[kind])
            .map(|(reported, exact)| (reported[kind] - exact) as f64)
            .collect();
        let mean = off.iter().sum::<f64>() / off.len() as f64;
        let wide = off.iter().map(|off| off.abs()).sum::<f64>() / off.len() as f64;
        assert!(
            (scale * 0.6..scale * 1.6).contains(&wide),
            "{kind}: {wide} of {scale}"
        );
        assert!(mean.abs() < scale * 0.7, "{kind}: {mean}");
    }
    assert!(exact[0].iter().sum::<i128>() == 80);
}

/// Drawn cells are charged and can't be drawn again, so they are not removed; replaced files are.
#[test]
fn drawn_cells_are_not_swept_away() {
    let mut fixture = world(&group(0, 0, 8), 1);
    let cube = fixture.noisy("0.5", "1", TimeBucketWidth::Day);
    fixture.draw(&[&cube], 1, false);
    let first = fixture.released().cells[&cube.shape()].clone();
    publish(&mut fixture, &group(0, 1, 8), 2);
    fixture.draw(&[&cube], 9, false);
    let reported = fixture.cells(&cube);
    crate::release::sweep_releases(fixture.state(), &"counts".parse().unwrap()).unwrap();
    assert!(!first.exists());
    assert_eq!(fixture.cells(&cube), reported);
}
