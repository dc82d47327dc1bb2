//! Clauses over decimal columns.

use super::names;
use crate::fixture::FixtureParticipant;
use crate::fixture::dataset_files::{DatasetFileLayout, build_dataset, parse_name};
use arrow_array::{Decimal128Array, RecordBatch, StringArray};
use hansa_policy::term::Term;
use hansa_policy::value::cube::{CountingUnit, CubeFunction};
use std::sync::Arc;

/// Costs by site and firm.
fn costs(terms: impl IntoIterator<Item = Term>) -> FixtureParticipant {
    let set = build_dataset("costs", &["site:text", "firm:text", "eur:decimal(12,2)?"]);
    let rows = [
        ("A", "one", Some(10)),
        ("A", "two", Some(20)),
        ("A", "three", None),
        ("B", "one", Some(-250)),
        ("C", "one", Some(999_999_999_999)),
        ("C", "two", Some(999_999_999_999)),
        ("C", "three", Some(3)),
    ];
    let amounts = Decimal128Array::from_iter(rows.map(|row| row.2));
    let batch = RecordBatch::try_new(
        set.schema(),
        vec![
            Arc::new(StringArray::from_iter_values(rows.map(|row| row.0))),
            Arc::new(StringArray::from_iter_values(rows.map(|row| row.1))),
            Arc::new(amounts.with_precision_and_scale(12, 2).unwrap()),
        ],
    )
    .unwrap();
    let mut city = FixtureParticipant::new();
    city.publish(set, &batch, DatasetFileLayout::default(), terms);
    city
}

#[test]
fn a_filter_over_decimals_is_exact() {
    for (filter, expect) in [
        ("eur = 0.1", "0.10"),
        ("eur < 0.2", "-2.37"),
        ("eur IN (0.10, 0.2, 7)", "0.30"),
        ("eur BETWEEN -2.5 AND 0.1", "-2.37"),
        ("eur NOT IN (0.1, 0.2, -2.50, 0.03)", "19999999999.98"),
        ("eur >= 9999999999.99", "19999999999.98"),
        ("eur <> 0.1 AND eur < 1", "-2.27"),
        ("NOT (eur > -3)", "NULL"),
    ] {
        let parsed = hansa_policy::row_filter::parse_row_filter(filter).unwrap();
        let city = costs([Term::Rows(parsed)]);
        let rows = city.query_rows("SELECT sum(eur) FROM costs").unwrap();
        assert_eq!(rows, [expect], "{filter}");
    }
}

#[test]
fn cells_tell_exact_sums_of_decimals() {
    let city = costs([
        Term::Grid("hansa://munster.example/grid/costs-1".to_owned()),
        Term::Dimensions(names(&["site"])),
        Term::Measures(names(&["eur"])),
        Term::Functions(vec![
            CubeFunction::Count,
            CubeFunction::Sum,
            CubeFunction::Avg,
        ]),
        Term::MinGroup {
            unit: CountingUnit::Column(parse_name("firm")),
            at_least: 2,
        },
    ]);
    for (sql, expect) in [
        (
            "SELECT site, sum(eur), avg(eur) FROM costs GROUP BY site ORDER BY site",
            vec![
                "A|0.30|0.1500000000000000",
                "C|20000000000.01|6666666666.6700000000000000",
            ],
        ),
        ("SELECT sum(eur) FROM costs", vec!["20000000000.31"]),
        (
            "SELECT sum_eur FROM costs.cube ORDER BY sum_eur",
            vec!["0.30", "20000000000.01"],
        ),
    ] {
        assert_eq!(city.query_rows(sql).unwrap(), expect, "{sql}");
    }
}
