//! Simulated attack: values that can be inferred from all released cells.

mod regions;

use super::release_fixture::{BikeRow, ReleasedDatasetFixture, day};
use hansa_policy::effect::Cube;
use hansa_policy::id::SqlIdentifier;
use hansa_policy::value::cube::{CountingUnit, DominanceRule, DominanceTerm, LateDataPolicy};
use hansa_policy::value::time::TimeBucketWidth;
use hansa_test_support::property_cases::{number, seed};
use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use rand::{Rng as _, SeedableRng as _};
use regions::{regions, remainders};
use std::collections::{BTreeMap, BTreeSet};

/// Every sum and difference of the cells of one release that equals a region of fine cells must contain no unit or enough units.
/// This also holds for the remainder of a cell after the subtraction of all cells within it from any other release, and for the
/// change of a cell.
///
/// An atom is a set of fine cells that no published cell separates; nothing smaller can be inferred. The test therefore tries each
/// union of atoms without each union within it. Between two releases, it tries complete remainders only.
#[test]
fn nothing_that_can_be_reported_is_of_a_small_group() {
    let mut coverage = AttackCoverage::default();
    // Some seeds with many known cases, and random ones in each run.
    let fresh = seed("HANSA_SEED");
    for seed in (0..12).chain(fresh..fresh + number("HANSA_CASES", 4)) {
        case(seed, &mut coverage);
    }
    // The tries reach the intended cases.
    assert!(coverage.groups > 1000, "{coverage:?}");
    assert!(coverage.withheld > 20, "{coverage:?}");
    assert!(coverage.corrected > 1, "{coverage:?}");
    assert!(coverage.joined > 4, "{coverage:?}");
    assert!(coverage.several_rules > 4, "{coverage:?}");
}

#[derive(Debug, Default)]
struct AttackCoverage {
    groups: usize,
    withheld: usize,
    corrected: usize,
    joined: usize,
    several_rules: usize,
}

/// Fine cell: site and hour.
type FineCell = (String, String);

type CellRegion = BTreeSet<FineCell>;

/// Row of the base: its fine cell, unit and value.
type BaseRow = (FineCell, String, Option<i64>);

/// Published cell: the index of its cube, the finest being the first, and its content.
#[derive(Debug, Clone)]
struct PublishedCell {
    cube: usize,
    covers: CellRegion,
    shows_measure: bool,
}

/// Base rows and published cells of one step.
#[derive(Debug)]
struct ReleaseStep {
    base: Vec<BaseRow>,
    cells: Vec<PublishedCell>,
}

impl ReleaseStep {
    fn cells(&self, measure: bool) -> impl Iterator<Item = &PublishedCell> {
        let cell = self.cells.iter();
        cell.filter(move |cell| !measure || cell.shows_measure)
    }
}

fn case(seed: u64, coverage: &mut AttackCoverage) {
    let mut random = StdRng::seed_from_u64(seed);
    let late = [
        LateDataPolicy::Never,
        LateDataPolicy::Wait,
        LateDataPolicy::Correct,
        LateDataPolicy::Correct,
    ][random.random_range(0..4)];
    let mut fixture = ReleasedDatasetFixture::new(late);
    let cubes = cubes(&fixture, &mut random);
    let joins: Vec<usize> = cubes.iter().map(|_| random.random_range(0..4)).collect();
    let further = random.random_range(1..5);
    let mut rows: Vec<BikeRow> = (0..random.random_range(6..30))
        .map(|_| any(&mut random))
        .collect();
    let mut history: Vec<ReleaseStep> = Vec::new();
    for step in 0..5 {
        if step > 0 {
            change(&mut rows, &mut random);
        }
        let wanted: Vec<usize> = (0..cubes.len())
            .filter(|cube| joins[*cube] <= step)
            .collect();
        let asked: Vec<&Cube> = wanted.iter().map(|cube| &cubes[*cube]).collect();
        fixture.publish(&rows, day(if step < further { 1 } else { 2 }));
        fixture.stage(&asked);
        let base = base(&fixture);
        let cells: Vec<PublishedCell> = wanted
            .iter()
            .flat_map(|cube| published_cells(&fixture, *cube, &cubes[*cube], &base, seed))
            .collect();
        let groups: BTreeSet<&FineCell> = base.iter().map(|(fine, ..)| fine).collect();
        let shown = cells.iter().filter(|cell| cell.cube == 0).count();
        coverage.withheld += groups.len().saturating_sub(shown);
        if let Some(last) = history.last() {
            let new =
                |cell: &PublishedCell| last.cells.iter().all(|before| before.cube != cell.cube);
            coverage.corrected +=
                usize::from(step != further && !base.is_empty() && last.base != base);
            coverage.joined += usize::from(!last.cells.is_empty() && cells.iter().any(new));
        }
        history.push(ReleaseStep { base, cells });
    }
    let alike = cubes.iter().all(|cube| rule(cube) == rule(&cubes[0]));
    coverage.several_rules += usize::from(!alike);
    for measure in [false, true] {
        for (index, one) in history.iter().enumerate() {
            for (other_index, other) in history.iter().enumerate() {
                let place = || format!("seed {seed} {late:?} release {index} less {other_index}");
                regions(one, other, &cubes, measure, &mut random, coverage, &place);
                remainders(one, other, &cubes, measure, &place);
            }
        }
    }
}

/// Nested cubes, the finest first, with individual rules or a common one.
fn cubes(fixture: &ReleasedDatasetFixture, random: &mut StdRng) -> Vec<Cube> {
    let at_least = random.random_range(2..4);
    let mut cubes = vec![
        fixture.cube(&["site", "at"], TimeBucketWidth::Hour, at_least),
        fixture.cube(&["site", "at"], TimeBucketWidth::Day, at_least),
        fixture.cube(&["at"], TimeBucketWidth::Day, at_least),
    ];
    let by_rows = random.random_bool(0.2);
    let dominance = random.random_bool(0.5).then(|| DominanceTerm {
        measure: "bikes".parse().unwrap(),
        unit: "device".parse().unwrap(),
        rule: DominanceRule::P(20),
    });
    let several = random.random_bool(0.5);
    for cube in &mut cubes {
        let own = |random: &mut StdRng| several && random.random_bool(0.4);
        if own(random) {
            cube.at_least = random.random_range(1..6);
        }
        if by_rows != own(random) {
            cube.unit = CountingUnit::Rows;
        }
        if dominance.is_some() != own(random) {
            cube.dominance.extend(dominance.clone());
        }
    }
    cubes
}

fn rule(cube: &Cube) -> (u32, &CountingUnit, &[DominanceTerm]) {
    (cube.at_least, &cube.unit, &cube.dominance)
}

fn any(random: &mut StdRng) -> BikeRow {
    let sites = if random.random_bool(0.2) { 3 } else { 2 };
    let later = i64::from(random.random_bool(0.15)) * 24;
    BikeRow {
        site: [Some("a"), Some("b"), None][random.random_range(0..sites)],
        hour: later + random.random_range(8..11),
        device: random.random_bool(0.95).then(|| random.random_range(0..9)),
        bikes: random.random_bool(0.9).then(|| random.random_range(0..20)),
    }
}

/// Randomly adds, removes, moves and changes rows.
fn change(rows: &mut Vec<BikeRow>, random: &mut StdRng) {
    let more = random.random_range(0..8);
    rows.extend((0..more).map(|_| any(random)));
    if random.random_bool(0.4) {
        let gone = random.random_range(0..rows.len().min(6));
        rows.truncate(rows.len() - gone);
    }
    for _ in 0..random.random_range(0..4) {
        let row = random.random_range(0..rows.len());
        match random.random_range(0..3) {
            0 => rows[row].hour = any(random).hour,
            1 => rows[row].site = any(random).site,
            _ => rows[row].bikes = rows[row].bikes.map(|bikes| bikes + 1),
        }
    }
}

/// Rows of the base.
fn base(fixture: &ReleasedDatasetFixture) -> Vec<BaseRow> {
    let mut rows: Vec<BaseRow> = fixture
        .base()
        .iter()
        .map(|line| {
            let parts: Vec<&str> = line.split('|').collect();
            let hour = format!("{}:00:00Z", &parts[1][..13]);
            (
                (parts[0].to_owned(), hour),
                parts[2].to_owned(),
                parts[3].parse().ok(),
            )
        })
        .collect();
    rows.sort();
    rows
}

/// All possible fine cells.
fn all() -> CellRegion {
    let mut all = CellRegion::new();
    for site in ["a", "b", "NULL"] {
        for day in [1, 2] {
            let hours = 8..11;
            all.extend(hours.map(|hour| {
                let hour = format!("2026-06-{day:02}T{hour:02}:00:00Z");
                (site.to_owned(), hour)
            }));
        }
    }
    all
}

/// Published cells, with the values of the base.
fn published_cells(
    fixture: &ReleasedDatasetFixture,
    number: usize,
    cube: &Cube,
    base: &[BaseRow],
    seed: u64,
) -> Vec<PublishedCell> {
    let sited = cube.dimensions.len() == 2;
    let day = cube.dimensions.last().unwrap().bucket == Some(TimeBucketWidth::Day);
    let lines = fixture.cells(cube);
    lines
        .iter()
        .map(|line| {
            let mut parts: Vec<&str> = line.split('|').collect();
            let site = sited.then(|| parts.remove(0));
            let inside = |(own, hour): &FineCell| {
                site.is_none_or(|site| site == own)
                    && if day {
                        hour[..10] == parts[0][..10]
                    } else {
                        hour == parts[0]
                    }
            };
            let rows: Vec<&BaseRow> = base.iter().filter(|(fine, ..)| inside(fine)).collect();
            assert_eq!(parts[1], rows.len().to_string(), "seed {seed} {line}");
            let shows_measure = parts[2] != "NULL";
            if shows_measure {
                let values: Vec<i64> = rows.iter().filter_map(|row| row.2).collect();
                assert_eq!(parts[2], values.len().to_string(), "seed {seed} {line}");
                assert_eq!(
                    parts[3],
                    values.iter().sum::<i64>().to_string(),
                    "seed {seed} {line}"
                );
            }
            PublishedCell {
                cube: number,
                covers: all().into_iter().filter(inside).collect(),
                shows_measure,
            }
        })
        .collect()
}

/// Row with a sign for addition or subtraction. The flag is set if the unit has a row in this place in the other release too; then
/// no row from elsewhere can compensate for it.
type SignedRow<'a> = (i64, bool, &'a BaseRow);

/// Reason why a signed set of rows is too small to be disclosed by the rule of a cube. `None` if nothing remains.
fn fault(signed: &[SignedRow<'_>], cube: &Cube, measure: bool) -> Option<String> {
    // Remaining number of each value of each unit.
    let mut values: BTreeMap<(&str, i64, bool), i64> = BTreeMap::new();
    let staying = signed.iter().filter(|(_, stays, _)| *stays);
    let staying: BTreeSet<&str> = staying.map(|(_, _, row)| row.1.as_str()).collect();
    for (sign, stays, (_, unit, value)) in signed {
        // The values do not matter for counts.
        let value = if measure { value.unwrap_or(0) } else { 0 };
        *values.entry((unit, value, *stays)).or_default() += sign;
    }
    let mut units: BTreeMap<&str, (i64, i64)> = BTreeMap::new();
    for ((unit, value, _), many) in &values {
        let (count, sum) = units.entry(unit).or_default();
        *count += many;
        *sum += many * value;
    }
    units.retain(|unit, left| *left != (0, 0) || staying.contains(unit));
    if units.is_empty() {
        return None;
    }
    let many = match cube.unit {
        CountingUnit::Column(_) => units.keys().filter(|unit| **unit != "NULL").count(),
        CountingUnit::Rows => {
            // Rows have no identity: equal rows in one place cancel out. Rows in different places do not.
            let mut rows: BTreeMap<(&FineCell, i64), i64> = BTreeMap::new();
            for (sign, _, (fine, _, value)) in signed {
                let value = if measure { value.unwrap_or(0) } else { 0 };
                *rows.entry((fine, value)).or_default() += sign;
            }
            // For counts, equal numbers of added and removed rows cancel out anywhere in the cell.
            let counted_alike = !measure && rows.values().sum::<i64>() == 0;
            if counted_alike || rows.values().all(|many| *many == 0) {
                return None;
            }
            let of = |sign: i64| rows.values().map(|many| (many * sign).max(0)).sum::<i64>();
            usize::try_from(of(1).max(of(-1))).unwrap()
        }
    };
    let least = usize::try_from(cube.at_least).unwrap();
    if many < least {
        return Some(format!("{many} of {least}"));
    }
    let bikes: SqlIdentifier = "bikes".parse().unwrap();
    let mut rules = cube.dominance.iter();
    let rule = rules.find(|rule| measure && rule.measure == bikes)?;
    let DominanceRule::P(p) = rule.rule else {
        return None;
    };
    let mut each: Vec<i64> = units.values().map(|(_, sum)| sum.abs()).collect();
    each.sort_unstable_by(|one, other| other.cmp(one));
    let rest: i64 = each.iter().skip(2).sum();
    let most = each.first().copied().unwrap_or(0);
    (rest * 100 < most * i64::from(p)).then(|| format!("dominated {each:?}"))
}
