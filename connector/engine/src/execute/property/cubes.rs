//! The property for aggregate-only contracts: cells below the threshold, and detail inside cells, change nothing. Of cells
//! that are released neither does what is published behind the release, and of rounded ones nothing but the units counts.

#![expect(
    clippy::disallowed_methods,
    reason = "the oracle is an unmodified engine"
)]

use super::{ask, same, setting, short};
use crate::answer::sealed::Sent;
use crate::fixture::table::{Layout, dataset, name};
use crate::fixture::{City, lines};
use arrow_array::{
    ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray,
};
use catalog::dataset::{Grid, GridDimension};
use datafusion::datasource::MemTable;
use datafusion::prelude::SessionContext;
use policy::refusal::Refusal;
use policy::term::dominance::{Dominance, Dominant};
use policy::term::release::{Late, Release};
use policy::term::{Bucket, Function, Term, Unit};
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

#[derive(Debug, Clone)]
struct Trip {
    district: String,
    at: i64,
    device: Option<i64>,
    fare: Option<f64>,
    duration: Option<i64>,
    /// The same where the oracle tells how far they are apart.
    spread: (Option<f64>, Option<i64>),
}

/// How the cells come about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Made {
    /// For each question anew.
    Asked,
    /// Once; rows that come behind the release stay out.
    Released,
    /// Once, with counts that are rounded to multiples of so many.
    Rounded(u32),
}

struct Cubes {
    made: Made,
    at_least: u32,
    by_device: bool,
    /// On durations, by devices.
    dominance: Option<Dominant>,
    hours: i64,
    layout: Layout,
    trips: Vec<Trip>,
    double: Vec<Trip>,
    /// What either city publishes behind the release, in the place of the trips.
    behind: [Vec<Trip>; 2],
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

type Cell = (String, i64);

impl Cubes {
    fn random(random: &mut StdRng) -> Self {
        let at_least = *[1, 2, 4, 5].choose(random).unwrap();
        let rounded = Made::Rounded(*[2, 5, 10].choose(random).unwrap());
        let made = *[Made::Asked, Made::Asked, Made::Released, rounded]
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
                Some(Dominant::P(15)),
                Some(Dominant::P(80)),
                Some(Dominant::Nk { n: 1, k: 60 }),
            ]
            .choose(random)
            .filter(|_| made != rounded)
            .unwrap_or(&None),
            hours,
            layout: Layout {
                files: *[1, 2].choose(random).unwrap(),
                row_group: *[16, 1000].choose(random).unwrap(),
                statistics: true,
            },
            trips: Vec::new(),
            double: Vec::new(),
            behind: Default::default(),
        };
        let many = |random: &mut StdRng| -> Vec<Trip> {
            let count = *[0, 8, 60, 200].choose(random).unwrap();
            (0..count).map(|_| trip(random)).collect()
        };
        cubes.trips = many(random);
        cubes.double = cubes.doubled(random);
        if made != Made::Asked {
            cubes.behind = [many(random), many(random)];
        }
        cubes
    }

    /// Whether a contract can permit variances of these cells.
    fn varies(&self) -> bool {
        self.dominance.is_none() && matches!(self.at_least, 1 | 5)
    }

    fn cell(&self, trip: &Trip) -> Cell {
        let width = self.hours * HOUR;
        (trip.district.clone(), trip.at.div_euclid(width) * width)
    }

    fn units<'a>(&self, trips: impl Iterator<Item = &'a Trip>) -> usize {
        if self.by_device {
            trips
                .filter_map(|trip| trip.device)
                .collect::<BTreeSet<_>>()
                .len()
        } else {
            trips.count()
        }
    }

    /// Whether durations of a cell are told: enough units have one, and no few of them make up nearly all.
    fn durations(&self, trips: &[&Trip]) -> bool {
        let least = usize::try_from(self.at_least).unwrap();
        let with = trips.iter().copied().filter(|t| t.duration.is_some());
        if self.units(with) < least {
            return false;
        }
        let mut parts: BTreeMap<Option<i64>, i64> = BTreeMap::new();
        for trip in trips {
            if let Some(duration) = trip.duration {
                *parts.entry(trip.device).or_default() += duration.abs();
            }
        }
        let mut parts: Vec<i64> = parts.into_values().collect();
        parts.sort_unstable_by(|one, other| other.cmp(one));
        let sum = |parts: &[i64]| parts.iter().sum::<i64>();
        match self.dominance {
            None => true,
            Some(Dominant::P(p)) => {
                let rest = sum(parts.get(2..).unwrap_or_default());
                let first = parts.first().copied().unwrap_or_default();
                rest * 100 >= first * i64::from(p)
            }
            Some(Dominant::Nk { n, k }) => {
                let most = usize::try_from(n).unwrap().min(parts.len());
                sum(&parts[..most]) * 100 <= sum(&parts) * i64::from(k)
            }
        }
    }

    /// Whether squares of a cell are told: whichever three units go, those that stay are apart.
    fn spread(&self, trips: &[&Trip], value: fn(&Trip) -> Option<f64>) -> bool {
        if self.at_least == 1 {
            return true;
        }
        let squares = |values: &[f64]| {
            let mean = values.iter().sum::<f64>() / values.len() as f64;
            values.iter().map(|one| (one - mean).powi(2)).sum::<f64>()
        };
        let mut values: Vec<(Option<i64>, f64)> = trips
            .iter()
            .filter_map(|trip| Some((trip.device, value(trip)?)))
            .collect();
        values.sort_by(|one, other| one.1.total_cmp(&other.1));
        let all = squares(&values.iter().map(|one| one.1).collect::<Vec<_>>());
        let mut stay: Vec<Vec<f64>> = Vec::new();
        if self.by_device {
            let units: BTreeSet<Option<i64>> = values.iter().map(|one| one.0).collect();
            let units: Vec<_> = units.into_iter().collect();
            for out in 0..1_usize << units.len() {
                if out.count_ones() == 3 {
                    let goes = |unit| units.iter().position(|one| *one == unit).unwrap();
                    let rest = values.iter().filter(|one| out >> goes(one.0) & 1 == 0);
                    stay.push(rest.map(|one| one.1).collect());
                }
            }
        } else if values.len() > 3 {
            // Those that stay closest together lie beside each other.
            for low in 0..=3 {
                let rest = &values[low..values.len() - 3 + low];
                stay.push(rest.iter().map(|one| one.1).collect());
            }
        }
        all > 0.0
            && !stay.is_empty()
            && stay
                .iter()
                .all(|rest| !rest.is_empty() && squares(rest) > all * 0.099_999_999_9)
    }

    /// What of the trips counts: those of published cells, and of their measures those that are published.
    fn published(&self, trips: &[Trip]) -> Vec<Trip> {
        let mut cells: BTreeMap<Cell, Vec<&Trip>> = BTreeMap::new();
        for trip in trips {
            cells.entry(self.cell(trip)).or_default().push(trip);
        }
        let least = usize::try_from(self.at_least).unwrap();
        let mut kept = Vec::new();
        for ((district, at), trips) in cells {
            if self.units(trips.iter().copied()) < least {
                continue;
            }
            let fares = self.units(trips.iter().copied().filter(|t| t.fare.is_some())) >= least;
            let durations = self.durations(&trips);
            let spread = |value: fn(&Trip) -> Option<f64>| self.spread(&trips, value);
            let wide = (
                fares && spread(|trip| trip.fare),
                durations && spread(|trip| trip.duration.map(|value| value as f64)),
            );
            kept.extend(trips.iter().map(|trip| Trip {
                district: district.clone(),
                at,
                device: None,
                fare: trip.fare.filter(|_| fares),
                duration: trip.duration.filter(|_| durations),
                spread: (
                    trip.fare.filter(|_| wide.0),
                    trip.duration.filter(|_| wide.1),
                ),
            }));
        }
        kept
    }

    fn doubled(&self, random: &mut StdRng) -> Vec<Trip> {
        let width = self.hours * HOUR;
        let mut cells: BTreeMap<Cell, Vec<Trip>> = BTreeMap::new();
        for trip in &self.trips {
            cells.entry(self.cell(trip)).or_default().push(trip.clone());
        }
        let least = usize::try_from(self.at_least).unwrap();
        let mut double = Vec::new();
        for ((district, at), mut trips) in cells {
            let published = self.units(trips.iter()) >= least;
            let fares = self.units(trips.iter().filter(|t| t.fare.is_some())) >= least;
            let durations = self.durations(&trips.iter().collect::<Vec<_>>());
            if published {
                for trip in &mut trips {
                    if !durations {
                        // Thrice as much for everybody is as dominated as before.
                        trip.duration = trip.duration.map(|duration| duration * 3);
                    }
                    trip.at = at + random.random_range(0..width);
                    if matches!(self.made, Made::Rounded(_)) {
                        // The lots are those of the devices; nothing else of a trip is told.
                        trip.fare = Some(f64::from(random.random_range(0..9)));
                        trip.duration = Some(random.random_range(1..90));
                        continue;
                    }
                    trip.device = trip.device.map(|device| device + 1000);
                    if !fares {
                        // Who has a fare stays; what it is changes.
                        trip.fare = trip
                            .fare
                            .map(|_| f64::from(random.random_range(0..9)) * 1e9);
                    }
                }
                double.extend(trips);
            } else if least > 1 {
                let mut other = trip(random);
                other.district = district;
                other.at = at + random.random_range(0..width);
                other.fare = Some(1e12);
                if least > 2 {
                    // Together too much for the type of their sum, which nobody may notice.
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
            // A cell that was not there at all, below the threshold.
            if least > 1 && random.random_bool(0.5) {
                let mut other = trip(random);
                other.district = "Z".to_owned();
                other.at += offset * 400 * HOUR;
                double.push(other);
            }
        }
        double
    }

    /// The terms of the contract but for those of a name.
    fn terms(&self, dropped: Option<&str>) -> Vec<Term> {
        let unit = if self.by_device {
            Unit::Column(name("device"))
        } else {
            Unit::Rows
        };
        let (functions, measures, totals) = match self.made {
            Made::Rounded(base) => (vec![Function::Count], Vec::new(), Term::CellKey(base)),
            Made::Asked | Made::Released => (
                self.functions(),
                vec![name("fare"), name("duration")],
                Term::TotalsFromPublished,
            ),
        };
        let mut terms = vec![
            Term::Functions(functions),
            Term::Dimensions(vec![name("district"), name("at")]),
            Term::Measures(measures),
            Term::Grid(GRID.to_owned()),
            Term::TimeBucket {
                column: name("at"),
                bucket: self.bucket(),
                zone: None,
            },
            Term::MinGroup {
                at_least: self.at_least,
                unit,
            },
            totals,
        ];
        terms.extend(self.dominance.map(|rule| {
            Term::Dominance(Dominance {
                measure: name("duration"),
                unit: name("device"),
                rule,
            })
        }));
        terms.extend(self.release().map(Term::Release));
        terms.retain(|term| !matches!(term, Term::Measures(measures) if measures.is_empty()));
        terms.retain(|term| Some(term.spec().name) != dropped);
        terms
    }

    fn functions(&self) -> Vec<Function> {
        let mut functions = vec![Function::Count, Function::Sum, Function::Avg];
        if self.varies() {
            functions.push(Function::Variance);
        }
        functions
    }

    const fn bucket(&self) -> Bucket {
        if self.hours == 1 {
            Bucket::Hour
        } else {
            Bucket::Day
        }
    }

    fn release(&self) -> Option<Release> {
        (self.made != Made::Asked).then(|| Release {
            column: name("at"),
            every: Bucket::Day,
            late: Late::Never,
        })
    }

    /// A city of the trips, which has published others since where its cells are released.
    fn city(&self, trips: &[Trip], behind: &[Trip], dropped: Option<&str>) -> City {
        let mut set = dataset("trips", &COLUMNS);
        let dimension = |of: &str, bucket| GridDimension {
            column: name(of),
            bucket,
            zone: None,
        };
        set.grid = self.release().map(|release| Grid {
            id: GRID.to_owned(),
            dimensions: vec![
                dimension("district", None),
                dimension("at", Some(self.bucket())),
            ],
            release: Some(release),
        });
        let mut city = City::new();
        city.publish(set.clone(), &batch(trips), self.layout, self.terms(dropped));
        if self.made != Made::Asked {
            city.release("trips");
            set.version = "2026-11-20.2".to_owned();
            city.publish(set, &batch(behind), self.layout, self.terms(dropped));
            city.release("trips");
        }
        city
    }
}

const GRID: &str = "hansa://munster.example/grid/trips-1";

#[test]
fn what_is_learned_is_a_function_of_the_cells() {
    let (cases, seed) = (
        setting("HANSA_PROPERTY_CASES", 60) / 2,
        setting("HANSA_PROPERTY_SEED", 1),
    );
    let mut answered = 0;
    for case in 0..cases {
        match run(seed.wrapping_add(case), None) {
            Ok(more) => answered += more,
            Err(why) => panic!("seed {}: {why}", seed.wrapping_add(case)),
        }
    }
    assert!(answered > 0);
}

/// One world with its questions; how many were answered, or what gives it away. The cities may lack the terms of a name,
/// which the double and the oracle count on.
pub(super) fn run(seed: u64, dropped: Option<&'static str>) -> Result<usize, String> {
    let mut random = StdRng::seed_from_u64(seed);
    let cubes = Cubes::random(&mut random);
    // Without its threshold a cube can't be released at all; where it is worked out anew, what it then tells is seen.
    let made = match dropped {
        None => cubes.made,
        Some("release") => Made::Released,
        Some(_) => Made::Asked,
    };
    if cubes.made != made {
        return Ok(0);
    }
    let [behind, behind_other] = &cubes.behind;
    let (one, other) = (
        cubes.city(&cubes.trips, behind, dropped),
        cubes.city(&cubes.double, behind_other, dropped),
    );
    let mut answered = 0;
    if let Made::Rounded(base) = cubes.made {
        cubes.are_rounded(&one, base)?;
    }
    for _ in 0..5 {
        let sql = question(&mut random, &cubes);
        let first = ask(&one, &sql);
        let second = ask(&other, &sql);
        if !same(&first, &second, !sql.contains("UNION")) {
            return Err(format!("{sql}\n{}\n{}", short(&first), short(&second)));
        }
        if let (Ok(first), Ok(second)) = (&first, &second) {
            let counters = |sent: &Sent| (sent.rows, sent.bytes);
            if counters(&first.sent) != counters(&second.sent) {
                return Err(format!("{sql}: other counters"));
            }
            answered += 1;
        }
        if matches!(cubes.made, Made::Rounded(_)) {
            // Which way the lots go is not foretold here.
            continue;
        }
        let oracle = over_published(&cubes, &one, &sql);
        match (&first, oracle) {
            (Ok(seen), Ok(rows)) if rounded(&seen.rows) == rounded(&rows) => {}
            (gate, oracle) => {
                return Err(format!("{sql}\n{}\n{}", short(gate), short(&oracle)));
            }
        }
    }
    Ok(answered)
}

/// Sums over cells add up in another order than sums over rows, which the last digits show.
fn rounded(rows: &[String]) -> Vec<String> {
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

impl Cubes {
    /// Whether the city tells those cells that are published, each with a multiple of the base next to its count.
    fn are_rounded(&self, city: &City, base: u32) -> Result<(), String> {
        let width = match self.hours {
            1 => "hour",
            _ => "day",
        };
        let sql = format!(
            "SELECT district, date_trunc('{width}', at), count(*) FROM trips GROUP BY 1, 2"
        );
        let told = ask(city, &sql).map_err(|refusal| format!("{sql}\n{refusal}"))?;
        let mut counts: BTreeMap<(String, i64), i64> = BTreeMap::new();
        for trip in self.published(&self.trips) {
            *counts.entry((trip.district, trip.at)).or_default() += 1;
        }
        let base = i64::from(base);
        let near = |row: &String| {
            let parts: Vec<&str> = row.split('|').collect();
            let [district, at, count] = parts[..] else {
                return false;
            };
            let count: i64 = count.parse().unwrap();
            let at: evidence::time::Time = at.parse().unwrap();
            let exact = counts.get(&(district.to_owned(), at.micros()));
            exact.is_some_and(|exact| count % base == 0 && (count - exact).abs() < base)
        };
        match told.rows.iter().all(near) && told.rows.len() == counts.len() {
            true => Ok(()),
            false => Err(format!("{sql}\n{:?}\n{counts:?}", told.rows)),
        }
    }
}

fn question(random: &mut StdRng, cubes: &Cubes) -> String {
    let hours = cubes.hours;
    let unit = if hours == 1 {
        *["hour", "day", "week", "month", "year"]
            .choose(random)
            .unwrap()
    } else {
        *["day", "week", "month", "quarter"].choose(random).unwrap()
    };
    let group = match random.random_range(0..4) {
        0 => "district".to_owned(),
        1 => format!("date_trunc('{unit}', at)"),
        2 => format!("district, date_trunc('{unit}', at)"),
        _ => String::new(),
    };
    let aggregate = |random: &mut StdRng| {
        if matches!(cubes.made, Made::Rounded(_)) {
            return "count(*)".to_owned();
        }
        if cubes.varies() && random.random_bool(0.3) {
            return (*SPREADS.choose(random).unwrap()).to_owned();
        }
        (*[
            "count(*)",
            "count(fare)",
            "sum(fare)",
            "avg(fare)",
            "sum(duration)",
            "avg(duration)",
            "count(duration)",
        ]
        .choose(random)
        .unwrap())
        .to_owned()
    };
    let (a, b) = (aggregate(random), aggregate(random));
    let edge = START + random.random_range(0..72) / hours * hours * HOUR;
    let edge = edge.div_euclid(hours * HOUR) * hours * HOUR;
    let edge = evidence::time::Time::from_micros(edge).unwrap();
    let filter = match random.random_range(0..8) {
        0 => " WHERE district = 'A'".to_owned(),
        1 => " WHERE district IN ('A', 'B', 'Z')".to_owned(),
        2 => format!(" WHERE at >= TIMESTAMP '{edge}'"),
        3 => format!(" WHERE at < '{edge}' AND district <> 'C'"),
        4 => format!(" WHERE date_trunc('{unit}', at) >= TIMESTAMP '{edge}'"),
        5 => " WHERE NOT (district = 'A' OR district = 'B')".to_owned(),
        _ => String::new(),
    };
    let alias = if random.random_bool(0.3) { " t" } else { "" };
    let block = if group.is_empty() {
        format!("SELECT {a} a, {b} b FROM trips{alias}{filter}")
    } else {
        format!("SELECT {group}, {a} a, {b} b FROM trips{alias}{filter} GROUP BY {group}")
    };
    match random.random_range(0..6) {
        0 if !group.is_empty() => format!("{block} HAVING count(*) > 2"),
        1 => format!("SELECT sum(a), max(b) FROM ({block}) x"),
        2 => format!("{block} UNION ALL {block}"),
        3 => format!("SELECT x.a, y.b FROM ({block}) x JOIN ({block}) y ON x.a = y.a"),
        _ => block,
    }
}

fn over_published(cubes: &Cubes, city: &City, sql: &str) -> Result<Vec<String>, Refusal> {
    futures::executor::block_on(async {
        let _inside = city.room().handle().enter();
        let published = cubes.published(&cubes.trips);
        let fares = published.iter().map(|trip| trip.spread.0);
        let durations = published.iter().map(|trip| trip.spread.1);
        let apart: [(&str, ArrayRef); 2] = [
            ("fare_apart", Arc::new(Float64Array::from_iter(fares))),
            ("duration_apart", Arc::new(Int64Array::from_iter(durations))),
        ];
        let rows = batch(&published);
        let told = rows.schema();
        let told = told.fields().iter().map(|field| field.name().as_str());
        let rows = told.zip(rows.columns().iter().cloned()).chain(apart);
        let rows = RecordBatch::try_from_iter_with_nullable(
            rows.map(|(name, column)| (name, column, true)),
        )
        .unwrap();
        let table = MemTable::try_new(rows.schema(), vec![vec![rows]]).unwrap();
        let context = SessionContext::new_with_config(
            crate::session::config(&city.limits).with_create_default_catalog_and_schema(true),
        );
        context.register_table("trips", Arc::new(table)).unwrap();
        let sql = SPREADS.into_iter().fold(sql.to_owned(), |sql, spread| {
            let apart = spread.replace(')', "_apart)");
            sql.replace(spread, &apart)
        });
        let batches: Vec<RecordBatch> = async { context.sql(&sql).await?.collect().await }
            .await
            .map_err(|error| crate::fault::planning(&error))?;
        let mut rows = lines(&batches);
        rows.sort();
        Ok(rows)
    })
}

const SPREADS: [&str; 3] = ["var(fare)", "stddev(duration)", "var_pop(duration)"];

fn trip(random: &mut StdRng) -> Trip {
    Trip {
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

fn batch(trips: &[Trip]) -> RecordBatch {
    let set = dataset("trips", &COLUMNS);
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
