//! Questions over rows that are rewritten to cells, and refusals of other questions.

mod time_zone;

use crate::fixture::FixtureParticipant;
use crate::fixture::dataset_files::{DatasetFileLayout, build_dataset, parse_name};
use arrow_array::{
    ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray,
};
use hansa_policy::refusal::ErrorCode;
use hansa_policy::term::Term;
use hansa_policy::value::cube::{CountingUnit, CubeFunction};
use hansa_policy::value::time::TimeBucketWidth;
use std::sync::Arc;

/// Districts A (12 devices, 2 hours), B (2 devices: withheld), C (12 devices, of which one has a fare).
fn city() -> FixtureParticipant {
    permitting(&[CubeFunction::Count, CubeFunction::Sum, CubeFunction::Avg])
}

/// Fixture that permits only these functions.
fn permitting(functions: &[CubeFunction]) -> FixtureParticipant {
    let set = build_dataset(
        "trips",
        &[
            "district:text",
            "at:instant",
            "device_id:int",
            "fare:float?",
            "duration:int",
        ],
    );
    let mut rows = Vec::new();
    for i in 0..24_i64 {
        rows.push(("A", i % 2, i / 2, Some(2.5)));
    }
    rows.push(("B", 0, 1, Some(1e6)));
    rows.push(("B", 0, 2, Some(1e6)));
    for i in 0..12_i64 {
        rows.push(("C", 0, i, (i == 0).then_some(777.0)));
    }
    let start = 1_763_042_400_000_000; // 2025-11-13T14:00:00Z
    let columns: Vec<ArrayRef> = vec![
        Arc::new(StringArray::from_iter_values(rows.iter().map(|r| r.0))),
        Arc::new(
            TimestampMicrosecondArray::from_iter_values(
                rows.iter()
                    .map(|r| start + r.1 * 3_600_000_000 + r.2 * 60_000_000),
            )
            .with_timezone("UTC"),
        ),
        Arc::new(Int64Array::from_iter_values(rows.iter().map(|r| r.2))),
        Arc::new(Float64Array::from_iter(rows.iter().map(|r| r.3))),
        Arc::new(Int64Array::from_iter_values(rows.iter().map(|_| 10))),
    ];
    let batch = RecordBatch::try_new(set.schema(), columns).unwrap();
    let mut city = FixtureParticipant::new();
    city.publish(
        set,
        &batch,
        DatasetFileLayout::default(),
        [
            Term::Functions(functions.to_vec()),
            Term::Dimensions(vec![parse_name("district"), parse_name("at")]),
            Term::Measures(vec![parse_name("fare"), parse_name("duration")]),
            Term::Grid("hansa://munster.example/grid/trips-1".to_owned()),
            Term::TimeBucket {
                column: parse_name("at"),
                bucket: TimeBucketWidth::Hour,
                zone: None,
            },
            Term::MinGroup {
                at_least: 10,
                unit: CountingUnit::Column(parse_name("device_id")),
            },
            Term::TotalsFromPublished,
        ],
    );
    city
}

#[track_caller]
fn answers(sql: &str, expect: &[&str]) {
    assert_eq!(
        city()
            .query_rows(sql)
            .unwrap_or_else(|r| panic!("{sql}: {r}")),
        expect,
        "{sql}"
    );
}

#[track_caller]
fn refused(sql: &str, code: ErrorCode) -> String {
    let refusal = city().query_rows(sql).expect_err(sql);
    assert_eq!(refusal.code, code, "{sql}: {refusal}");
    // The examples in refusals must be permitted themselves.
    for help in &refusal.help {
        if let Some(example) = help.strip_prefix("this would pass: ") {
            let passed = city().query_rows(example);
            assert!(passed.is_ok(), "{sql}: {example}: {passed:?}");
        }
    }
    let text = format!("{} {}", refusal.sentence, refusal.help.join("; "));
    assert!(!text.contains("777"), "{text}");
    text
}

#[test]
fn shows_published_cells_alone() {
    answers(
        "SELECT * FROM trips.cube ORDER BY district, at",
        &[
            "A|2025-11-13T14:00:00Z|12|12|30.0|12|120",
            "A|2025-11-13T15:00:00Z|12|12|30.0|12|120",
            "C|2025-11-13T14:00:00Z|12|NULL|NULL|12|120",
        ],
    );
    answers("SELECT count(*) FROM trips", &["36"]);
    answers(
        "SELECT count(*), count(fare), sum(fare), avg(fare) FROM trips",
        &["36|24|60.0|2.5"],
    );
    answers(
        "SELECT district, count(*) n, avg(duration) FROM trips GROUP BY district ORDER BY 1",
        &["A|24|10.0", "C|12|10.0"],
    );
    answers(
        "SELECT date_trunc('hour', at), sum(duration) FROM trips t WHERE t.district = 'A' GROUP BY 1 ORDER BY 1",
        &["2025-11-13T14:00:00Z|120", "2025-11-13T15:00:00Z|120"],
    );
    answers(
        "SELECT count(*) FROM trips WHERE at >= '2025-11-13T15:00:00Z' AND at < '2025-11-13T16:00:00Z'",
        &["12"],
    );
    answers(
        "SELECT count(*) FROM trips WHERE at BETWEEN '2025-11-13T15:00:00Z' AND '2025-11-13T15:59:59.999999Z'",
        &["12"],
    );
    // The total contains no withheld value.
    answers(
        "SELECT (SELECT sum(fare) FROM trips) - (SELECT sum(fare) FROM trips WHERE district IN ('A', 'C'))",
        &["0.0"],
    );
    answers(
        "SELECT district, sum(n) FROM trips.cube GROUP BY ROLLUP (district) ORDER BY 1 NULLS LAST",
        &["A|24", "C|12", "NULL|36"],
    );
    answers(
        "SELECT a.district FROM trips.cube a JOIN trips.cube b ON a.district = b.district AND a.at < b.at",
        &["A"],
    );
    answers(
        "SELECT max(n) FROM (SELECT district, count(*) n FROM trips GROUP BY district HAVING count(*) > 20) x",
        &["24"],
    );
}

/// A count of 0 would mean that no rows exist, although the count is only withheld. Withheld and empty cells look equal.
#[test]
fn a_count_that_no_cell_tells_is_null() {
    answers(
        "SELECT district, count(fare), sum(fare), avg(fare), count(*) FROM trips GROUP BY district ORDER BY 1",
        &["A|24|60.0|2.5|24", "C|NULL|NULL|NULL|12"],
    );
    answers(
        "SELECT count(*), count(fare), sum(fare), avg(fare) FROM trips WHERE district = 'C'",
        &["12|NULL|NULL|NULL"],
    );
    for nothing in ["district = 'B'", "district = 'Z'", "false"] {
        answers(
            &format!("SELECT count(*), count(fare), sum(fare) FROM trips WHERE {nothing}"),
            &["NULL|NULL|NULL"],
        );
    }
    // No rule may assume that a count is never NULL.
    answers(
        "SELECT district FROM trips GROUP BY district HAVING count(fare) IS NULL",
        &["C"],
    );
    answers(
        "SELECT coalesce(k, -1) FROM (SELECT count(fare) k FROM trips WHERE district = 'C') x WHERE k IS NULL",
        &["-1"],
    );
    answers(
        "SELECT (SELECT count(fare) FROM trips WHERE district = 'C') IS NULL",
        &["true"],
    );
}

#[test]
fn refuses_rows() {
    for sql in [
        "SELECT * FROM trips",
        "SELECT fare FROM trips LIMIT 1",
        "SELECT district FROM trips ORDER BY 1",
    ] {
        let text = refused(sql, ErrorCode::AggregateOnly);
        assert!(text.contains("date_trunc('hour', at)"), "{text}");
    }
}

#[test]
fn refuses_what_is_finer_than_a_cell() {
    for sql in [
        "SELECT fare, count(*) FROM trips GROUP BY fare",
        "SELECT at, count(*) FROM trips GROUP BY at",
        "SELECT date_trunc('minute', at), count(*) FROM trips GROUP BY 1",
        "SELECT date_trunc('day', at AT TIME ZONE 'Asia/Kolkata'), count(*) FROM trips GROUP BY 1",
        "SELECT upper(district), count(*) FROM trips GROUP BY 1",
        "SELECT count(*) FROM trips WHERE fare > 5",
    ] {
        refused(sql, ErrorCode::DimensionNotAllowed);
    }
    let text = refused(
        "SELECT count(*) FROM trips WHERE at < '2025-11-13T14:59:00Z'",
        ErrorCode::FilterNotOnGrid,
    );
    assert!(
        text.contains("2025-11-13T14:00:00Z and 2025-11-13T15:00:00Z"),
        "{text}"
    );
    for sql in [
        "SELECT count(*) FROM trips WHERE at = '2025-11-13T14:00:00Z'",
        "SELECT count(*) FROM trips WHERE at > '2025-11-13T14:00:00Z'",
        "SELECT count(*) FROM trips WHERE at IN ('2025-11-13T14:00:00Z')",
    ] {
        refused(sql, ErrorCode::FilterNotOnGrid);
    }
    // Columns outside the contract do not exist.
    refused(
        "SELECT device_id, count(*) FROM trips GROUP BY 1",
        ErrorCode::ColumnUnknown,
    );
}

#[test]
fn days_of_a_zone_are_made_of_hours() {
    answers(
        "SELECT date_trunc('day', at AT TIME ZONE 'Europe/Berlin'), count(*) FROM trips GROUP BY 1",
        &["2025-11-13T00:00:00+01:00|36"],
    );
}

#[test]
fn refuses_other_aggregates() {
    for call in [
        "min(fare)",
        "max(fare)",
        "median(fare)",
        "approx_percentile_cont(fare, 0.5)",
        "approx_distinct(fare)",
        "approx_median(fare)",
        "percentile_state_v2(fare)",
        "distinct_state_v1(district)",
        "first_value(fare)",
        "bit_xor(duration)",
        "stddev(fare)",
    ] {
        refused(
            &format!("SELECT {call} FROM trips"),
            ErrorCode::FunctionNotAllowed,
        );
    }
}

#[test]
fn names_the_construct() {
    for (sql, construct) in [
        (
            "SELECT sum(CASE WHEN district = 'A' THEN fare ELSE 0 END) FROM trips",
            "CASE",
        ),
        (
            "SELECT sum(fare) FILTER (WHERE district = 'A') FROM trips",
            "FILTER",
        ),
        ("SELECT sum(fare * fare) FROM trips", "an expression"),
        ("SELECT count(DISTINCT fare) FROM trips", "DISTINCT"),
        ("SELECT sum(CAST(fare AS BIGINT)) FROM trips", "cast"),
        (
            "SELECT district, count(*) FROM trips GROUP BY ROLLUP (district)",
            "ROLLUP",
        ),
        (
            "SELECT district, count(*) FROM trips GROUP BY GROUPING SETS ((district), ())",
            "GROUPING SETS",
        ),
        ("SELECT DISTINCT district FROM trips", "DISTINCT"),
        (
            "SELECT count(*) FROM trips a JOIN trips b ON a.district = b.district",
            "a join",
        ),
        (
            "SELECT row_number() OVER (ORDER BY fare) FROM trips",
            "a window function",
        ),
        (
            "SELECT count(*) FROM trips WHERE district IN (SELECT 'A')",
            "a subquery",
        ),
        (
            "SELECT count(*) FROM trips WHERE district LIKE 'A%'",
            "LIKE",
        ),
        (
            "SELECT count(*) FROM trips WHERE date_part('hour', at) = 14",
            "date_part",
        ),
        (
            "SELECT count(*) FROM (SELECT fare FROM trips) t",
            "a query of rows",
        ),
    ] {
        let text = refused(sql, ErrorCode::QueryShape);
        assert!(text.contains(construct), "{sql}: {text}");
        assert!(
            text.contains("this would pass: SELECT district, "),
            "{text}"
        );
    }
}

#[test]
fn what_it_shows_passes() {
    let text = refused("SELECT * FROM trips", ErrorCode::AggregateOnly);
    let (_, example) = text.split_once("this would pass: ").unwrap();
    assert_eq!(city().query_rows(example).unwrap().len(), 3);
}

/// The cells under their own name are limited to the permitted functions as well. An average needs neither its sum nor its count to
/// be permitted.
#[test]
fn cells_tell_what_the_functions_do() {
    let (count, sum, avg) = (CubeFunction::Count, CubeFunction::Sum, CubeFunction::Avg);
    for (functions, shown, hidden) in [
        (vec![count], "A|24|24", vec!["sum_fare", "sum_duration"]),
        (vec![sum], "A|60.0|240", vec!["n", "cnt_fare"]),
        (vec![avg], "A", vec!["n", "cnt_fare", "sum_fare"]),
    ] {
        let city = permitting(&functions);
        let columns = match functions.as_slice() {
            [CubeFunction::Count] => ", sum(n), sum(cnt_fare)",
            [CubeFunction::Sum] => ", sum(sum_fare), sum(sum_duration)",
            _ => "",
        };
        let sql = format!(
            "SELECT district{columns} FROM trips.cube WHERE district = 'A' GROUP BY district"
        );
        assert_eq!(city.query_rows(&sql).unwrap(), [shown], "{sql}");
        let width = city
            .ask("SELECT * FROM trips.cube")
            .unwrap()
            .0
            .fields()
            .len();
        assert_eq!(
            width,
            if functions == [avg] {
                2
            } else {
                4 + usize::from(functions == [count])
            }
        );
        for column in hidden {
            let refusal = city
                .query_rows(&format!("SELECT district, {column} FROM trips.cube"))
                .unwrap_err();
            assert_eq!(
                refusal.code,
                ErrorCode::ColumnUnknown,
                "{column}: {refusal}"
            );
        }
    }
    let city = permitting(&[avg]);
    let sql = "SELECT district, avg(fare), avg(duration) FROM trips GROUP BY 1 ORDER BY 1";
    assert_eq!(city.query_rows(sql).unwrap(), ["A|2.5|10.0", "C|NULL|10.0"]);
    for sql in [
        "SELECT sum(fare) FROM trips",
        "SELECT count(fare) FROM trips",
    ] {
        let refusal = city.query_rows(sql).unwrap_err();
        assert_eq!(
            refusal.code,
            ErrorCode::FunctionNotAllowed,
            "{sql}: {refusal}"
        );
    }
}
