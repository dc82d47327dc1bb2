//! Large and deep texts: refused or planned, in time, and never the end of the process.

use crate::fixture::City;
use crate::fixture::table::{Layout, dataset};
use arrow_array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use policy::refusal::Code;
use std::sync::Arc;
use std::time::Duration;

fn city() -> City {
    let set = dataset("t", &["x:int", "s:text"]);
    let columns: Vec<ArrayRef> = vec![
        Arc::new(Int64Array::from(vec![1, 2, 3])),
        Arc::new(StringArray::from(vec!["a", "b", "c"])),
    ];
    let batch = RecordBatch::try_new(set.schema(), columns).unwrap();
    let mut city = City::new();
    city.publish(set, &batch, Layout::default(), []);
    city
}

fn times(part: &str, count: usize, between: &str) -> String {
    vec![part; count].join(between)
}

/// `count` CTEs, each of which joins the one before with itself.
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
    let (large, deep) = (Code::SqlTooLarge, Code::SqlTooDeep);
    for (what, sql, code) in [
        (
            "sum of 501",
            format!("SELECT {}", times("1", 502, "+")),
            large,
        ),
        (
            "sum of 1600",
            format!("SELECT {}", times("1", 1600, "+")),
            large,
        ),
        (
            "sum of 9900",
            format!("SELECT {}", times("1", 9900, "+")),
            large,
        ),
        (
            "sum of 100000",
            format!("SELECT {}", times("1", 100_000, "+")),
            large,
        ),
        (
            "ORs",
            format!("SELECT 1 FROM t WHERE {}", times("x=1", 4900, " OR ")),
            large,
        ),
        ("unions", times("SELECT 1", 6000, " UNION ALL "), large),
        ("65 unions", times("SELECT 1", 65, " UNION ALL "), large),
        (
            "concatenations",
            format!("SELECT {}", times("s", 5000, "||") + " FROM t"),
            large,
        ),
        (
            "casts",
            format!("SELECT 1{}", times("::int", 9900, "")),
            large,
        ),
        (
            "null tests",
            format!("SELECT 1{}", times(" IS NULL", 6000, "")),
            large,
        ),
        (
            "subscripts",
            format!("SELECT s{} FROM t", times("[1]", 6000, "")),
            Code::ConstructNotAllowed,
        ),
        (
            "zones",
            format!("SELECT now(){}", times(" AT TIME ZONE 'UTC'", 4000, "")),
            large,
        ),
        ("text", format!("SELECT '{}'", "x".repeat(16 << 20)), large),
        (
            "tokens",
            format!("SELECT 1 IN ({})", times("1", 11_000, ",")),
            large,
        ),
        (
            "joins",
            format!("SELECT 1 FROM {}", times("t", 18, ",")),
            large,
        ),
        ("doubling", doubling(11), large),
        (
            "parentheses",
            format!("SELECT {}1{}", "(".repeat(9000), ")".repeat(9000)),
            deep,
        ),
        (
            "41 parentheses",
            format!("SELECT {}1{}", "(".repeat(41), ")".repeat(41)),
            deep,
        ),
        (
            "calls",
            format!("SELECT {}1{}", "abs(".repeat(4000), ")".repeat(4000)),
            deep,
        ),
        (
            "cases",
            format!(
                "SELECT {}1{}",
                "CASE WHEN true THEN ".repeat(3000),
                " END".repeat(3000)
            ),
            deep,
        ),
        (
            "41 cases",
            format!(
                "SELECT {}1{}",
                "CASE WHEN true THEN ".repeat(41),
                " END".repeat(41)
            ),
            deep,
        ),
        (
            "subqueries",
            format!("SELECT {}1{}", "(SELECT ".repeat(4000), ")".repeat(4000)),
            deep,
        ),
        (
            "tables",
            format!(
                "SELECT 1 FROM {}t{}",
                "(SELECT * FROM ".repeat(3000),
                ")".repeat(3000)
            ),
            deep,
        ),
        ("NOTs", format!("SELECT {}true", "NOT ".repeat(9000)), deep),
        ("signs", format!("SELECT {}1", "- ".repeat(9000)), deep),
    ] {
        match city.rows(&sql) {
            Err(refusal) => assert_eq!(refusal.code, code, "{what}: {refusal}"),
            Ok(rows) => panic!("{what}: {rows:?}"),
        }
    }
}

#[test]
fn plans_and_runs_what_is_just_within() {
    let city = city();
    for (what, sql, expect) in [
        (
            "sum of 501",
            format!("SELECT {}", times("1", 501, "+")),
            "501",
        ),
        ("casts", format!("SELECT 1{}", times("::int", 500, "")), "1"),
        (
            "null tests",
            format!("SELECT 1{}", times(" IS NULL", 500, "")),
            "false",
        ),
        (
            "concatenations",
            format!("SELECT length({}) FROM t LIMIT 1", times("s", 500, "||")),
            "500",
        ),
        (
            "ORs",
            format!("SELECT count(*) FROM t WHERE {}", times("x=1", 250, " OR ")),
            "1",
        ),
        (
            "list",
            format!("SELECT 1 IN ({})", times("2", 9900, ",")),
            "false",
        ),
        (
            "case",
            format!(
                "SELECT CASE x {} END FROM t LIMIT 1",
                times("WHEN 9 THEN 8 WHEN 1 THEN 2", 900, " ")
            ),
            "2",
        ),
        (
            "unions",
            format!(
                "SELECT count(*) FROM ({})",
                times("SELECT x FROM t", 64, " UNION ALL ")
            ),
            "192",
        ),
        (
            "joins",
            format!(
                "SELECT count(*) FROM t{}",
                times(" JOIN t USING (x)", 0, "")
            ),
            "3",
        ),
        (
            "17 tables",
            format!(
                "SELECT count(*) FROM t t0{}",
                (1..17)
                    .map(|i| format!(" JOIN t t{i} ON t{i}.x = t0.x"))
                    .collect::<String>()
            ),
            "3",
        ),
        ("doubling", doubling(4), "43046721"),
        (
            "parentheses",
            format!("SELECT {}1{}", "(".repeat(38), ")".repeat(38)),
            "1",
        ),
        (
            "nested sums",
            format!(
                "SELECT {}1{}",
                format!("({}+", times("1", 12, "+")).repeat(38),
                ")".repeat(38)
            ),
            "457",
        ),
    ] {
        assert_eq!(
            city.rows(&sql).unwrap_or_else(|r| panic!("{what}: {r}")),
            [expect],
            "{what}"
        );
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
        assert_eq!(city.rows(&sql).unwrap(), [expect], "{sql}");
        let between =
            sql.replace("FROM (SELECT", "FROM (SELECT x FROM (SELECT") + &")".repeat(times);
        assert_eq!(city.rows(&between).unwrap(), [expect], "{between}");
    }
    let grown = "SELECT x + 1 + 1 x FROM (SELECT x + 1 x FROM (SELECT x + 1 x FROM t WHERE x = 1))";
    assert_eq!(city.rows(grown).unwrap(), ["5"]);
}

#[test]
fn values_do_not_grow_without_bound() {
    let city = city();
    let doubled = |form: &str, times: usize| {
        let mut sql = "SELECT s FROM t".to_owned();
        for _ in 0..times {
            sql = format!("SELECT {form} s FROM ({sql})");
        }
        format!("SELECT length(s) FROM ({sql})")
    };
    for form in [
        "s || s",
        "concat(s, s)",
        "replace(s, 'a', 'aaaaaaaaaa')",
        "repeat(s, 50)",
    ] {
        let refusal = city.rows(&doubled(form, 36)).expect_err(form);
        assert_eq!(refusal.code, Code::ResourceLimit, "{form}: {refusal}");
    }
    assert_eq!(city.rows(&doubled("s || s", 3)).unwrap(), ["8", "8", "8"]);
    assert_eq!(
        city.rows("SELECT s || NULL FROM t LIMIT 1").unwrap(),
        ["NULL"]
    );
    assert_eq!(
        city.rows("SELECT x || '-' || s FROM t LIMIT 1").unwrap(),
        ["1-a"]
    );
}

#[test]
fn planning_has_a_deadline() {
    let mut city = city();
    city.sql_limits.planning = Duration::ZERO;
    let refusal = city
        .rows(&format!("SELECT {}", times("1", 490, "+")))
        .unwrap_err();
    assert_eq!(refusal.code, Code::ResourceLimit, "{refusal}");
}
