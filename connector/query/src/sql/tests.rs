//! Large and deeply nested texts: each is refused or planned in time, and never crashes the process.

use crate::fixture::FixtureParticipant;
use crate::fixture::dataset_files::{DatasetFileLayout, build_dataset};
use arrow_array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use hansa_policy::refusal::ErrorCode;
use std::sync::Arc;
use std::time::Duration;

fn city() -> FixtureParticipant {
    let set = build_dataset("t", &["x:int", "s:text"]);
    let columns: Vec<ArrayRef> = vec![
        Arc::new(Int64Array::from(vec![1, 2, 3])),
        Arc::new(StringArray::from(vec!["a", "b", "c"])),
    ];
    let batch = RecordBatch::try_new(set.schema(), columns).unwrap();
    let mut city = FixtureParticipant::new();
    city.publish(set, &batch, DatasetFileLayout::default(), []);
    city
}

fn times(part: &str, count: usize, between: &str) -> String {
    vec![part; count].join(between)
}

/// `1` within `count` pairs of `open` and `close`.
fn nested(open: &str, count: usize, close: &str) -> String {
    format!("SELECT {}1{}", open.repeat(count), close.repeat(count))
}

/// `1` followed by `step`, `count` times.
fn followed(step: &str, count: usize) -> String {
    format!("SELECT 1{}", step.repeat(count))
}

fn sum(count: usize) -> String {
    format!("SELECT {}", times("1", count, "+"))
}

fn unions(count: usize) -> String {
    times("SELECT x FROM t", count, " UNION ALL ")
}

fn either(count: usize) -> String {
    let conditions = times("x=1", count, " OR ");
    format!("SELECT count(*) FROM t WHERE {conditions}")
}

fn joined(count: usize) -> String {
    let joins: String = (1..count)
        .map(|i| format!(" JOIN t t{i} ON t{i}.x = t0.x"))
        .collect();
    format!("SELECT count(*) FROM t t0{joins}")
}

/// `count` CTEs, each of which joins the previous one with itself.
fn doubling(count: usize) -> String {
    let mut text = "WITH c0 AS (SELECT x FROM t)".to_owned();
    for step in 1..=count {
        let before = step - 1;
        text += &format!(", c{step} AS (SELECT a.x FROM c{before} a, c{before} b)");
    }
    format!("{text} SELECT count(*) FROM c{count}")
}

#[test]
fn refuses_what_is_too_large_or_too_deep() {
    let city = city();
    let zones = times(" AT TIME ZONE 'UTC'", 4000, "");
    let large = [
        sum(502),
        sum(1600),
        sum(9900),
        sum(100_000),
        either(4900),
        unions(65),
        unions(6000),
        format!("SELECT {} FROM t", times("s", 5000, "||")),
        followed("::int", 9900),
        followed(" IS NULL", 6000),
        format!("SELECT now(){zones}"),
        format!("SELECT '{}'", "x".repeat(16 << 20)),
        format!("SELECT 1 IN ({})", times("1", 33_000, ",")),
        format!("SELECT 1 IN ({})", times("-1", 33_000, ",")),
        format!("SELECT 1 FROM {}", times("t", 18, ",")),
        joined(18),
        doubling(11),
    ];
    let deep = [
        nested("(", 41, ")"),
        nested("(", 9000, ")"),
        nested("abs(", 4000, ")"),
        nested("CASE WHEN true THEN ", 41, " END"),
        nested("CASE WHEN true THEN ", 3000, " END"),
        nested("(SELECT ", 4000, ")"),
        nested("NOT ", 9000, ""),
        nested("- ", 9000, ""),
        format!(
            "SELECT 1 FROM {}t{}",
            "(SELECT * FROM ".repeat(3000),
            ")".repeat(3000)
        ),
    ];
    let subscripts = [format!("SELECT s{} FROM t", "[1]".repeat(6000))];
    for (texts, code) in [
        (&large[..], ErrorCode::SqlTooLarge),
        (&deep, ErrorCode::SqlTooDeep),
        (&subscripts, ErrorCode::ConstructNotAllowed),
    ] {
        for sql in texts {
            let start: String = sql.chars().take(40).collect();
            let refusal = city.query_rows(sql).expect_err(&start);
            assert_eq!(refusal.code, code, "{start}: {refusal}");
        }
    }
}

#[test]
fn plans_and_runs_what_is_just_within() {
    let city = city();
    let whens = times("WHEN 9 THEN 8 WHEN 1 THEN 2", 900, " ");
    let summed = format!("({}+", times("1", 12, "+"));
    for (sql, expect) in [
        (sum(501), "501"),
        (followed("::int", 500), "1"),
        (followed(" IS NULL", 500), "false"),
        (
            format!("SELECT length({}) FROM t LIMIT 1", times("s", 500, "||")),
            "500",
        ),
        (either(250), "1"),
        (
            format!("SELECT 1 IN ({})", times("2", 32_700, ",")),
            "false",
        ),
        (format!("SELECT CASE x {whens} END FROM t LIMIT 1"), "2"),
        (format!("SELECT count(*) FROM ({})", unions(64)), "192"),
        (joined(17), "3"),
        (doubling(4), "43046721"),
        (nested("(", 38, ")"), "1"),
        (nested(&summed, 38, ")"), "457"),
    ] {
        let start: String = sql.chars().take(40).collect();
        let rows = city
            .query_rows(&sql)
            .unwrap_or_else(|r| panic!("{start}: {r}"));
        assert_eq!(rows, [expect], "{start}");
    }
}

#[test]
fn equal_steps_are_all_taken() {
    let city = city();
    for (form, times, expect) in [
        ("x + x", 5, "32"),
        ("x + 1", 6, "7"),
        ("abs(x) + x", 4, "16"),
    ] {
        let mut sql = "SELECT x FROM t WHERE x = 1".to_owned();
        for _ in 0..times {
            sql = format!("SELECT {form} x FROM ({sql})");
        }
        assert_eq!(city.query_rows(&sql).unwrap(), [expect], "{sql}");
        let between =
            sql.replace("FROM (SELECT", "FROM (SELECT x FROM (SELECT") + &")".repeat(times);
        assert_eq!(city.query_rows(&between).unwrap(), [expect], "{between}");
    }
    let grown = "SELECT x + 1 + 1 x FROM (SELECT x + 1 x FROM (SELECT x + 1 x FROM t WHERE x = 1))";
    assert_eq!(city.query_rows(grown).unwrap(), ["5"]);
}

#[test]
fn values_do_not_grow_without_bound() {
    let city = city();
    let doubled = |first: &str, form: &str, times: usize| {
        let mut sql = format!("SELECT {first} s FROM t");
        for _ in 0..times {
            sql = format!("SELECT {form} s FROM ({sql})");
        }
        format!("SELECT length(s) FROM ({sql})")
    };
    for (first, form, times) in [
        ("repeat(s, 60000)", "s || s", 11),
        ("repeat(s, 60000)", "concat(s, s)", 11),
        ("s", "replace(s, 'a', 'aaaaaaaaaa')", 36),
        ("s", "repeat(s, 50)", 36),
    ] {
        let refusal = city
            .query_rows(&doubled(first, form, times))
            .expect_err(form);
        assert_eq!(refusal.code, ErrorCode::ResourceLimit, "{form}: {refusal}");
    }
    let eight = city.query_rows(&doubled("s", "s || s", 3)).unwrap();
    assert_eq!(eight, ["8", "8", "8"]);
    assert_eq!(
        city.query_rows("SELECT s || NULL FROM t LIMIT 1").unwrap(),
        ["NULL"]
    );
    assert_eq!(
        city.query_rows("SELECT x || '-' || s FROM t LIMIT 1")
            .unwrap(),
        ["1-a"]
    );
}

#[test]
fn planning_has_a_deadline() {
    let mut city = city();
    city.sql_limits.planning = Duration::ZERO;
    let refusal = city.query_rows(&sum(490)).unwrap_err();
    assert_eq!(refusal.code, ErrorCode::ResourceLimit, "{refusal}");
}

/// A state function must be a plain aggregate: in a window, each row would have a state of the size of all rows.
#[test]
fn a_state_is_a_plain_aggregate() {
    let city = city();
    for state in ["distinct_state_v1(x)", "percentile_state_v2(x)"] {
        assert_eq!(
            city.query_rows(&format!("SELECT {state} IS NULL FROM t"))
                .unwrap(),
            ["false"]
        );
        for form in [
            format!("{state} OVER ()"),
            format!("{state} OVER (ORDER BY x)"),
            format!("{state} WITHIN GROUP (ORDER BY x)"),
            state.replace("(x)", "(DISTINCT x)"),
            state.replace("(x)", "(x ORDER BY x)"),
        ] {
            let refusal = city
                .query_rows(&format!("SELECT {form} FROM t"))
                .expect_err(&form);
            assert_eq!(
                refusal.code,
                ErrorCode::ConstructNotAllowed,
                "{form}: {refusal}"
            );
        }
    }
    for call in [
        "distinct_state_v2(x)",
        "distinct_state_v1()",
        "distinct_state_v1(x, x)",
        "percentile_state_v2(s)",
    ] {
        city.query_rows(&format!("SELECT {call} FROM t"))
            .expect_err(call);
    }
}
