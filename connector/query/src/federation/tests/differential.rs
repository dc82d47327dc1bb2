//! Fixed questions whose federated answers must equal the pooled ones.

use super::{FederationFixture, run, text};
use arrow_array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use hansa_policy::refusal::ErrorCode;
use std::sync::Arc;

#[test]
fn rows() {
    let fixture = FederationFixture::new();
    for sql in [
        "SELECT * FROM munster.trips",
        "SELECT place, n FROM munster.trips WHERE n > 100",
        "SELECT t.n + 1 AS m, upper(t.place) FROM ottawa.trips t WHERE t.place LIKE '%o%' OR t.open",
        "SELECT place FROM munster.trips WHERE place = 'o''hare'",
        "SELECT id FROM munster.trips WHERE place = 'münster_%' AND NOT open",
        "SELECT id FROM munster.trips WHERE place IN ('north', 'south', 'east', 'west', 'x', 'y')",
        "SELECT id FROM munster.trips WHERE n BETWEEN -50 AND 50 AND x IS NOT NULL",
        "SELECT id FROM zurich.trips WHERE day >= '2023-12-20' AND day < DATE '2024-01-05'",
        "SELECT id, ts FROM zurich.trips WHERE ts >= '2024-01-05T00:00:00Z' AND ts < '2024-01-12T12:30:00.5Z'",
        "SELECT id FROM zurich.trips WHERE date_trunc('day', ts) = '2024-01-05T00:00:00Z'",
        "SELECT id FROM zurich.trips WHERE extract(hour FROM ts) = 5",
        "SELECT id FROM zurich.trips WHERE x / 4 > 10.5 AND CAST(n AS DOUBLE) < 1e2",
        "SELECT id FROM zurich.trips WHERE CASE WHEN n > 0 THEN 'p' WHEN n < 0 THEN 'q' END = 'p'",
        "SELECT id FROM zurich.trips WHERE coalesce(n, -1) = -1",
        "SELECT id FROM zurich.trips WHERE place IS DISTINCT FROM 'north'",
        "SELECT id FROM zurich.trips WHERE nullif(place, 'north') IS NULL",
        "SELECT * FROM ottawa.empty",
        "SELECT id FROM munster.trips ORDER BY n DESC NULLS LAST, id LIMIT 7",
        "SELECT id FROM munster.trips ORDER BY n, id LIMIT 7 OFFSET 20",
        "SELECT id, x * 2 AS y FROM model.trips ORDER BY y DESC NULLS FIRST, id LIMIT 9",
        "SELECT participant, dataset, id FROM model.trips ORDER BY participant DESC, id LIMIT 5",
        "SELECT count(*) FROM (SELECT id FROM model.trips LIMIT 50)",
        "SELECT id FROM model.trips WHERE participant = 'ottawa.example' AND n > 0",
        "SELECT id FROM model.trips WHERE participant = 'nobody.example'",
        "SELECT DISTINCT place FROM munster.trips",
        "SELECT DISTINCT participant, place FROM model.trips",
        "SELECT 1",
        "SELECT place FROM munster.trips UNION ALL SELECT place FROM ottawa.trips",
        "SELECT place FROM munster.trips UNION SELECT place FROM zurich.sites",
        "SELECT place FROM munster.trips INTERSECT SELECT place FROM zurich.sites",
        "SELECT place FROM munster.trips EXCEPT SELECT place FROM zurich.sites",
    ] {
        fixture.same(sql);
    }
}

#[test]
fn aggregates() {
    let fixture = FederationFixture::new();
    for sql in [
        "SELECT count(*), count(n), sum(n), min(n), max(n), avg(n) FROM munster.trips",
        "SELECT count(*), count(n), sum(n), min(n), max(n), avg(n) FROM model.trips",
        "SELECT count(*), count(x), sum(x), min(x), max(x), avg(x) FROM ottawa.empty",
        "SELECT count(*), count(x), sum(x), min(place), max(place), avg(x) FROM model.trips WHERE n > 100000",
        "SELECT place, count(*), avg(x), sum(n) FROM model.trips GROUP BY place",
        "SELECT place, count(*), avg(x) FROM model.trips WHERE n > 100000 GROUP BY place",
        "SELECT participant, count(*), avg(x) FROM model.trips GROUP BY participant",
        "SELECT participant, count(*), avg(x) FROM model.trips WHERE id < 100000 GROUP BY participant",
        "SELECT participant, place, max(ts), min(day) FROM model.trips GROUP BY participant, place",
        "SELECT participant || place, sum(n) FROM model.trips GROUP BY participant || place",
        "SELECT date_trunc('day', ts) AS d, avg(x), count(*) FROM model.trips GROUP BY d ORDER BY d",
        "SELECT date_trunc('day', ts), avg(x) FROM munster.trips GROUP BY 1 ORDER BY 1",
        "SELECT extract(month FROM day) AS m, sum(n) FROM model.trips GROUP BY m",
        "SELECT place, avg(x) AS a FROM model.trips GROUP BY place HAVING count(*) > 20 ORDER BY a DESC NULLS LAST, place LIMIT 3",
        "SELECT count(DISTINCT place) FROM model.trips",
        "SELECT approx_distinct(id), approx_distinct(place), approx_distinct(n), approx_distinct(day), approx_distinct(ts), approx_distinct(open) FROM model.trips",
        "SELECT approx_distinct(n), approx_median(x), count(*) FROM model.trips WHERE n > 100000",
        "SELECT approx_distinct(upper(place)), approx_distinct(n % 7), approx_distinct(CAST(n AS DECIMAL(12, 2))) FROM model.trips",
        "SELECT place, approx_distinct(n), approx_distinct(id) FILTER (WHERE open), sum(n) FROM model.trips GROUP BY place",
        "SELECT id, approx_distinct(place) FROM model.trips GROUP BY id",
        "SELECT date_trunc('day', ts) AS d, approx_distinct(n) AS a FROM model.trips GROUP BY d HAVING approx_distinct(n) > 1 ORDER BY a DESC, d LIMIT 5",
        "SELECT participant, approx_distinct(n), approx_distinct(place) FROM model.trips GROUP BY participant",
        "SELECT approx_distinct(participant), approx_distinct(dataset) FROM model.trips",
        "SELECT count(DISTINCT place), sum(n) FROM model.trips",
        "SELECT count(DISTINCT place), sum(n) FROM munster.trips",
        "SELECT participant, count(DISTINCT place) FROM model.trips GROUP BY participant",
        "SELECT sum(n) FILTER (WHERE open), count(*) FILTER (WHERE place = 'north') FROM model.trips",
        "SELECT sum(CAST(n AS DECIMAL(20, 3))), avg(CAST(n AS DECIMAL(20, 3))) FROM model.trips",
        "SELECT sum(n * 2 + 1), sum(abs(n)), sum(CASE WHEN open THEN 1 ELSE 0 END) FROM model.trips",
        "SELECT max(n) - min(n), sum(x) / count(x) FROM model.trips",
        "SELECT open, bool_and(n > 0), median(n) FROM munster.trips GROUP BY open",
        "SELECT open, median(n) FROM model.trips GROUP BY open",
        "SELECT place, n % 3, count(*) FROM model.trips GROUP BY ROLLUP (place, n % 3)",
        "SELECT sum(n) + 9223372036850000000 - 9223372036850000000 FROM model.trips",
        "SELECT place, sum(s) FROM (SELECT place, participant, sum(n) AS s FROM model.trips GROUP BY place, participant) GROUP BY place",
        "SELECT min(n), 'fixed', count(*) FROM (SELECT n FROM munster.trips UNION ALL SELECT n FROM zurich.trips)",
        "SELECT k, count(*) FROM (SELECT n AS k FROM munster.trips UNION ALL SELECT level FROM zurich.sites) GROUP BY k",
        "SELECT sum(x) OVER (PARTITION BY place), id FROM ottawa.trips",
    ] {
        fixture.same(sql);
    }
}

#[test]
fn joins_and_sub_queries() {
    let fixture = FederationFixture::new();
    for sql in [
        "SELECT t.id, s.level FROM munster.trips t JOIN zurich.sites s ON t.place = s.place WHERE s.level > 1",
        "SELECT s.place, count(t.id) FROM zurich.sites s LEFT JOIN model.trips t ON t.place = s.place GROUP BY s.place",
        "SELECT s.place, approx_distinct(t.n) FROM zurich.sites s LEFT JOIN model.trips t ON t.place = s.place GROUP BY s.place",
        "SELECT s.level, approx_distinct(t.id), sum(t.n) FROM model.trips t JOIN zurich.sites s ON t.place = s.place GROUP BY s.level",
        "SELECT a.place, sum(a.n), sum(b.n) FROM munster.trips a JOIN ottawa.trips b ON a.place = b.place AND a.day = b.day GROUP BY a.place",
        "SELECT id FROM munster.trips WHERE place IN (SELECT place FROM zurich.sites)",
        "SELECT id FROM munster.trips WHERE place NOT IN (SELECT place FROM zurich.sites)",
        "SELECT id FROM munster.trips t WHERE EXISTS (SELECT 1 FROM zurich.sites s WHERE s.place = t.place AND s.level < 3)",
        "SELECT id FROM munster.trips t WHERE NOT EXISTS (SELECT 1 FROM ottawa.trips o WHERE o.n = t.n)",
        "SELECT id FROM munster.trips WHERE x > (SELECT avg(x) FROM model.trips)",
        "SELECT place, (SELECT max(n) FROM ottawa.trips o WHERE o.place = s.place) FROM zurich.sites s",
        "WITH a AS (SELECT place, avg(x) AS m FROM model.trips GROUP BY place) SELECT p.place, p.m, q.m FROM a p JOIN a q ON p.place = q.place WHERE p.m >= q.m",
        "WITH t AS (SELECT * FROM munster.trips WHERE n > 0) SELECT count(*), (SELECT count(*) FROM t WHERE open) AS o FROM t",
        "SELECT a.id, b.id FROM munster.trips a CROSS JOIN zurich.sites s JOIN munster.trips b ON a.id = b.id + s.level",
        "SELECT a.participant, b.participant, count(*) FROM model.trips a JOIN model.trips b ON a.day = b.day AND a.place = b.place GROUP BY a.participant, b.participant",
        "SELECT m.place, z.level FROM munster.trips m FULL JOIN zurich.sites z ON m.place = z.place AND m.n > 400",
        "SELECT participant, place, rank() OVER (PARTITION BY participant ORDER BY s DESC NULLS LAST, place) FROM (SELECT participant, place, sum(n) AS s FROM model.trips GROUP BY participant, place) /*any*/",
        "SELECT trips.place FROM munster.trips WHERE munster.trips.n = 1",
    ] {
        fixture.same(sql);
    }
}

/// `ORDER BY` with a limit over branches that each contain a constant of their own.
#[test]
fn constants_of_branches_are_sorted() {
    let fixture = FederationFixture::new();
    for sql in [
        "SELECT participant, id FROM model.trips ORDER BY participant DESC, id LIMIT 5",
        "SELECT participant, id FROM model.trips ORDER BY participant DESC, id LIMIT 205",
        "SELECT 'b' AS p, id FROM munster.trips UNION ALL SELECT 'a', id FROM zurich.trips ORDER BY p, id LIMIT 3",
        "SELECT p, m FROM (SELECT participant AS p, day, max(id) AS m FROM model.trips GROUP BY participant, day) ORDER BY p DESC, m LIMIT 4",
        "SELECT p, i FROM (SELECT 'a' AS p, t.id AS i FROM munster.trips t JOIN zurich.sites s ON t.place = s.place UNION ALL SELECT 'b', t.id FROM zurich.trips t JOIN zurich.sites s ON t.place = s.place) ORDER BY p DESC, i LIMIT 4",
    ] {
        fixture.same(sql);
    }
}

/// Fixture with numbers of which any two overflow together, within a city and between cities.
fn halves() -> FederationFixture {
    let mut fixture = FederationFixture::new();
    fixture.tables.clear();
    let half = HALF;
    for (city, numbers) in [
        ("munster", [half, 0, -1]),
        ("ottawa", [half, 1, -1]),
        ("zurich", [-half, 2, -1]),
    ] {
        let keys: Vec<&str> = vec!["a", "b", "c"];
        let rows = RecordBatch::try_from_iter([
            ("place", Arc::new(StringArray::from(keys)) as ArrayRef),
            ("n", Arc::new(Int64Array::from(numbers.to_vec())) as _),
        ])
        .unwrap();
        fixture.add(city, "trips", rows, Some("trips"));
    }
    fixture
}

const HALF: i64 = i64::MAX / 2 + 1;

/// Sums that fit in each city and overflow together. The question fails, and no sum is returned.
#[test]
fn a_sum_of_sums_beyond_its_type_ends_the_question() {
    let (fixture, half) = (halves(), HALF);
    for (sql, expect) in [
        ("SELECT sum(n) FROM model.trips", Some(half.to_string())),
        (
            "SELECT sum(n) FROM model.trips WHERE place = 'a'",
            Some(half.to_string()),
        ),
        (
            "SELECT sum(n) FROM model.trips WHERE place = 'a' AND participant <> 'zurich.example'",
            None,
        ),
        (
            "SELECT place, sum(n) FROM model.trips WHERE participant <> 'zurich.example' GROUP BY place",
            None,
        ),
        (
            "SELECT max(s) FROM (SELECT place, sum(n) AS s FROM model.trips GROUP BY place)",
            Some(half.to_string()),
        ),
        (
            "SELECT sum(s) FROM (SELECT participant, sum(n) AS s FROM model.trips WHERE place = 'a' GROUP BY participant)",
            Some(half.to_string()),
        ),
        (
            "SELECT sum(l.n + 0) FROM munster.trips l JOIN ottawa.trips o ON l.place = o.place WHERE l.place = 'a'",
            Some(half.to_string()),
        ),
        (
            "SELECT sum(DISTINCT n) FROM (SELECT n FROM munster.trips UNION ALL SELECT n - 1 FROM ottawa.trips) WHERE n > 5",
            Some(i64::MAX.to_string()),
        ),
    ] {
        let reported = run(fixture.ask(sql)).map(|(rows, _)| text(&rows));
        match expect {
            Some(sum) => assert_eq!(reported.unwrap(), [sum], "{sql}"),
            None => assert_eq!(
                reported.expect_err(sql).code,
                ErrorCode::SumOverflow,
                "{sql}"
            ),
        }
    }
    let by_key = "SELECT place, sum(n) FROM model.trips WHERE place = 'b' GROUP BY place";
    run(fixture.ask(by_key)).unwrap();
    let travelled =
        "munster: SELECT place AS k0, sum(n) AS p0 FROM trips WHERE (place = 'b') GROUP BY place";
    assert!(
        fixture.texts().contains(&travelled.to_owned()),
        "{:?}",
        fixture.texts()
    );
}

/// Local computation on values of several cities, and on constants.
#[test]
fn arithmetic_at_home_beyond_its_type_ends_the_question() {
    let fixture = halves();
    let least = i64::MIN;
    for (sql, expect) in [
        (
            "SELECT 0 - sum(n) - sum(n) FROM model.trips WHERE place = 'a'",
            Some(least),
        ),
        (
            "SELECT 0 - sum(n) - sum(n) - 1 FROM model.trips WHERE place = 'a'",
            None,
        ),
        ("SELECT max(n) * 2 FROM model.trips", None),
        ("SELECT -(min(n) * 2) FROM model.trips", None),
        (
            "SELECT l.n + o.n FROM munster.trips l JOIN ottawa.trips o ON l.place = o.place WHERE l.place = 'a'",
            None,
        ),
        (
            "SELECT l.n + o.n - 1 FROM munster.trips l JOIN zurich.trips o ON l.place = o.place WHERE l.place = 'a'",
            Some(-1),
        ),
        (
            "SELECT count(*) FROM munster.trips l JOIN ottawa.trips o ON l.n + o.n = 1",
            None,
        ),
        ("SELECT 9223372036854775807 + 1", None),
        ("SELECT x + 1 FROM (SELECT 9223372036854775807 AS x)", None),
        (
            "SELECT sum(n) + 9223372036854775807 FROM model.trips WHERE place = 'b'",
            None,
        ),
    ] {
        let reported = run(fixture.ask(sql)).map(|(rows, _)| text(&rows));
        match expect {
            Some(value) => assert_eq!(reported.unwrap(), [value.to_string()], "{sql}"),
            None => {
                let refusal = reported.expect_err(sql);
                assert_eq!(
                    refusal.code,
                    ErrorCode::ArithmeticOverflow,
                    "{sql}: {refusal}"
                );
                assert!(!refusal.to_string().contains("922"), "{refusal}");
            }
        }
    }
}

/// The spread of numbers does not change if a large constant is added, although floating-point numbers can't distinguish them then.
#[test]
fn spreads_of_parts_lose_no_digit() {
    let fixture = FederationFixture::new();
    let spread = |number: &str| {
        let sql = format!(
            "SELECT place, round(var_pop({number}), 6) AS v, round(stddev({number}), 6) AS s FROM model.trips GROUP BY place ORDER BY place"
        );
        let (rows, _) = run(fixture.ask(&sql)).unwrap();
        text(&rows)
    };
    let near = spread("n");
    assert_eq!(spread("9007199254740992 + n"), near);
    assert_eq!(
        spread("CAST(n AS DECIMAL(30, 2)) + 1000000000000000000"),
        near
    );
    assert!(fixture.texts().iter().any(|text| text.contains("var_pop(")));
}
