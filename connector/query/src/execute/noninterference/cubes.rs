//! Noninterference of aggregate-only contracts: cells below the threshold and detail inside cells change nothing. Released cells
//! don't change with rows that are published after the release, and rounded cells depend on the number of units alone.

#![expect(
    clippy::disallowed_methods,
    reason = "the oracle is an unmodified engine"
)]

mod cube_query;
mod oracle;
mod terms;

use super::{is_same_answer, observe_answer, shorten_text, worker_count};
use crate::answer::sealed_answer::DeliveredTotals;
use crate::fixture::dataset_files::{DatasetFileLayout, build_dataset, parse_name};
use crate::fixture::storage::FixtureStorage;
use crate::fixture::{FixtureParticipant, format_rows};
use arrow_array::{
    ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray,
};
use cube_query::{over_rows, random_question};
use datafusion::datasource::MemTable;
use datafusion::prelude::SessionContext;
use hansa_catalog::dataset::{GridDimension, RegisteredGrid};
use hansa_policy::refusal::Refusal;
use hansa_policy::term::Term;
use hansa_policy::value::cube::{
    CountingUnit, CubeFunction, DominanceRule, DominanceTerm, LateDataPolicy, ReleaseTerm,
};
use hansa_policy::value::time::TimeBucketWidth;
use hansa_test_support::property_cases::{number, seed};
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

#[derive(Debug, Clone)]
struct CubeTrip {
    district: String,
    at: i64,
    device: Option<i64>,
    fare: Option<f64>,
    duration: Option<i64>,
    /// Fare and duration, where the oracle publishes their squares.
    spread: (Option<f64>, Option<i64>),
}

/// Source of the cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum CellDerivation {
    /// Cells computed for each question.
    Asked,
    /// Cells computed once. Rows that are published after the release do not change them.
    Released,
    /// Released cells whose counts are rounded to multiples of this base.
    Rounded(u32),
}

struct CubeCase {
    made: CellDerivation,
    at_least: u32,
    by_device: bool,
    /// Dominance rule on durations, by device.
    dominance: Option<DominanceRule>,
    hours: i64,
    layout: DatasetFileLayout,
    trips: Vec<CubeTrip>,
    double: Vec<CubeTrip>,
    /// Trips that each of the two cities publishes after the release in place of the first ones.
    behind: [Vec<CubeTrip>; 2],
}

const HOUR: i64 = 3_600_000_000;
const START: i64 = 1_763_000_000_000_000 / HOUR * HOUR;
const COLUMNS: [&str; 5] = [
    "district:text",
    "at:instant",
    "device:int?",
    "fare:float?",
    "duration:int?",
];

type DistrictHourCell = (String, i64);

impl CubeCase {
    fn generate(random: &mut StdRng) -> Self {
        let at_least = *[1, 2, 4, 5].choose(random).unwrap();
        let rounded = CellDerivation::Rounded(*[2, 5, 10].choose(random).unwrap());
        let made = *[
            CellDerivation::Asked,
            CellDerivation::Asked,
            CellDerivation::Released,
            rounded,
        ]
        .choose(random)
        .unwrap();
        let by_device = made == rounded || random.random_bool(0.6);
        let hours = *[1, 24].choose(random).unwrap();
        let mut cubes = Self {
            made,
            at_least,
            by_device,
            dominance: *[
                None,
                Some(DominanceRule::P(15)),
                Some(DominanceRule::P(80)),
                Some(DominanceRule::Nk { n: 1, k: 60 }),
            ]
            .choose(random)
            .filter(|_| made != rounded)
            .unwrap_or(&None),
            hours,
            layout: DatasetFileLayout {
                files: *[1, 2].choose(random).unwrap(),
                row_group: *[16, 1000].choose(random).unwrap(),
                statistics: true,
                storage: FixtureStorage::Copied,
                key: None,
            },
            trips: Vec::new(),
            double: Vec::new(),
            behind: Default::default(),
        };
        let many = |random: &mut StdRng| -> Vec<CubeTrip> {
            let count = *[0, 8, 60, 200].choose(random).unwrap();
            (0..count).map(|_| random_trip(random)).collect()
        };
        cubes.trips = many(random);
        cubes.double = cubes.generate_equivalent_trips(random);
        if made != CellDerivation::Asked {
            cubes.behind = [many(random), many(random)];
        }
        cubes
    }

    /// Checks that a contract can permit variances of these cells.
    fn can_permit_variance(&self) -> bool {
        self.dominance.is_none() && matches!(self.at_least, 1 | 5)
    }

    fn cell(&self, trip: &CubeTrip) -> DistrictHourCell {
        let width = self.hours * HOUR;
        (trip.district.clone(), trip.at.div_euclid(width) * width)
    }

    fn generate_equivalent_trips(&self, random: &mut StdRng) -> Vec<CubeTrip> {
        let width = self.hours * HOUR;
        let mut cells: BTreeMap<DistrictHourCell, Vec<CubeTrip>> = BTreeMap::new();
        for trip in &self.trips {
            cells.entry(self.cell(trip)).or_default().push(trip.clone());
        }
        let least = usize::try_from(self.at_least).unwrap();
        let mut double = Vec::new();
        for ((district, at), mut trips) in cells {
            let published = self.count_units(trips.iter()) >= least;
            let fares = self.count_units(trips.iter().filter(|t| t.fare.is_some())) >= least;
            let durations = self.shows_durations(&trips.iter().collect::<Vec<_>>());
            if published {
                for trip in &mut trips {
                    if !durations {
                        // Multiplying all durations by three keeps the dominance.
                        trip.duration = trip.duration.map(|duration| duration * 3);
                    }
                    trip.at = at + random.random_range(0..width);
                    if matches!(self.made, CellDerivation::Rounded(_)) {
                        // The random rounding depends on the devices; no other value of a trip is visible.
                        trip.fare = Some(f64::from(random.random_range(0..9)));
                        trip.duration = Some(random.random_range(1..90));
                        continue;
                    }
                    trip.device = trip.device.map(|device| device + 1000);
                    if !fares {
                        // A fare that exists stays non-NULL; its value changes.
                        trip.fare = trip
                            .fare
                            .map(|_| f64::from(random.random_range(0..9)) * 1e9);
                    }
                }
                double.extend(trips);
            } else if least > 1 {
                let mut other = random_trip(random);
                other.district = district;
                other.at = at + random.random_range(0..width);
                other.fare = Some(1e12);
                if least > 2 {
                    // The sum of these values overflows its type, which must not be visible.
                    other.duration = Some(i64::MAX);
                }
                if random.random_bool(0.6) {
                    double.push(other.clone());
                    if least > 2 {
                        double.push(other);
                    }
                }
            }
        }
        for offset in 0..2 {
            // A cell that did not exist before and stays below the threshold.
            if least > 1 && random.random_bool(0.5) {
                let mut other = random_trip(random);
                other.district = "Z".to_owned();
                other.at += offset * 400 * HOUR;
                double.push(other);
            }
        }
        double
    }

    const fn bucket(&self) -> TimeBucketWidth {
        if self.hours == 1 {
            TimeBucketWidth::Hour
        } else {
            TimeBucketWidth::Day
        }
    }
}

const GRID: &str = "hansa://munster.example/grid/trips-1";

#[test]
fn what_is_learned_is_a_function_of_the_cells() {
    let (cases, seed) = (
        number("HANSA_PROPERTY_CASES", 60) / 2,
        seed("HANSA_PROPERTY_SEED"),
    );
    let mut answered = 0;
    for case in 0..cases {
        match run_world(seed.wrapping_add(case), None) {
            Ok(more) => answered += more,
            Err(why) => panic!("seed {}: {why}", seed.wrapping_add(case)),
        }
    }
    assert!(answered > 0);
}

/// Runs one world with its questions. Returns the number of answered questions, or the leak that was found. `dropped` names terms
/// that the cities lack, while the second dataset and the oracle still assume them.
pub(super) fn run_world(seed: u64, dropped: Option<&'static str>) -> Result<usize, String> {
    run_with_storage(seed, dropped, FixtureStorage::of(seed))
}

pub(super) fn run_with_storage(
    seed: u64,
    dropped: Option<&'static str>,
    kept: FixtureStorage,
) -> Result<usize, String> {
    let mut random = StdRng::seed_from_u64(seed);
    let mut cubes = CubeCase::generate(&mut random);
    // Data in place is not stored, so its cells can't be released.
    if cubes.made == CellDerivation::Asked {
        cubes.layout.storage = kept;
    }
    // A cube without a threshold can't be released, so these cells are computed for each question.
    let made = match dropped {
        None => cubes.made,
        Some("release") => CellDerivation::Released,
        Some(_) => CellDerivation::Asked,
    };
    if cubes.made != made {
        return Ok(0);
    }
    let [behind, behind_other] = &cubes.behind;
    let (mut one, mut other) = (
        cubes.city(&cubes.trips, behind, dropped),
        cubes.city(&cubes.double, behind_other, dropped),
    );
    (one.workers, other.workers) = (worker_count(seed), worker_count(seed));
    let mut answered = 0;
    if let CellDerivation::Rounded(base) = cubes.made {
        cubes.are_rounded(&one, base)?;
    }
    for _ in 0..5 {
        let sql = random_question(&mut random, &cubes);
        let first = observe_answer(&one, &sql);
        let second = observe_answer(&other, &sql);
        if !is_same_answer(&first, &second, !sql.contains("UNION")) {
            return Err(format!(
                "{sql}\n{}\n{}",
                shorten_text(&first),
                shorten_text(&second)
            ));
        }
        if let (Ok(first), Ok(second)) = (&first, &second) {
            let counters = |sent: &DeliveredTotals| (sent.rows, sent.bytes);
            if counters(&first.sent) != counters(&second.sent) {
                return Err(format!("{sql}: other counters"));
            }
            answered += 1;
        }
        if matches!(cubes.made, CellDerivation::Rounded(_)) {
            // The oracle does not predict the direction of the random rounding.
            continue;
        }
        let oracle = over_published(&cubes, &one, &sql);
        match (&first, oracle) {
            (Ok(seen), Ok(rows))
                if round_and_sort_rows(&seen.rows) == round_and_sort_rows(&rows) => {}
            (gate, oracle) => {
                return Err(format!(
                    "{sql}\n{}\n{}",
                    shorten_text(gate),
                    shorten_text(&oracle)
                ));
            }
        }
    }
    Ok(answered)
}

/// Rounds and sorts the rows. Sums over cells and sums over rows have another order of addition, which changes the last digits.
fn round_and_sort_rows(rows: &[String]) -> Vec<String> {
    let cell = |cell: &str| match cell.parse::<f64>() {
        Ok(number) if cell.contains('.') => format!("{number:.9}"),
        Ok(_) | Err(_) => cell.to_owned(),
    };
    let mut rounded: Vec<String> = rows
        .iter()
        .map(|row| row.split('|').map(cell).collect::<Vec<_>>().join("|"))
        .collect();
    rounded.sort();
    rounded
}

impl CubeCase {
    /// Checks that the city shows exactly the published cells, each with one of the two multiples of `base` next to its count.
    fn are_rounded(&self, city: &FixtureParticipant, base: u32) -> Result<(), String> {
        let width = match self.hours {
            1 => "hour",
            _ => "day",
        };
        let sql = format!(
            "SELECT district, date_trunc('{width}', at), count(*) FROM trips GROUP BY 1, 2"
        );
        let observed = observe_answer(city, &sql).map_err(|refusal| format!("{sql}\n{refusal}"))?;
        let mut counts: BTreeMap<(String, i64), i64> = BTreeMap::new();
        for trip in self.published_trips(&self.trips) {
            *counts.entry((trip.district, trip.at)).or_default() += 1;
        }
        let base = i64::from(base);
        let near = |row: &String| {
            let parts: Vec<&str> = row.split('|').collect();
            let [district, at, count] = parts[..] else {
                return false;
            };
            let count: i64 = count.parse().unwrap();
            let at: hansa_audit_log::time::UtcTimestamp = at.parse().unwrap();
            let exact = counts.get(&(district.to_owned(), at.micros()));
            exact.is_some_and(|exact| count % base == 0 && (count - exact).abs() < base)
        };
        match observed.rows.iter().all(near) && observed.rows.len() == counts.len() {
            true => Ok(()),
            false => Err(format!("{sql}\n{:?}\n{counts:?}", observed.rows)),
        }
    }
}

fn over_published(
    cubes: &CubeCase,
    city: &FixtureParticipant,
    sql: &str,
) -> Result<Vec<String>, Refusal> {
    futures::executor::block_on(async {
        let _inside = city.runtime().handle().enter();
        let published = cubes.published_trips(&cubes.trips);
        let fares = published.iter().map(|trip| trip.spread.0);
        let durations = published.iter().map(|trip| trip.spread.1);
        let apart: [(&str, ArrayRef); 2] = [
            ("fare_apart", Arc::new(Float64Array::from_iter(fares))),
            ("duration_apart", Arc::new(Int64Array::from_iter(durations))),
        ];
        let rows = trip_batch(&published);
        let schema = rows.schema();
        let reported = schema.fields().iter().map(|field| field.name().as_str());
        let rows = reported.zip(rows.columns().iter().cloned()).chain(apart);
        let rows = RecordBatch::try_from_iter_with_nullable(
            rows.map(|(name, column)| (name, column, true)),
        )
        .unwrap();
        let table = MemTable::try_new(rows.schema(), vec![vec![rows]]).unwrap();
        let context = SessionContext::new_with_config(
            crate::session::session_config(&city.limits)
                .with_create_default_catalog_and_schema(true),
        );
        context.register_table("trips", Arc::new(table)).unwrap();
        let sql = over_rows(sql);
        let batches: Vec<RecordBatch> = async { context.sql(&sql).await?.collect().await }
            .await
            .map_err(|error| crate::engine_error::planning_refusal(&error))?;
        let mut rows = format_rows(&batches);
        rows.sort();
        Ok(rows)
    })
}

fn random_trip(random: &mut StdRng) -> CubeTrip {
    CubeTrip {
        district: (*["A", "B", "C", "D"].choose(random).unwrap()).to_owned(),
        at: START + random.random_range(0..72 * 4) * HOUR / 4,
        device: random.random_bool(0.9).then(|| random.random_range(0..6)),
        fare: random
            .random_bool(0.6)
            .then(|| f64::from(random.random_range(0..80)) / 4.0),
        duration: random.random_bool(0.9).then(|| random.random_range(1..90)),
        spread: (None, None),
    }
}

fn trip_batch(trips: &[CubeTrip]) -> RecordBatch {
    let set = build_dataset("trips", &COLUMNS);
    let columns: Vec<ArrayRef> = vec![
        Arc::new(StringArray::from_iter_values(
            trips.iter().map(|t| &t.district),
        )),
        Arc::new(
            TimestampMicrosecondArray::from_iter_values(trips.iter().map(|t| t.at))
                .with_timezone("UTC"),
        ),
        Arc::new(Int64Array::from_iter(trips.iter().map(|t| t.device))),
        Arc::new(Float64Array::from_iter(trips.iter().map(|t| t.fare))),
        Arc::new(Int64Array::from_iter(trips.iter().map(|t| t.duration))),
    ];
    RecordBatch::try_new(set.schema(), columns).unwrap()
}
