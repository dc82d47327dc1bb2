//! An hourly series of three cities' sensors: counts, sums, averages and extremes of each hour and kind, as the question that a
//! dashboard asks again and again.

use super::partials::{self, PartialAggregateQuery, PartialColumnKind};
use super::pool::PooledSession;
use super::world::{CITIES, TpchFederation};
use arrow_array::{Float64Array, RecordBatch, StringArray, TimestampMicrosecondArray};
use arrow_schema::{DataType, Field, Schema, TimeUnit};
use serde_json::{Value, json};
use std::sync::Arc;

/// Readings of all cities at scale 1.
const ROWS: f64 = 60_000_000.0;

/// 1 June 2026, in microseconds.
const BEGIN: i64 = 1_780_272_000_000_000;

/// Six weeks, of which the question is over four.
const SPAN: i64 = 42 * 24 * 3_600_000_000;

const FROM: &str = "2026-06-08T00:00:00Z";
const TO: &str = "2026-07-06T00:00:00Z";

/// Sensors of a city, each of one kind.
const SENSORS: usize = 60;

const KINDS: [&str; 4] = ["temperature", "humidity", "particles", "noise"];

/// What the columns of a partial aggregate are.
const PARTS: [PartialColumnKind; 6] = [
    PartialColumnKind::Time,
    PartialColumnKind::Text,
    PartialColumnKind::Sum,
    PartialColumnKind::Sum,
    PartialColumnKind::Least,
    PartialColumnKind::Most,
];

/// Rows of a batch.
const BATCH: usize = 65_536;

/// Asks for the series, by hand, of one process, and as we do.
///
/// # Panics
/// When answers differ.
pub(super) fn beside(plan: super::TpchPlan) -> Value {
    let rows = (ROWS * plan.scale) as usize / CITIES.len();
    let all = rows * CITIES.len();
    eprintln!("hourly series: {all} readings of three participants");
    let holdings = (1..)
        .zip(CITIES)
        .map(|(part, city)| (city, vec![("series", readings(part, rows))]));
    let federation = TpchFederation::of(holdings.collect(), None);
    let pool = PooledSession::new(&federation.files());
    // What a first question to a city brings beside its rows comes once.
    for city in CITIES {
        let _ = federation.ask(&format!("SELECT count(*) AS n FROM {city}.series"));
    }
    super::settled(&federation);
    let parts = CITIES.map(|city| format!("SELECT * FROM {city}.series"));
    let hours = format!("WHERE at >= '{FROM}' AND at < '{TO}'");
    let sql = format!(
        "WITH series AS ({}) SELECT date_trunc('hour', at) AS h, kind, count(*) AS n, sum(value) AS total, \
         avg(value) AS middle, min(value) AS least, max(value) AS most FROM series {hours} GROUP BY 1, 2 ORDER BY 1, 2",
        parts.join(" UNION ALL ")
    );
    let partial = format!(
        "SELECT date_trunc('hour', at), kind, count(*), sum(value), min(value), max(value) FROM t {hours} GROUP BY 1, 2"
    );
    let series = PartialAggregateQuery {
        name: "hourly series",
        sql: &sql,
        table: "series",
        partial: &partial,
        parts: &PARTS,
    };
    let figures = partials::beside(&federation, &pool, &series, plan.rounds);
    json!({
        "rows": all,
        "rounds": figures["rounds"],
        "figures": figures,
        "targets": {
            "cpu_ratio": 1.3,
            "one_process_cpu_ratio": 2.5,
            "bytes_ratio": 1.5,
        },
    })
}

/// So many readings of one city, in the order of time, as they come in.
fn readings(part: u64, rows: usize) -> Box<dyn Iterator<Item = RecordBatch>> {
    let time = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
    let schema = Arc::new(Schema::new(vec![
        Field::new("sensor", DataType::Utf8, false),
        Field::new("at", time, false),
        Field::new("kind", DataType::Utf8, false),
        Field::new("value", DataType::Float64, false),
    ]));
    let mut seed = 0x9e37_79b9_7f4a_7c15_u64.wrapping_mul(2 * part + 1);
    let mut random = move || {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        seed
    };
    let step = (SPAN / rows.max(1) as i64).max(1);
    let batches = (0..rows).step_by(BATCH).map(move |begin| {
        let end = rows.min(begin + BATCH);
        let numbers: Vec<(usize, u64)> = (begin..end).map(|row| (row, random())).collect();
        let sensors = numbers
            .iter()
            .map(|(row, _)| format!("{part}-{:02}", row % SENSORS));
        let times = numbers.iter().map(|(row, number)| {
            let late = (number >> 40) as i64 % step;
            BEGIN + *row as i64 * step + late
        });
        let kinds = numbers.iter().map(|(row, _)| KINDS[row % KINDS.len()]);
        // Two digits after the point, as sensors give them.
        let values = numbers.iter().map(|(row, number)| {
            let base = (row % KINDS.len() * 10_000) as u64;
            (base + (number >> 20) % 4_000) as f64 / 100.0
        });
        RecordBatch::try_new(
            Arc::clone(&schema),
            vec![
                Arc::new(StringArray::from_iter_values(sensors)),
                Arc::new(TimestampMicrosecondArray::from_iter_values(times).with_timezone("UTC")),
                Arc::new(StringArray::from_iter_values(kinds)),
                Arc::new(Float64Array::from_iter_values(values)),
            ],
        )
        .expect("columns as the schema says")
    });
    Box::new(batches)
}
