//! City that shows cells of its trips by place and hour, for at least three rows.

use super::{FederatedTripRow, HOUR, SECRET, row};
use hansa_policy::id::SqlIdentifier;
use hansa_policy::term::Term;
use hansa_policy::value::cube::{CountingUnit, CubeFunction};
use hansa_policy::value::time::TimeBucketWidth;
use rand::Rng;
use rand::rngs::StdRng;
use std::collections::BTreeMap;

const AT_LEAST: usize = 3;

pub(super) fn terms() -> Vec<Term> {
    let names =
        |list: &[&str]| -> Vec<SqlIdentifier> { list.iter().map(|n| n.parse().unwrap()).collect() };
    vec![
        Term::Functions(vec![
            CubeFunction::Count,
            CubeFunction::Sum,
            CubeFunction::Avg,
        ]),
        Term::Dimensions(names(&["place", "ts"])),
        Term::Measures(names(&["n", "x"])),
        Term::Grid("hansa://munster.example/grid/trips-1".to_owned()),
        Term::TimeBucket {
            column: "ts".parse().unwrap(),
            bucket: TimeBucketWidth::Hour,
            zone: None,
        },
        Term::MinGroup {
            at_least: u32::try_from(AT_LEAST).unwrap(),
            unit: CountingUnit::Rows,
        },
        Term::TotalsFromPublished,
    ]
}

type PlaceHourCell = (Option<String>, Option<i64>);

fn by_cell(rows: &[FederatedTripRow]) -> BTreeMap<PlaceHourCell, Vec<FederatedTripRow>> {
    let mut cells: BTreeMap<PlaceHourCell, Vec<FederatedTripRow>> = BTreeMap::new();
    for row in rows {
        let hour = row.ts.map(|ts| ts.div_euclid(HOUR) * HOUR);
        let cell = (row.place.clone(), hour);
        cells.entry(cell).or_default().push(row.clone());
    }
    cells
}

/// Rows of the shown cells, with the shown measures.
pub(super) fn published(rows: &[FederatedTripRow]) -> Vec<FederatedTripRow> {
    let mut shown = Vec::new();
    for ((_, hour), mut rows) in by_cell(rows) {
        if rows.len() < AT_LEAST {
            continue;
        }
        let numbers = rows.iter().filter(|row| row.n.is_some()).count() >= AT_LEAST;
        let shares = rows.iter().filter(|row| row.x.is_some()).count() >= AT_LEAST;
        for row in &mut rows {
            row.ts = hour;
            row.n = row.n.filter(|_| numbers);
            row.x = row.x.filter(|_| shares);
        }
        shown.extend(rows);
    }
    shown
}

/// Other rows with equal cells.
pub(super) fn doubled(rows: &[FederatedTripRow], random: &mut StdRng) -> Vec<FederatedTripRow> {
    let mut double = Vec::new();
    for ((place, hour), mut rows) in by_cell(rows) {
        if rows.len() < AT_LEAST {
            if random.random_bool(0.5) {
                let mut other = row(random, 900_000);
                (other.place, other.ts) = (place, hour);
                double.push(other);
            }
            continue;
        }
        let numbers = rows.iter().filter(|row| row.n.is_some()).count() >= AT_LEAST;
        for row in &mut rows {
            row.id = random.random_range(0..900_000);
            row.open = Some(random.random_bool(0.5));
            row.ts = hour.map(|hour| hour + random.random_range(0..HOUR));
            if !numbers {
                row.n = row.n.map(|_| random.random_range(0..1000));
            }
        }
        double.extend(rows);
    }
    if random.random_bool(0.5) {
        let mut alone = row(random, 900_001);
        alone.place = Some(format!("{SECRET}{}", random.random_range(0..9)));
        double.push(alone);
    }
    double
}
