//! Values are inserted at their placeholders and nowhere else.

use super::ParameterizedStatement;
use crate::fixture::FixtureParticipant;
use crate::fixture::dataset_files::{DatasetFileLayout, build_dataset};
use crate::limits::SqlStatementLimits;
use arrow_array::{
    ArrayRef, BooleanArray, Date32Array, Decimal128Array, Float64Array, Int32Array, Int64Array,
    NullArray, RecordBatch, StringArray, TimestampMicrosecondArray, UInt64Array,
};
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_test_support::property_cases::seed;
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use std::sync::Arc;

fn of(sql: &str) -> Result<ParameterizedStatement, Refusal> {
    ParameterizedStatement::parse(sql, &SqlStatementLimits::default())
}

fn row(columns: Vec<ArrayRef>) -> RecordBatch {
    let named = columns.into_iter().enumerate();
    RecordBatch::try_from_iter_with_nullable(
        named.map(|(at, column)| (format!("p{at}"), column, true)),
    )
    .unwrap()
}

fn text(value: &str) -> ArrayRef {
    Arc::new(StringArray::from(vec![value]))
}

fn number(value: i64) -> ArrayRef {
    Arc::new(Int64Array::from(vec![value]))
}

fn city(texts: &[&str]) -> FixtureParticipant {
    let set = build_dataset("t", &["n:int", "s:text"]);
    let numbers: Vec<i64> = (0..).take(texts.len()).collect();
    let columns: Vec<ArrayRef> = vec![
        Arc::new(Int64Array::from(numbers)),
        Arc::new(StringArray::from(texts.to_vec())),
    ];
    let batch = RecordBatch::try_new(set.schema(), columns).unwrap();
    let mut city = FixtureParticipant::new();
    city.publish(set, &batch, DatasetFileLayout::default(), []);
    city
}

#[test]
fn places_are_where_the_parser_sees_them() {
    for (sql, count) in [
        ("SELECT 1", 0),
        ("SELECT '?' FROM t WHERE s = ? -- ?", 1),
        ("SELECT \"a?\" /* ? */ FROM t WHERE n = ?\n AND s = ?", 2),
        ("SELECT $2 FROM t WHERE n = $1 AND n < $2", 2),
        ("SELECT 'ö', ? FROM t", 1),
        ("SELECT '?", 0),
    ] {
        assert_eq!(of(sql).unwrap().count(), count, "{sql}");
    }
    for sql in [
        "SELECT ? FROM t WHERE n = $1",
        "SELECT $a FROM t",
        "SELECT $0 FROM t",
        "SELECT $2000 FROM t",
        "SELECT ?1 FROM t",
        // At a position without an expression, a value could become a name, an alias or an argument.
        "SELECT n FROM ?",
        "SELECT 'a' ? FROM t",
        "SELECT count ? FROM t",
        "SELECT n AS ? FROM t",
        "SELECT 1?",
        "SELECT n FROM t; DELETE FROM t WHERE n = ?",
    ] {
        assert!(of(sql).is_err(), "{sql}");
    }
    let many = format!("SELECT {}", vec!["?"; 1_001].join(","));
    assert_eq!(of(&many).unwrap_err().code, ErrorCode::SqlTooLarge);
}

#[test]
fn each_type_of_value_is_the_value_that_was_bound() {
    let city = city(&["a"]);
    let shown = |value: ArrayRef, same: &str| {
        let sql = format!("SELECT ? = {same} same FROM t");
        let bound = of(&sql).unwrap().with_values(Some(&row(vec![value])));
        let rows = city.query_rows(&bound.unwrap()).unwrap();
        assert_eq!(
            format!("{rows:?}"),
            format!("{:?}", city.query_rows("SELECT true same FROM t").unwrap()),
            "{same}"
        );
    };
    shown(number(-7), "-7");
    shown(Arc::new(Int32Array::from(vec![i32::MIN])), "-2147483648");
    shown(Arc::new(UInt64Array::from(vec![9_u64])), "9");
    shown(text("it''s \\' -- ?"), "'it''''s \\'' -- ?'");
    shown(Arc::new(BooleanArray::from(vec![true])), "true");
    shown(
        Arc::new(Float64Array::from(vec![0.1])),
        "CAST('0.1' AS DOUBLE)",
    );
    shown(
        Arc::new(Float64Array::from(vec![-1e300])),
        "CAST('-1e300' AS DOUBLE)",
    );
    shown(
        Arc::new(Date32Array::from(vec![19_782])),
        "CAST('2024-02-29' AS DATE)",
    );
    let decimal = Decimal128Array::from(vec![-12_345]).with_precision_and_scale(10, 2);
    shown(Arc::new(decimal.unwrap()), "-123.45");
    let instant = TimestampMicrosecondArray::from(vec![1_709_208_000_000_001]);
    shown(
        Arc::new(instant.clone()),
        "CAST('2024-02-29 12:00:00.000001' AS TIMESTAMP)",
    );
    shown(
        Arc::new(instant.with_timezone("Europe/Berlin")),
        "CAST('2024-02-29T12:00:00.000001Z' AS TIMESTAMP WITH TIME ZONE)",
    );
    let bound = of("SELECT ? IS NULL same FROM t").unwrap();
    let bound = bound.with_values(Some(&row(vec![Arc::new(NullArray::new(1))])));
    assert_eq!(bound.unwrap(), "SELECT (NULL) IS NULL same FROM t");
    let limited = of("SELECT n FROM t LIMIT ?").unwrap();
    let limited = limited.with_values(Some(&row(vec![number(1)]))).unwrap();
    assert_eq!(city.query_rows(&limited).unwrap().len(), 1);
}

#[test]
fn too_few_and_too_many_values_are_refused() {
    let statement = of("SELECT n FROM t WHERE n = ? AND s = ?").unwrap();
    assert_eq!(
        statement.without_values(),
        "SELECT n FROM t WHERE n = (NULL) AND s = (NULL)"
    );
    for values in [
        None,
        Some(row(vec![number(1)])),
        Some(row(vec![number(1); 3])),
    ] {
        let refusal = statement.with_values(values.as_ref()).unwrap_err();
        assert_eq!(refusal.code, ErrorCode::UsageWrong, "{refusal}");
    }
    let two = row(vec![
        Arc::new(Int64Array::from(vec![1, 2])),
        Arc::new(Int64Array::from(vec![1, 2])),
    ]);
    assert!(statement.with_values(Some(&two)).is_err());
    let zero = row(vec![number(1), text("a\0b")]);
    assert!(statement.with_values(Some(&zero)).is_err());
}

/// A text value with any characters is compared unchanged: the result is the only row that contains it.
#[test]
fn no_text_is_more_than_a_text() {
    let mut random = StdRng::seed_from_u64(seed("HANSA_PROPERTY_SEED"));
    let letters: Vec<char> = "a'\\\"$?;()/*ö\n -".chars().collect();
    let mut texts = vec!["a".to_owned(), "''".to_owned(), "' OR 1=1 --".to_owned()];
    while texts.len() < 120 {
        let length = random.random_range(0..24);
        let text: String = (0..length)
            .map(|_| letters[random.random_range(0..letters.len())])
            .collect();
        if !texts.contains(&text) {
            texts.push(text);
        }
    }
    let city = city(&texts.iter().map(String::as_str).collect::<Vec<_>>());
    for (at, value) in texts.iter().enumerate() {
        let statement = of("SELECT n FROM t WHERE s = ?").unwrap();
        let bound = statement.with_values(Some(&row(vec![text(value)])));
        let found = city.query_rows(&bound.unwrap()).unwrap();
        let same = city.query_rows(&format!("SELECT n FROM t WHERE n = {at}"));
        assert_eq!(
            format!("{found:?}"),
            format!("{:?}", same.unwrap()),
            "{value:?}"
        );
        assert_eq!(found.len(), 1, "{value:?}");
    }
}

#[test]
fn names_are_numbers_in_the_order_of_the_text() {
    let limits = SqlStatementLimits::default();
    let named = |sql: &str| ParameterizedStatement::from_named_parameters(sql, &limits);
    let (statement, names) =
        named("SELECT '$a' FROM t WHERE s = $b AND n > $a AND n < $a -- $c").unwrap();
    let names: Vec<&str> = names.iter().map(|name| name.as_str()).collect();
    assert_eq!(names, ["b", "a"]);
    assert_eq!(
        statement.to_numbered_text(),
        "SELECT '$a' FROM t WHERE s = ($1) AND n > ($2) AND n < ($2) -- $c"
    );
    let (statement, names) = named("SELECT 1").unwrap();
    assert!(names.is_empty());
    assert_eq!(statement.to_numbered_text(), "SELECT 1");
    for sql in [
        "SELECT ? FROM t",
        "SELECT $1 FROM t",
        "SELECT $Site FROM t",
        "SELECT n FROM $t",
        "SELECT $a; SELECT $a",
    ] {
        assert!(named(sql).is_err(), "{sql}");
    }
}
