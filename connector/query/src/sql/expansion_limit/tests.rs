//! Short texts with excessive growth, which are refused before the optimisation.

use crate::fixture::FixtureParticipant;
use crate::fixture::dataset_files::{DatasetFileLayout, build_dataset};
use arrow_array::{ArrayRef, Int64Array, RecordBatch};
use hansa_policy::refusal::ErrorCode;
use std::sync::Arc;

fn city() -> FixtureParticipant {
    let set = build_dataset("t", &["x:int"]);
    let columns: Vec<ArrayRef> = vec![Arc::new(Int64Array::from(vec![1, 2, 3]))];
    let batch = RecordBatch::try_new(set.schema(), columns).unwrap();
    let mut city = FixtureParticipant::new();
    city.publish(set, &batch, DatasetFileLayout::default(), []);
    city
}

/// Query with `count` levels, each of which computes `x` from the level below by `step`, and a condition above.
fn levels(count: usize, step: &str, condition: &str) -> String {
    let inner = format!("SELECT {step} AS x FROM (");
    let (open, close) = (inner.repeat(count), ") a".repeat(count));
    format!("SELECT count(*) FROM ({open}SELECT x FROM t{close}) b WHERE {condition}")
}

/// Query with a chain of CTEs in place of nested levels.
fn chain(count: usize, step: &str, condition: &str) -> String {
    let mut text = "WITH c0 AS (SELECT x FROM t)".to_owned();
    for level in 1..=count {
        text += &format!(", c{level} AS (SELECT {step} AS x FROM c{})", level - 1);
    }
    format!("{text} SELECT count(*) FROM c{count} WHERE {condition}")
}

/// Each text would expand to billions of operations.
#[test]
fn refuses_what_grows_too_large() {
    let city = city();
    let nested = |lead: &str, tail: &str| {
        let (lead, tail) = (lead.repeat(32), tail.repeat(32));
        format!("SELECT count(*) FROM t WHERE {lead}(x = 1){tail}")
    };
    for sql in [
        levels(32, "x + x", "x > 0"),
        chain(32, "x + x", "x > 0"),
        levels(32, "CASE WHEN x > 2 THEN x ELSE 0 END", "x > 0"),
        levels(32, "CASE WHEN x BETWEEN 0 AND 5 THEN 1 ELSE 2 END", "x > 0"),
        levels(32, "coalesce(x, 1)", "x > 0"),
        levels(
            32,
            "x + x",
            "EXISTS (SELECT 1 FROM t c WHERE b.x > 0 AND c.x = 1)",
        ),
        levels(32, "x + x", "true GROUP BY b.x HAVING b.x > 0"),
        chain(32, "CASE WHEN x IN (1, 2, 3) THEN 1 ELSE 2 END", "x > 0"),
        format!(
            "SELECT count(*) FROM t JOIN ({}) c ON t.x = c.x",
            chain(32, "x + x", "true").replace("count(*)", "x")
        ),
        nested("(", " BETWEEN false AND true)"),
        nested("CASE WHEN ", " THEN x = 2 ELSE x = 3 END"),
        nested("coalesce(", ", true)"),
    ] {
        match city.query_rows(&sql) {
            Err(refusal) => {
                assert_eq!(refusal.code, ErrorCode::SqlTooLarge, "{sql}: {refusal}");
            }
            Ok(rows) => panic!("{sql}: {rows:?}"),
        }
    }
    let refusal = city.query_rows(&levels(32, "x + x", "x > 0")).unwrap_err();
    assert!(refusal.help[0].contains("`x`"), "{refusal:?}");
}

#[test]
fn plans_and_runs_what_grows_within_the_limit() {
    let city = city();
    for (sql, expect) in [
        (levels(11, "x + x", "x > 2048"), "2"),
        (chain(11, "x + x", "x > 2048"), "2"),
        (levels(30, "x + 1", "x > 31"), "2"),
        (nested_cases(), "3"),
    ] {
        assert_eq!(city.query_rows(&sql).unwrap(), [expect], "{sql}");
    }
}

fn nested_cases() -> String {
    let (open, close) = ("CASE WHEN x < 0 THEN 1 ELSE ".repeat(30), " END".repeat(30));
    format!("SELECT count(*) FROM (SELECT {open}x{close} AS y FROM t) a WHERE y > 0")
}

/// Each list value is copied for each reference to a CTE, and for each union arm into which a condition is pushed.
#[test]
fn refuses_lists_that_are_copied_too_often() {
    let city = city();
    let values = |what: fn(usize) -> String| {
        let values: Vec<String> = (0..20_000).map(what).collect();
        values.join(",")
    };
    let (numbers, halves) = (values(|n| n.to_string()), values(|n| format!("{n}.5")));
    let arms = |name: &str, count| vec![format!("SELECT x FROM {name}"); count].join(" UNION ALL ");
    let named = |count| {
        let arms = arms("c", count);
        format!(
            "WITH c AS (SELECT x FROM t WHERE x IN ({numbers})) SELECT count(*) FROM ({arms}) a"
        )
    };
    let above = |count, condition: String| {
        let arms = arms("t", count);
        format!("SELECT count(*) FROM ({arms}) a WHERE {condition}")
    };
    let within = |sql: &str| city.query_rows(sql).map_err(|refusal| refusal.code);
    assert_eq!(within(&named(6)), Ok(vec!["18".to_owned()]));
    assert_eq!(within(&named(7)), Err(ErrorCode::SqlTooLarge));
    let halved = |count| above(count, format!("x + 0.5 IN ({halves})"));
    assert_eq!(within(&halved(6)), Ok(vec!["18".to_owned()]));
    assert_eq!(within(&halved(7)), Err(ErrorCode::SqlTooLarge));
    // A list that is one function is not copied.
    let listed = above(60, format!("x IN ({numbers})"));
    assert_eq!(within(&listed), Ok(vec!["180".to_owned()]));
}
