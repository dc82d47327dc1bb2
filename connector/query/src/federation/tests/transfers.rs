//! Remote queries and the transferred rows.

use super::{CITIES, FederationFixture, run};
use crate::federation::time_span::CoveredTimeSpan;
use crate::fixture::dataset_files::build_dataset;
use arrow_array::{ArrayRef, Int64Array, RecordBatch};
use std::sync::Arc;

#[track_caller]
fn sends(sql: &str, texts: &[&str]) {
    let fixture = FederationFixture::new();
    run(fixture.ask(sql)).unwrap();
    let mut sent = fixture.texts();
    sent.sort();
    assert_eq!(sent, texts, "{sql}");
}

#[test]
fn texts() {
    sends(
        "SELECT t.place FROM munster.trips AS t WHERE t.n > 5 AND t.ts >= '2024-01-05T00:00:00Z' LIMIT 3",
        &[
            "munster: SELECT place AS c0 FROM trips WHERE (n > 5) AND (ts >= '2024-01-05T00:00:00Z') LIMIT 3",
        ],
    );
    sends(
        "SELECT place, avg(n), count(*) FROM munster.trips GROUP BY place",
        &["munster: SELECT place AS k0, avg(n) AS p0, count(*) AS p1 FROM trips GROUP BY place"],
    );
}

#[test]
fn groups_travel_not_rows() {
    let fixture = FederationFixture::new();
    run(fixture
        .ask("SELECT place, avg(x) FROM model.trips WHERE day >= '2023-12-20' GROUP BY place"))
    .unwrap();
    assert_eq!(fixture.texts().len(), CITIES.len());
    assert!(fixture.travelled() <= 3 * 8, "{:?}", fixture.texts());
    // The sum and the average of an integer share one partial sum.
    run(fixture.ask("SELECT sum(n), avg(n), count(n) FROM model.trips")).unwrap();
    assert_eq!(fixture.travelled(), 3, "{:?}", fixture.texts());
    run(fixture.ask("SELECT participant, sum(n) FROM model.trips GROUP BY participant")).unwrap();
    assert_eq!(fixture.travelled(), 3);
    run(fixture.ask("SELECT id FROM model.trips ORDER BY x DESC, id LIMIT 4")).unwrap();
    assert_eq!(fixture.travelled(), 12);
}

#[test]
fn nobody_is_asked_without_need() {
    let fixture = FederationFixture::new();
    run(fixture.ask("SELECT sum(n) FROM model.trips WHERE participant = 'ottawa.example'"))
        .unwrap();
    assert_eq!(fixture.texts().len(), 1, "{:?}", fixture.texts());
    assert_eq!(fixture.travelled(), 1);
    run(fixture.ask("SELECT n FROM model.trips WHERE participant = 'nobody.example'")).unwrap();
    assert_eq!(fixture.texts(), Vec::<String>::new());
}

/// All texts are fixed before the first row: they do not depend on rows, and contain only literals of the question.
#[test]
fn no_rows_in_texts() {
    let sql = "SELECT m.id FROM munster.trips m JOIN zurich.sites s ON m.place = s.place \
               WHERE s.level = (SELECT min(level) FROM zurich.sites) AND m.n > (SELECT avg(n) FROM ottawa.trips)";
    let fixture = FederationFixture::new();
    run(fixture.ask(sql)).unwrap();
    let mut full = fixture.texts();
    let mut other = FederationFixture::new();
    for rows in other.data.values_mut() {
        *rows = rows.slice(0, rows.num_rows().min(2));
    }
    run(other.ask(sql)).unwrap();
    let mut short = other.texts();
    full.sort();
    short.sort();
    assert_eq!(full, short);
    assert!(!full.is_empty());
    for text in full {
        for place in ["north", "south", "o'hare", "nowhere"] {
            assert!(!text.contains(place), "{text}");
        }
    }
}

/// Conditions that are evaluated at the participant: only matching rows are transferred, without a second filter here.
#[test]
fn conditions_travel() {
    let fixture = FederationFixture::new();
    for condition in [
        "n > 100",
        "n >= -5 AND n <= 5",
        "n BETWEEN -50 AND 50",
        "x < 12.25",
        "x / 4 > 10.5",
        "CAST(n AS DOUBLE) < 1e2",
        "n % 4 = 1",
        "n + id * 2 > 150",
        "open",
        "NOT open",
        "open IS NULL",
        "open IS NOT TRUE",
        "place = 'o''hare'",
        "place <> 'north'",
        "place LIKE '%o%'",
        "place NOT LIKE 'm_nster%'",
        "place ILIKE 'N%'",
        "place IN ('north', 'east')",
        "place IN ('north', 'south', 'east', 'west', 'x', 'y')",
        "place NOT IN ('south', 'west', 'a', 'b', 'c', 'd')",
        "place IS NOT NULL",
        "place IS DISTINCT FROM 'north'",
        "upper(place) = 'NORTH'",
        "character_length(place) = 5",
        "substr(place, 1, 2) = 'no'",
        "place || 'x' = 'northx'",
        "day = '2023-12-25'",
        "day >= '2023-12-20' AND day < DATE '2024-01-05'",
        "day IN ('2023-12-25', '2023-12-26', '2023-12-27', '2023-12-28')",
        "extract(month FROM day) = 12",
        "ts >= '2024-01-05T00:00:00Z'",
        "ts < '2024-01-12T12:30:00.5Z'",
        "ts BETWEEN '2024-01-05T00:00:00Z' AND '2024-01-06T00:00:00Z'",
        "date_trunc('day', ts) = '2024-01-05T00:00:00Z'",
        "date_trunc('day', ts) BETWEEN '2024-01-05T00:00:00Z' AND '2024-01-07T00:00:00Z'",
        "extract(hour FROM ts) = 5",
        "ts + INTERVAL '1 day' > '2024-01-05T00:00:00Z'",
        "coalesce(n, -1) = -1",
        "nullif(place, 'north') IS NULL",
        "CASE WHEN n > 0 THEN 'p' WHEN n < 0 THEN 'q' END = 'p'",
        "CASE WHEN open THEN n ELSE id END > 20",
        "n > 10 OR (x < 3 AND place = 'north')",
        "abs(n) > 400",
        "round(x) = 10",
        "to_timestamp('2024-01-05T00:00:00Z') < ts",
    ] {
        for (from, branches) in [("munster.trips", 1), ("model.trips AS m", 3)] {
            let sql = format!("SELECT id FROM {from} WHERE {condition}");
            fixture.same(&sql);
            let explained = fixture.plan(&sql).unwrap().explain();
            assert_eq!(explained.remote_queries.len(), branches, "{sql}");
            assert!(
                !explained
                    .here
                    .iter()
                    .any(|(_, step)| step.starts_with("Filter")),
                "{explained}"
            );
        }
    }
}

/// Aggregates that are transferred as one row for each group.
#[test]
fn aggregates_travel() {
    let fixture = FederationFixture::new();
    for (call, everywhere) in [
        ("count(*)", true),
        ("count(n)", true),
        ("sum(n)", true),
        ("sum(x)", true),
        ("min(place)", true),
        ("max(ts)", true),
        ("max(day)", true),
        ("avg(x)", true),
        ("avg(n)", true),
        ("avg(n + 1)", true),
        ("sum(CASE WHEN open THEN 1 ELSE 0 END)", true),
        ("sum(n) FILTER (WHERE open)", true),
        ("sum(CAST(n AS DECIMAL(12, 2)))", true),
        ("avg(CAST(n AS DECIMAL(12, 2)))", false),
        ("median(x)", false),
        ("stddev(x)", true),
        ("var_pop(n) FILTER (WHERE open)", true),
        ("covar_samp(x, n), corr(x, n)", true),
        ("approx_distinct(place), approx_distinct(n + 1)", true),
        ("approx_distinct(day) FILTER (WHERE n > 3)", true),
        ("approx_distinct(open)", false),
        ("approx_median(x), approx_percentile_cont(n, 0.9)", true),
        ("count(DISTINCT n), count(DISTINCT place)", false),
    ] {
        for (from, branches, travels) in
            [("munster.trips", 1, true), ("model.trips", 3, everywhere)]
        {
            let sql = format!("SELECT open, {call} FROM {from} GROUP BY open");
            run(fixture.ask(&sql)).unwrap();
            let rows = fixture.travelled();
            assert_eq!(
                rows <= 3 * branches,
                travels,
                "{sql}: {rows} {:?}",
                fixture.texts()
            );
        }
    }
}

/// The line below the result shows where a dataset covers less time than requested.
#[test]
fn a_short_span_is_seen() {
    let mut fixture = FederationFixture::new();
    for table in &mut fixture.tables {
        let mut entry = build_dataset("trips", &["id:int", "ts:instant", "day:date"]);
        entry.time_span = Some((
            "2024-01-01T00:00:00Z".parse().unwrap(),
            "2024-01-20T00:00:00Z".parse().unwrap(),
        ));
        table.covered = CoveredTimeSpan::of(&entry);
    }
    for (condition, short) in [
        (
            "ts >= '2024-01-01T00:00:00Z' AND ts < '2024-01-20T12:00:00Z'",
            false,
        ),
        ("ts >= '2023-12-01T00:00:00Z'", true),
        (
            "ts BETWEEN '2024-01-02T00:00:00Z' AND '2024-02-02T00:00:00Z'",
            true,
        ),
        ("day >= '2023-12-01' AND n > 3", true),
        ("day = '2024-01-10'", false),
        ("n > 3", false),
    ] {
        for select in ["SELECT id", "SELECT max(n)"] {
            let sql = format!("{select} FROM munster.trips WHERE {condition}");
            let question = fixture.plan(&sql).unwrap();
            let remote_query = &question.remote_queries()[0];
            assert_eq!(remote_query.reads[0].falls_short(), short, "{sql}");
            assert!(!remote_query.reads[0].is_span_undeclared(), "{sql}");
        }
    }
    // An unknown coverage is reported too, if the question asks for a time.
    for table in &mut fixture.tables {
        table.covered = None;
    }
    for (condition, untold) in [("day >= '2023-12-01' AND n > 3", true), ("n > 3", false)] {
        let sql = format!("SELECT max(n) FROM munster.trips WHERE {condition}");
        let question = fixture.plan(&sql).unwrap();
        let remote_query = &question.remote_queries()[0];
        assert_eq!(
            (
                remote_query.reads[0].falls_short(),
                remote_query.reads[0].is_span_undeclared()
            ),
            (false, untold),
            "{sql}"
        );
    }
}

/// A question over many participants is planned within the limits of one statement.
#[test]
fn thirty_participants() {
    let mut fixture = FederationFixture::new();
    let like = fixture.tables[0].clone();
    for number in 0..27 {
        let city = format!("city{number}");
        let mut table = like.clone();
        table.alias = city.parse().unwrap();
        table.dataset = super::dataset(&city, "trips");
        fixture.tables.push(table);
    }
    let question = fixture
        .plan(
            "SELECT participant, place, avg(x), count(*) FROM model.trips WHERE ts >= '2024-01-05T00:00:00Z' \
             AND place LIKE '%o%' AND (n > 5 OR open) AND day < '2024-02-01' GROUP BY participant, place \
             ORDER BY participant, place LIMIT 10",
        )
        .unwrap();
    assert_eq!(question.remote_queries().len(), 30);
}

#[test]
fn explained() {
    let fixture = FederationFixture::new();
    let sql = "SELECT s.level, avg(t.x) FROM model.trips t JOIN zurich.sites s ON t.place = s.place WHERE t.participant <> 'zurich.example' GROUP BY s.level";
    let question = fixture.plan(sql).unwrap();
    assert!(!question.explains());
    let text = question.explain().to_string();
    let first = format!(
        "munster.example (contract {}, munster.trips of 2026-11-20.1)\n  SELECT place AS c0, x AS c1 FROM trips\n  brings at most 200 rows, about 6400 bytes\n",
        super::contract("munster").to_short_text()
    );
    assert!(text.starts_with(&first), "{text}");
    assert_eq!(text.matches("brings at most").count(), 3);
    assert_eq!(text.matches("rows from zurich.example").count(), 1);
    assert!(text.contains("\nhere\n"));
    // EXPLAIN shows an equal text and sends no remote query.
    let (rows, report) = run(fixture.ask(&format!("EXPLAIN {sql}"))).unwrap();
    assert_eq!(super::text(&rows).join("\n"), text.trim_end());
    assert!(fixture.texts().is_empty());
    assert!(report.missing_participants().is_empty());
}

/// The consumer decides the value of `now()`: all participants get one instant.
#[test]
fn one_now_for_all() {
    let fixture = FederationFixture::new();
    for condition in [
        "ts < now()",
        "ts > now() - INTERVAL '900 days'",
        "day < today()",
        "date_trunc('day', ts) < now()",
    ] {
        let sql = format!("SELECT count(*) FROM model.trips WHERE {condition}");
        run(fixture.ask(&sql)).unwrap();
        assert_eq!(fixture.travelled(), 3, "{sql}");
        for text in fixture.texts() {
            assert!(
                text.contains("20") && !text.contains("now") && !text.contains("today"),
                "{text}"
            );
        }
    }
}

/// SQL keywords as names of datasets and columns.
#[test]
fn words_as_names() {
    let mut fixture = FederationFixture::new();
    let values = || Arc::new(Int64Array::from(vec![3, 1, 2])) as ArrayRef;
    let words = [
        "select",
        "order",
        "end",
        "timestamp",
        "value",
        "user",
        "c0",
        "k0",
        "p0",
    ];
    let rows = RecordBatch::try_from_iter(words.map(|word| (word, values()))).unwrap();
    for name in ["order", "values", "table", "k0"] {
        fixture.add("ottawa", name, rows.clone(), None);
        for sql in [
            format!(
                "SELECT \"end\", \"timestamp\" FROM ottawa.\"{name}\" WHERE \"select\" > 1 AND \"order\" < 3"
            ),
            format!(
                "SELECT \"user\", c0, sum(value), max(p0) FROM ottawa.\"{name}\" AS t GROUP BY \"user\", c0"
            ),
            format!("SELECT p0, k0 FROM ottawa.\"{name}\" ORDER BY c0, \"end\" LIMIT 2"),
        ] {
            fixture.same(&sql);
        }
    }
}
