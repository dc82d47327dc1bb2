//! Texts with long lists, which must equal those that are written and parsed completely.

use super::{FEW, InListPredicate, ListSlot, add_conditions, format_value_list, read_list_tokens};
use crate::federation::query_ir::SelectBody;
use crate::federation::remote_sql::tests::{query, writer};
use datafusion::common::ScalarValue;
use datafusion::logical_expr::{Expr, col, lit};

fn numbers(values: impl Iterator<Item = i64>) -> Vec<ScalarValue> {
    values
        .map(|value| ScalarValue::Int64(Some(value)))
        .collect()
}

fn texts(values: impl Iterator<Item = String>) -> Vec<ScalarValue> {
    values.map(|value| ScalarValue::Utf8(Some(value))).collect()
}

fn list(name: &str, values: Vec<ScalarValue>) -> InListPredicate {
    let what = col(name);
    InListPredicate { what, values }
}

fn body() -> SelectBody {
    SelectBody::Rows {
        outputs: vec![col("id"), col("place")],
        order: Vec::new(),
    }
}

/// Checks each text against the complete one, and returns the number of lists with a position of their own.
fn same(conditions: Vec<Expr>, lists: &[InListPredicate]) -> bool {
    let (writer, query) = (writer(), query(conditions, body(), None));
    let whole = writer.write(&add_conditions(
        &query,
        lists.iter().map(InListPredicate::to_expr),
    ));
    let text = writer.write_among(&query, lists);
    match (&text, &whole) {
        (Ok(text), Ok(whole)) => {
            assert_eq!(text.sql, whole.sql);
            assert_eq!(text.schema, whole.schema);
        }
        (text, whole) => panic!("{text:?} {whole:?}"),
    }
    writer.by_place(&query, lists).unwrap().is_some()
}

#[test]
fn a_text_is_the_same_whether_its_lists_are_short_or_long() {
    let odd =
        |n: usize| texts((0..n).map(|at| format!("it's {at}, (or) -- \u{e9}\n\\ \"{at}\" /* ")));
    for n in [1, 2, 3, FEW, 2 * FEW - 1, 2 * FEW, 500] {
        let count = i64::try_from(n).unwrap();
        let long = n >= 2 * FEW;
        let one = list("id", numbers(0..count));
        assert_eq!(same(Vec::new(), std::slice::from_ref(&one)), long, "{n}");
        assert_eq!(
            same(vec![col("n").gt(lit(5_i64))], &[list("place", odd(n))]),
            long
        );
        // Two lists, also with equal values; one of them may be short.
        assert_eq!(
            same(Vec::new(), &[one.clone(), list("n", numbers(0..count))]),
            long
        );
        assert_eq!(same(Vec::new(), &[one, list("place", odd(3))]), long);
    }
}

#[test]
fn what_is_not_plain_is_written_whole() {
    for values in [
        numbers(-1..99),
        (0..99).map(|at| ScalarValue::Date32(Some(at))).collect(),
    ] {
        assert!(ListSlot::for_list(0, &list("n", values)).is_none());
    }
    assert!(!same(Vec::new(), &[list("n", numbers(-1..99))]));
}

/// A literal of the question that looks like the representative values.
#[test]
fn only_the_list_is_the_list() {
    let one = list("n", numbers(0..99));
    let stands = ListSlot::for_list(0, &one).unwrap().stands;
    for like in [format!("x IN {stands}"), stands] {
        assert!(!same(
            vec![col("place").not_eq(lit(like))],
            std::slice::from_ref(&one)
        ));
    }
    let (mut tokens, part) = (Vec::new(), ListSlot::for_list(0, &one).unwrap());
    assert!(!part.put_values(&mut tokens));
    tokens.extend(part.standing.clone());
    assert!(!part.put_values(&mut tokens), "not behind IN");
}

#[test]
fn a_list_reads_as_its_values_or_not_at_all() {
    let values = numbers(1..4);
    assert!(read_list_tokens("(1, 2, 3)", &values).is_some());
    for wrong in [
        "(1, 2)",
        "(1, 2, 3, 4)",
        "(1, 2, 4)",
        "(1, 2, 3",
        "1, 2, 3)",
        "(1, 2, 3))",
        "(1, 2, -3)",
        "(1, 2, '3')",
        "(1, 2 3)",
        "(1), 2, 3)",
        "(1, 2, 3L)",
        "(1, 2, 3.0)",
        "(1 2, 3,)",
        "((1, 2, 3)",
    ] {
        assert!(read_list_tokens(wrong, &values).is_none(), "{wrong}");
    }
    let word = texts(std::iter::once("a', 'b".to_owned()));
    assert_eq!(format_value_list(&word).unwrap(), "('a'', ''b')");
    assert!(read_list_tokens("('a'', ''b')", &word).is_some());
    assert!(read_list_tokens("('a', 'b')", &word).is_none());
}

#[test]
fn a_list_that_no_text_may_hold_is_not_written() {
    let many = list("id", numbers(0..200_000));
    let query = query(Vec::new(), body(), None);
    assert!(writer().write_among(&query, &[many]).is_err());
}
