//! Arithmetic near the limits of its type, over rows of which a contract shows some.

use super::names;
use crate::fixture::FixtureParticipant;
use crate::fixture::dataset_files::{DatasetFileLayout, build_dataset, parse_name};
use arrow_array::{BooleanArray, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray};
use hansa_policy::refusal::ErrorCode;
use hansa_policy::row_filter::{ComparisonOperator, FilterOperand, PolicyLiteral, RowFilter};
use hansa_policy::term::Term;
use std::sync::Arc;

/// Numbers of three sites. The hidden row of `B` would overflow every sum and product.
fn edges() -> FixtureParticipant {
    let set = build_dataset(
        "counts",
        &["site:text", "shown:bool", "n:int?", "m:int", "at:instant"],
    );
    let most = i64::MAX;
    let rows = [
        ("A", true, Some(most), 1),
        ("A", true, Some(-7), 2),
        ("B", true, Some(most - 5), 3),
        ("B", false, Some(most), most),
        ("C", true, None, most),
        ("D", true, Some(i64::MIN), 1),
    ];
    let batch = RecordBatch::try_new(
        set.schema(),
        vec![
            Arc::new(StringArray::from_iter_values(rows.map(|row| row.0))),
            Arc::new(BooleanArray::from(rows.map(|row| row.1).to_vec())),
            Arc::new(Int64Array::from_iter(rows.map(|row| row.2))),
            Arc::new(Int64Array::from_iter_values(rows.map(|row| row.3))),
            Arc::new(
                TimestampMicrosecondArray::from_iter_values((0..6).map(|at| at * 1_000_000))
                    .with_timezone("UTC"),
            ),
        ],
    )
    .unwrap();
    let mut city = FixtureParticipant::new();
    let layout = DatasetFileLayout {
        files: 2,
        ..DatasetFileLayout::default()
    };
    let shown = Term::Rows(RowFilter::Compare {
        column: parse_name("shown"),
        op: ComparisonOperator::Eq,
        with: FilterOperand::Literal(PolicyLiteral::Bool(true)),
    });
    let columns = Term::Columns(names(&["site", "n", "m", "at"]));
    city.publish(set, &batch, layout, [shown, columns]);
    city
}

#[test]
fn arithmetic_beyond_its_type_ends_the_question() {
    let city = edges();
    let most = i64::MAX;
    let report = |sql: &str, expect: &str| {
        assert_eq!(city.query_rows(sql).expect(sql).join(","), expect, "{sql}");
    };
    // The expressions fail on values of hidden rows alone.
    report(
        "SELECT n + 5 FROM counts WHERE site = 'B'",
        &most.to_string(),
    );
    report("SELECT max(m + 5) FROM counts WHERE site = 'B'", "8");
    report("SELECT n + m FROM counts WHERE site = 'C'", "NULL");
    report("SELECT -n FROM counts WHERE n = -7", "7");
    report(
        "SELECT CASE WHEN n < 0 THEN n + 1 ELSE n END FROM counts WHERE site = 'A' ORDER BY 1",
        &format!("-6,{most}"),
    );
    report(
        "SELECT sum(CAST(n AS DECIMAL(38, 0)) + 1) FROM counts WHERE site = 'A'",
        "9223372036854775802",
    );
    // Results of division and remainder do not change.
    report("SELECT 7 / 2, 7 % 4, -7 / 2 FROM counts LIMIT 1", "3|3|-3");
    for sql in [
        "SELECT n + 1 FROM counts",
        "SELECT n + 6 FROM counts WHERE site = 'B'",
        "SELECT n - 1 FROM counts WHERE site = 'D'",
        "SELECT n * 2 FROM counts WHERE site = 'A'",
        "SELECT -n FROM counts WHERE site = 'D'",
        "SELECT n / -1 FROM counts WHERE site = 'D'",
        "SELECT m FROM counts WHERE n + m > 0",
        "SELECT count(*) FROM counts GROUP BY n + m",
        "SELECT sum(m) FROM counts GROUP BY ROLLUP (n + m, site)",
        "SELECT m FROM counts ORDER BY n * m",
        "SELECT sum(m + n - 1) FROM counts",
        "SELECT count(*) FROM counts HAVING max(n) + 1 > 0",
        "SELECT l.m FROM counts l JOIN counts r ON l.n + 1 = r.n",
        "SELECT l.m FROM counts l JOIN counts r ON l.site = r.site AND l.n + r.m > 5",
        "SELECT lag(n + m) OVER (ORDER BY at) FROM counts",
        "SELECT m FROM counts WHERE m IN (SELECT n + 1 FROM counts)",
        "SELECT x FROM (SELECT n * 2 AS x FROM counts UNION ALL SELECT m FROM counts)",
        // Constant expressions, including those that only the optimizer combines.
        "SELECT 9223372036854775807 + 1",
        "SELECT m FROM counts WHERE m < 9223372036854775807 + 1",
        "SELECT x * 2 FROM (SELECT 9223372036854775807 AS x)",
        "SELECT CAST('99999999999999999999999999999999999999' AS DECIMAL(38, 0)) + 1 FROM counts",
    ] {
        let refusal = city.query_rows(sql).expect_err(sql);
        assert_eq!(
            refusal.code,
            ErrorCode::ArithmeticOverflow,
            "{sql}: {refusal}"
        );
        let text = format!("{refusal} {:?}", refusal.help);
        assert!(!text.contains("922") && !text.contains("counts"), "{text}");
    }
}

/// Values of a hidden row neither end a question nor change its error.
#[test]
fn hidden_rows_end_nothing() {
    let city = edges();
    let plan = city.query_rows("EXPLAIN SELECT n + 5 FROM counts").unwrap();
    assert!(!plan.join("\n").contains("exact"), "{plan:?}");
    let schema = |sql: &str| city.ask(sql).unwrap().0;
    let answer_schema =
        schema("SELECT m + 1 AS x, n + 1 AS y, m - n AS z FROM counts WHERE site = 'B'");
    let nullable: Vec<bool> = answer_schema
        .fields()
        .iter()
        .map(|field| field.is_nullable())
        .collect();
    assert_eq!(nullable, [false, true, true]);
}
