//! Sums near the limits of their type.

use super::names;
use crate::fixture::FixtureParticipant;
use crate::fixture::dataset_files::{DatasetFileLayout, build_dataset, parse_name};
use arrow_array::{BooleanArray, Int64Array, RecordBatch, StringArray};
use hansa_policy::refusal::ErrorCode;
use hansa_policy::row_filter::{ComparisonOperator, FilterOperand, PolicyLiteral, RowFilter};
use hansa_policy::term::Term;
use hansa_policy::value::cube::{CountingUnit, CubeFunction};
use std::sync::Arc;

/// Counts near the limits of 64 bits. The two counts of `A` and of `B` overflow together; one of `B` is in a hidden row.
fn edges(terms: impl IntoIterator<Item = Term>) -> FixtureParticipant {
    let set = build_dataset(
        "counts",
        &["site:text", "firm:text", "shown:bool", "n:int?"],
    );
    let most = i64::MAX;
    let rows = [
        ("A", "one", true, Some(most)),
        ("A", "two", true, Some(-5)),
        ("A", "three", true, Some(5)),
        ("B", "one", true, Some(most)),
        ("B", "two", false, Some(most)),
        ("C", "one", true, Some(most)),
        ("C", "two", true, Some(1)),
        ("C", "three", true, None),
    ];
    let batch = RecordBatch::try_new(
        set.schema(),
        vec![
            Arc::new(StringArray::from_iter_values(rows.map(|row| row.0))),
            Arc::new(StringArray::from_iter_values(rows.map(|row| row.1))),
            Arc::new(BooleanArray::from(rows.map(|row| row.2).to_vec())),
            Arc::new(Int64Array::from_iter(rows.map(|row| row.3))),
        ],
    )
    .unwrap();
    let mut city = FixtureParticipant::new();
    let layout = DatasetFileLayout {
        files: 2,
        ..DatasetFileLayout::default()
    };
    city.publish(set, &batch, layout, terms);
    city
}

#[test]
fn a_sum_beyond_its_type_ends_the_question() {
    let shown = || {
        [Term::Rows(RowFilter::Compare {
            column: parse_name("shown"),
            op: ComparisonOperator::Eq,
            with: FilterOperand::Literal(PolicyLiteral::Bool(true)),
        })]
    };
    let most = i64::MAX.to_string();
    for (sql, expect) in [
        // Hidden rows are never added, and never end a question.
        (
            "SELECT sum(n) FROM counts WHERE site = 'B'",
            Some(most.as_str()),
        ),
        (
            "SELECT sum(n) FROM counts WHERE site = 'A'",
            Some(most.as_str()),
        ),
        ("SELECT sum(n) FROM counts WHERE site = 'C'", None),
        ("SELECT sum(n) FROM counts", None),
        (
            "SELECT max(s) FROM (SELECT sum(n) AS s FROM counts GROUP BY site)",
            None,
        ),
        (
            "SELECT max(s) FROM (SELECT sum(n) AS s FROM counts WHERE site <> 'C' GROUP BY site)",
            Some(most.as_str()),
        ),
        (
            "SELECT sum(DISTINCT n) FROM counts WHERE site <> 'C'",
            Some(most.as_str()),
        ),
        ("SELECT sum(DISTINCT n) FROM counts", None),
        (
            "SELECT max(s) FROM (SELECT sum(n) OVER (PARTITION BY site) AS s FROM counts)",
            None,
        ),
        (
            "SELECT sum(CAST(n AS DECIMAL(28, 0))) FROM counts WHERE site = 'C'",
            Some("9223372036854775808"),
        ),
    ] {
        let reported = edges(shown()).query_rows(sql);
        match expect {
            Some(sum) => assert_eq!(reported.unwrap(), [sum], "{sql}"),
            None => {
                let refusal = reported.expect_err(sql);
                assert_eq!(refusal.code, ErrorCode::SumOverflow, "{sql}: {refusal}");
                let text = format!("{refusal} {:?}", refusal.help);
                assert!(!text.contains("922") && !text.contains("counts"), "{text}");
            }
        }
    }
}

#[test]
fn a_withheld_cell_that_is_beyond_its_type_fails_nothing() {
    let cube = |at_least: u32, only: &str| {
        let only = Term::Rows(RowFilter::Compare {
            column: parse_name("site"),
            op: ComparisonOperator::NotEq,
            with: FilterOperand::Literal(PolicyLiteral::Text(only.to_owned())),
        });
        edges([
            only,
            Term::Functions(vec![
                CubeFunction::Count,
                CubeFunction::Sum,
                CubeFunction::Avg,
            ]),
            Term::Dimensions(names(&["site"])),
            Term::Measures(names(&["n"])),
            Term::Grid("hansa://munster.example/grid/counts-1".to_owned()),
            Term::MinGroup {
                unit: CountingUnit::Column(parse_name("firm")),
                at_least,
            },
        ])
    };
    let most = i64::MAX;
    let cells = "SELECT site, sum_n FROM counts.cube ORDER BY site";
    // C has three firms, of which two have a value; B has two firms.
    let shown = format!("A|{most}");
    assert_eq!(
        cube(3, "-").query_rows(cells).unwrap(),
        [shown, "C|NULL".to_owned()]
    );
    assert_eq!(
        cube(3, "-")
            .query_rows("SELECT sum(n) FROM counts")
            .unwrap(),
        [most.to_string()]
    );
    for sql in [
        cells,
        "SELECT site, sum(n) FROM counts GROUP BY site",
        "SELECT avg(n) FROM counts",
    ] {
        let refusal = cube(2, "-").query_rows(sql).unwrap_err();
        assert_eq!(refusal.code, ErrorCode::SumOverflow, "{refusal}");
    }
    // Each cell holds its sum; the sum of both cells overflows.
    let two = cube(1, "C");
    assert_eq!(
        two.query_rows("SELECT site FROM counts.cube ORDER BY site")
            .unwrap(),
        ["A", "B"]
    );
    let counted = "SELECT site, count(*) FROM counts GROUP BY site ORDER BY site";
    assert_eq!(
        cube(2, "-").query_rows(counted).unwrap(),
        ["A|3", "B|2", "C|3"]
    );
}

/// Loads of four sites. At C too few units have a load.
fn loads(functions: Vec<CubeFunction>) -> FixtureParticipant {
    let set = build_dataset("loads", &["site:text", "firm:text", "n:int?"]);
    let rows = [("A", 8), ("B", 10), ("C", 4), ("D", 6)]
        .into_iter()
        .flat_map(|(site, many)| {
            // At D one value is far from the others, which are equal.
            let value = move |at| match (site, at) {
                ("D", 0) => 5,
                ("D", _) => 0,
                _ => at,
            };
            (0..many).map(move |at| (site, format!("firm {at}"), 1_000_000_000 + value(at)))
        });
    let rows: Vec<_> = rows.collect();
    let batch = RecordBatch::try_new(
        set.schema(),
        vec![
            Arc::new(StringArray::from_iter_values(rows.iter().map(|row| row.0))),
            Arc::new(StringArray::from_iter_values(rows.iter().map(|row| &row.1))),
            Arc::new(Int64Array::from_iter_values(rows.iter().map(|row| row.2))),
        ],
    )
    .unwrap();
    let mut city = FixtureParticipant::new();
    let layout = DatasetFileLayout {
        files: 3,
        ..DatasetFileLayout::default()
    };
    city.publish(
        set,
        &batch,
        layout,
        [
            Term::Functions(functions),
            Term::Dimensions(names(&["site"])),
            Term::Measures(names(&["n"])),
            Term::Grid("hansa://munster.example/grid/loads-1".to_owned()),
            Term::MinGroup {
                unit: CountingUnit::Column(parse_name("firm")),
                at_least: 5,
            },
        ],
    );
    city
}

#[test]
fn a_variance_is_that_of_the_cells_shown() {
    let city = loads(vec![CubeFunction::Count, CubeFunction::Variance]);
    let squares = |many: i64| -> f64 {
        let values = || (0..many).map(|at| at as f64);
        let mean = values().sum::<f64>() / many as f64;
        values().map(|value| (value - mean).powi(2)).sum()
    };
    let number = |sql: &str, row: usize| -> f64 {
        let rows = city.query_rows(sql).unwrap();
        rows[row].split('|').next_back().unwrap().parse().unwrap()
    };
    let near = |sql: &str, row, expect: f64| {
        let found = number(sql, row);
        assert!(
            (found - expect).abs() < 1e-7 * expect,
            "{sql}: {found}, not {expect}"
        );
    };
    let cells = "SELECT site, dev_n FROM loads.cube ORDER BY site";
    let reported = city.query_rows(cells).unwrap();
    assert_eq!((reported.len(), reported[2].as_str()), (3, "D|NULL"));
    near(cells, 0, squares(8));
    near(cells, 1, squares(10));
    for (call, of) in [("var(n)", 7.0), ("var_samp(n)", 7.0), ("var_pop(n)", 8.0)] {
        let sql = format!("SELECT site, {call} FROM loads GROUP BY site ORDER BY site");
        near(&sql, 0, squares(8) / of);
    }
    near(
        "SELECT stddev(n) FROM loads WHERE site = 'B'",
        0,
        (squares(10) / 9.0).sqrt(),
    );
    near(
        "SELECT stddev_pop(n) FROM loads WHERE site = 'B'",
        0,
        (squares(10) / 10.0).sqrt(),
    );
    // Expected values over both sites, without C and without D. D still counts in the number of rows.
    let all: Vec<f64> = (0..8_i64).chain(0..10).map(|at| at as f64).collect();
    let mean = all.iter().sum::<f64>() / 18.0;
    let both: f64 = all.iter().map(|value| (value - mean).powi(2)).sum();
    near("SELECT var(n) FROM loads", 0, both / 17.0);
    for site in ["C", "D"] {
        let sql = format!("SELECT var(n) FROM loads WHERE site = '{site}'");
        assert_eq!(city.query_rows(&sql).unwrap(), ["NULL"]);
    }
    assert_eq!(
        city.query_rows("SELECT count(n) FROM loads").unwrap(),
        ["24"]
    );
    for (sql, code) in [
        ("SELECT sum(n) FROM loads", ErrorCode::FunctionNotAllowed),
        ("SELECT sum_n FROM loads.cube", ErrorCode::ColumnUnknown),
        ("SELECT units FROM loads.cube", ErrorCode::ColumnUnknown),
        ("SELECT var(DISTINCT n) FROM loads", ErrorCode::QueryShape),
        ("SELECT var(n + 1) FROM loads", ErrorCode::QueryShape),
    ] {
        assert_eq!(city.query_rows(sql).expect_err(sql).code, code, "{sql}");
    }
    let counts = loads(vec![CubeFunction::Count, CubeFunction::Sum]);
    for (sql, code) in [
        ("SELECT var(n) FROM loads", ErrorCode::FunctionNotAllowed),
        ("SELECT dev_n FROM loads.cube", ErrorCode::ColumnUnknown),
    ] {
        assert_eq!(counts.query_rows(sql).expect_err(sql).code, code, "{sql}");
    }
}
