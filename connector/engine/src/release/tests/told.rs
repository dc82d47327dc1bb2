//! What can be told from all that was released, found out by trying.

use super::world::{Row, World, day};
use policy::effect::Cube;
use policy::term::dominance::{Dominance, Dominant};
use policy::term::release::Late;
use policy::term::{Bucket, Unit};
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use std::collections::{BTreeMap, BTreeSet};

/// Whatever somebody adds and takes away of all the cells that he has seen, in every release: where it comes to whole fine
/// cells, it is of no unit or of enough of them, and so is what became of it between any two releases.
#[test]
fn nothing_that_can_be_told_is_of_a_small_group() {
    let mut met = Met::default();
    for seed in 0..cases() {
        case(seed, &mut met);
    }
    // The tries meet what they are there for.
    assert!(met.groups > 200, "{met:?}");
    assert!(met.withheld > 20, "{met:?}");
    assert!(met.corrected > 2, "{met:?}");
}

#[derive(Debug, Default)]
struct Met {
    groups: usize,
    withheld: usize,
    corrected: usize,
}

fn cases() -> u64 {
    std::env::var("HANSA_CASES")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(12)
}

/// A fine cell: site and hour.
type Fine = (String, String);

/// A row of the base: its fine cell, its unit, its value.
type Seen = (Fine, String, Option<i64>);

/// One published cell: of which cube, and its line.
#[derive(Debug, Clone)]
struct Told {
    covers: BTreeSet<Fine>,
    shows_measure: bool,
}

fn case(seed: u64, met: &mut Met) {
    let mut random = StdRng::seed_from_u64(seed);
    let late = [Late::Wait, Late::Correct][random.random_range(0..2)];
    let mut world = World::new(late);
    let at_least = random.random_range(2..4);
    let mut cubes = vec![
        world.cube(&["site", "at"], Bucket::Hour, at_least),
        world.cube(&["site", "at"], Bucket::Day, at_least),
        world.cube(&["at"], Bucket::Day, at_least),
    ];
    let rows_count = random.random_bool(0.2);
    for cube in &mut cubes {
        if rows_count {
            cube.unit = Unit::Rows;
        } else if seed.is_multiple_of(2) {
            cube.dominance = vec![Dominance {
                measure: "bikes".parse().unwrap(),
                unit: "device".parse().unwrap(),
                rule: Dominant::P(20),
            }];
        }
    }
    let first: Vec<&Cube> = cubes.iter().filter(|_| random.random_bool(0.6)).collect();
    let mut rows: Vec<Row> = (0..random.random_range(6..30))
        .map(|_| any(&mut random))
        .collect();
    let all: Vec<&Cube> = cubes.iter().collect();
    let mut history: Vec<(Vec<Seen>, Vec<Told>)> = Vec::new();
    for step in 0..4 {
        if step > 0 {
            let more = random.random_range(0..8);
            rows.extend((0..more).map(|_| any(&mut random)));
            if random.random_bool(0.4) && !rows.is_empty() {
                let gone = random.random_range(0..rows.len().min(4));
                rows.truncate(rows.len() - gone);
            }
        }
        let wanted = if step < 2 { &first } else { &all };
        world.publish(&rows, day(if step < 3 { 1 } else { 2 }));
        world.stage(wanted);
        let base = base(&world);
        let told: Vec<Told> = wanted
            .iter()
            .flat_map(|cube| told(&world, cube, &base, seed))
            .collect();
        let groups: BTreeSet<&Fine> = base.iter().map(|(fine, ..)| fine).collect();
        met.withheld += groups.len().saturating_sub(world.cells(&cubes[0]).len());
        if history.last().is_some_and(|(before, _)| *before != base) {
            met.corrected += 1;
        }
        history.push((base, told));
    }
    for measure in [false, true] {
        let told: Vec<BTreeSet<BTreeSet<Fine>>> = history
            .iter()
            .map(|(_, told)| {
                combinations(told.iter().filter(|told| !measure || told.shows_measure))
            })
            .collect();
        for (index, groups) in told.iter().enumerate() {
            for group in groups {
                met.groups += 1;
                let place = || format!("seed {seed} release {index} measure {measure} {group:?}");
                let own = within(&history[index].0, group, measure);
                check(&own, &cubes[0], measure, &place);
                for (earlier, before) in history[..index].iter().zip(&told) {
                    if before.contains(group) {
                        let before = within(&earlier.0, group, measure);
                        check_change(&before, &own, &cubes[0], measure, &place);
                    }
                }
            }
        }
    }
}

fn any(random: &mut StdRng) -> Row {
    let sites = if random.random_bool(0.2) { 3 } else { 2 };
    Row {
        site: [Some("a"), Some("b"), None][random.random_range(0..sites)],
        hour: random.random_range(8..11),
        device: random.random_bool(0.95).then(|| random.random_range(0..9)),
        bikes: random.random_bool(0.9).then(|| random.random_range(0..20)),
    }
}

/// The rows of the base.
fn base(world: &World) -> Vec<Seen> {
    let mut rows: Vec<Seen> = world
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

/// The published cells; their values are those of the base.
fn told(world: &World, cube: &Cube, base: &[Seen], seed: u64) -> Vec<Told> {
    let sited = cube.dimensions.len() == 2;
    let day = cube.dimensions.last().unwrap().bucket == Some(Bucket::Day);
    let lines = world.cells(cube);
    lines
        .iter()
        .map(|line| {
            let mut parts: Vec<&str> = line.split('|').collect();
            let site = sited.then(|| parts.remove(0));
            let inside = |(own, hour): &Fine| {
                site.is_none_or(|site| site == own)
                    && if day {
                        hour[..10] == parts[0][..10]
                    } else {
                        hour == parts[0]
                    }
            };
            let rows: Vec<&Seen> = base.iter().filter(|(fine, ..)| inside(fine)).collect();
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
            Told {
                covers: rows.iter().map(|row| row.0.clone()).collect(),
                shows_measure,
            }
        })
        .collect()
}

/// Every set of fine cells to which adding and taking away some of the cells comes.
fn combinations<'a>(told: impl Iterator<Item = &'a Told>) -> BTreeSet<BTreeSet<Fine>> {
    let cells: Vec<&BTreeSet<Fine>> = told.map(|told| &told.covers).take(9).collect();
    let all: Vec<&Fine> = cells
        .iter()
        .copied()
        .flatten()
        .collect::<BTreeSet<_>>()
        .into_iter()
        .collect();
    let weights = |cell: &BTreeSet<Fine>| -> Vec<i8> {
        all.iter()
            .map(|fine| i8::from(cell.contains(*fine)))
            .collect()
    };
    let mut reached: BTreeSet<Vec<i8>> = BTreeSet::from([vec![0; all.len()]]);
    for cell in cells {
        let own = weights(cell);
        let mut next = reached.clone();
        for known in &reached {
            for sign in [1, -1] {
                next.insert(
                    known
                        .iter()
                        .zip(&own)
                        .map(|(sum, own)| sum + sign * own)
                        .collect(),
                );
            }
        }
        reached = next;
    }
    let whole = reached
        .into_iter()
        .filter(|sum| sum.iter().all(|weight| [0, 1].contains(weight)) && sum.contains(&1));
    let cells = |sum: Vec<i8>| {
        let there = all.iter().zip(sum).filter(|(_, weight)| *weight == 1);
        there.map(|(fine, _)| (*fine).clone()).collect()
    };
    whole.map(cells).collect()
}

fn within(base: &[Seen], group: &BTreeSet<Fine>, measure: bool) -> Vec<Seen> {
    let inside = base.iter().filter(|row| group.contains(&row.0));
    inside
        .filter(|row| !measure || row.2.is_some())
        .cloned()
        .collect()
}

fn check(rows: &[Seen], cube: &Cube, measure: bool, place: &dyn Fn() -> String) {
    if rows.is_empty() {
        return;
    }
    let parts: Vec<(&String, i64)> = rows
        .iter()
        .map(|row| (&row.1, row.2.unwrap_or(0)))
        .collect();
    assert_safe(rows.len(), &parts, cube, measure, place);
}

/// What became of a group between two releases is of no unit, or of enough of them.
fn check_change(
    before: &[Seen],
    after: &[Seen],
    cube: &Cube,
    measure: bool,
    place: &dyn Fn() -> String,
) {
    let mut changes: BTreeMap<(&String, Option<i64>), i64> = BTreeMap::new();
    for (rows, sign) in [(before, -1), (after, 1)] {
        for row in rows {
            // Of counts, the values do not matter.
            *changes
                .entry((&row.1, row.2.filter(|_| measure)))
                .or_default() += sign;
        }
    }
    changes.retain(|_, change| *change != 0);
    if changes.is_empty() {
        return;
    }
    let rows = changes
        .values()
        .map(|change| usize::try_from(change.abs()).unwrap())
        .sum();
    let parts: Vec<(&String, i64)> = changes
        .iter()
        .map(|((unit, value), change)| (*unit, value.unwrap_or(0) * change.abs()))
        .collect();
    let place = || format!("{} changed {changes:?}", place());
    assert_safe(rows, &parts, cube, measure, &place);
}

fn assert_safe(
    rows: usize,
    parts: &[(&String, i64)],
    cube: &Cube,
    measure: bool,
    place: &dyn Fn() -> String,
) {
    let least = usize::try_from(cube.at_least).unwrap();
    let units = match cube.unit {
        Unit::Rows => rows,
        Unit::Column(_) => {
            let known = parts
                .iter()
                .map(|(unit, _)| *unit)
                .filter(|unit| *unit != "NULL");
            known.collect::<BTreeSet<_>>().len()
        }
    };
    assert!(units >= least, "{}: {units} of {least}", place());
    if let (true, [rule]) = (measure, cube.dominance.as_slice()) {
        let Dominant::P(p) = rule.rule else { return };
        let mut each: BTreeMap<&String, i64> = BTreeMap::new();
        for (unit, value) in parts {
            *each.entry(unit).or_default() += value.abs();
        }
        let mut each: Vec<i64> = each.into_values().collect();
        each.sort_unstable_by(|one, other| other.cmp(one));
        let rest: i64 = each.iter().skip(2).sum();
        let most = each.first().copied().unwrap_or(0);
        assert!(rest * 100 >= most * i64::from(p), "{}: {each:?}", place());
    }
}
