//! Long IN lists, each of which is one function in the plan. Different lists must stay different functions.

use super::names;
use crate::fixture::FixtureParticipant;
use crate::fixture::dataset_files::{DatasetFileLayout, build_dataset, parse_name};
use arrow_array::{Int64Array, RecordBatch, StringArray};
use hansa_policy::row_filter::{FilterOperand, PolicyLiteral, RowFilter};
use hansa_policy::term::Term;
use std::sync::Arc;

/// Numbers from 0 to 399, also as texts.
fn city(terms: impl IntoIterator<Item = Term>) -> FixtureParticipant {
    let set = build_dataset("t", &["n:int", "s:text"]);
    let batch = RecordBatch::try_new(
        set.schema(),
        vec![
            Arc::new(Int64Array::from_iter_values(0..400)),
            Arc::new(StringArray::from_iter_values(
                (0..400).map(|n: i64| n.to_string()),
            )),
        ],
    );
    let mut city = FixtureParticipant::new();
    let shown = Term::Columns(names(&["n", "s"]));
    let terms = terms.into_iter().chain([shown]);
    city.publish(set, &batch.unwrap(), DatasetFileLayout::default(), terms);
    city
}

/// Lists of equal length with an equal first value: 1, then the numbers after `from`.
fn list(from: i64) -> Vec<i64> {
    [1].into_iter().chain(from..from + 99).collect()
}

/// IN condition of such a list over a column.
fn words(column: &str, from: i64) -> String {
    let quote = if column == "s" { "'" } else { "" };
    let words: Vec<String> = list(from)
        .iter()
        .map(|n| format!("{quote}{n}{quote}"))
        .collect();
    format!("{column} IN ({})", words.join(", "))
}

#[test]
fn lists_that_begin_alike_are_each_its_own() {
    let city = city([]);
    for column in ["n", "s"] {
        let (one, other) = (words(column, 100), words(column, 150));
        for (condition, rows) in [
            (one.clone(), "100"),
            (format!("{one} AND {other}"), "50"),
            (format!("{one} OR {other}"), "150"),
            (format!("{one} AND NOT {other}"), "50"),
            (format!("NOT ({one} OR {other})"), "250"),
        ] {
            let sql = format!("SELECT count(*) FROM t WHERE {condition}");
            assert_eq!(city.query_rows(&sql).unwrap(), [rows], "{sql}");
        }
    }
}

/// Two clauses filter rows by lists with an equal beginning; each must apply its own list.
#[test]
fn what_clauses_keep_by_lists_is_kept_by_each() {
    let keeps = |column: &str, from| {
        let value = |n: &i64| match column {
            "n" => PolicyLiteral::Int(*n),
            _ => PolicyLiteral::Text(n.to_string()),
        };
        let list = list(from);
        Term::Rows(RowFilter::In {
            column: parse_name(column),
            negated: false,
            list: list.iter().map(value).map(FilterOperand::Literal).collect(),
        })
    };
    for column in ["n", "s"] {
        for (one, other) in [(100, 150), (150, 100)] {
            let city = city([keeps(column, one), keeps(column, other)]);
            let sql = "SELECT min(n), max(n), count(*) FROM t WHERE n <> 1";
            assert_eq!(city.query_rows(sql).unwrap(), ["150|198|49"]);
            // A list of the consumer must not replace the list of a clause either.
            let sql = format!("SELECT count(*) FROM t WHERE {}", words(column, 101));
            assert_eq!(city.query_rows(&sql).unwrap(), ["50"]);
        }
    }
}

#[test]
fn lists_of_texts_are_one_function_too() {
    let city = city([]);
    for column in ["n", "s"] {
        let sql = format!("SELECT n FROM t WHERE {}", words(column, 100));
        let bound = city.bound_plan(&sql).unwrap();
        let plan = hansa_enforcement::in_set::fold_in_lists(bound.plan().clone()).unwrap();
        let plan = plan.display_indent().to_string();
        assert!(plan.contains("among_") && !plan.contains("120"), "{plan}");
    }
}
