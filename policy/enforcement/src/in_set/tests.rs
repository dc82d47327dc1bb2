//! Tests: a folded list has the result of the list, and can be unfolded.

use super::{InSetFunction, LONG, fold_in_lists, folded_in, unfolded_in};
use crate::predicate_pushdown::is_harmless;
use datafusion_common::arrow::array::{Array, ArrayRef, BooleanArray, Int64Array, StringViewArray};
use datafusion_common::arrow::compute;
use datafusion_common::arrow::datatypes::{DataType, Field, Schema, TimeUnit};
use datafusion_common::config::ConfigOptions;
use datafusion_common::cse::NormalizeEq as _;
use datafusion_common::{DFSchema, ScalarValue};
use datafusion_expr::logical_plan::builder::table_scan;
use datafusion_expr::{ColumnarValue, Expr, LogicalPlan, ScalarFunctionArgs, cast, col, lit};
use std::sync::Arc;

fn schema() -> Schema {
    Schema::new(vec![
        Field::new("n", DataType::Int64, true),
        Field::new("name", DataType::Utf8, true),
        Field::new("x", DataType::Float64, true),
    ])
}

fn plan(condition: Expr) -> LogicalPlan {
    let scan = table_scan(Some("t"), &schema(), None).unwrap();
    scan.filter(condition).unwrap().build().unwrap()
}

fn numbers(count: usize) -> Vec<Expr> {
    (0..i64::try_from(count).unwrap())
        .map(|n| lit(3 * n))
        .collect()
}

fn predicate(plan: &LogicalPlan) -> &Expr {
    match plan {
        LogicalPlan::Filter(filter) => &filter.predicate,
        other => panic!("{other}"),
    }
}

#[test]
fn long_lists_of_values_are_folded_and_come_back() {
    let names: Vec<Expr> = (0..LONG).map(|n| lit(format!("'{n}"))).collect();
    for condition in [
        col("n").in_list(numbers(LONG), false),
        col("n").in_list(numbers(LONG), true),
        cast(col("x"), DataType::Int64).in_list(numbers(LONG), false),
        col("name")
            .in_list(names, false)
            .or(col("n").in_list(numbers(1000), true)),
    ] {
        let whole = plan(condition.clone());
        let small = fold_in_lists(whole.clone()).unwrap();
        assert!(predicate(&small).to_string().len() < 100, "{small}");
        let unfolded = unfolded_in(predicate(&small).clone()).unwrap();
        assert_eq!(unfolded, *predicate(&whole));
        let schema = DFSchema::try_from(schema()).unwrap();
        let small = folded_in(condition.clone(), &schema).unwrap();
        assert!(small.transformed && small.data.to_string().len() < 100);
        assert_eq!(unfolded_in(small.data).unwrap(), condition);
    }
}

/// The optimizer merges two functions with one name and equal arguments.
#[test]
fn lists_that_differ_are_not_one() {
    let list = |last: i64, negated| {
        let mut list = numbers(LONG);
        list.pop();
        list.push(lit(last));
        col("n").in_list(list, negated)
    };
    let alike = |a: Expr, b: Expr| {
        let (a, b) = (
            fold_in_lists(plan(a)).unwrap(),
            fold_in_lists(plan(b)).unwrap(),
        );
        let (a, b) = (predicate(&a), predicate(&b));
        let one = a.to_string() == b.to_string();
        assert_eq!(a.normalize_eq(b), one);
        assert_eq!(a == b, one);
        one
    };
    assert!(alike(list(1, false), list(1, false)));
    assert!(!alike(list(1, false), list(2, false)));
    assert!(!alike(list(1, false), list(1, true)));
    let others = (0..LONG).map(|n| lit(n.to_string())).collect();
    assert!(!alike(list(1, false), col("name").in_list(others, false)));
}

#[test]
fn other_lists_stay() {
    let with = |item: Expr| {
        let mut list = numbers(LONG);
        list.push(item);
        list
    };
    let floats = (0..1000).map(|n| lit(f64::from(n))).collect();
    for condition in [
        col("n").in_list(numbers(LONG - 1), false),
        col("n").in_list(with(col("n")), false),
        col("n").in_list(with(lit(ScalarValue::Int64(None))), false),
        col("n").in_list(with(lit(1_i32)), false),
        // Equal floating-point numbers are not always identical.
        col("x").in_list(floats, false),
    ] {
        let plan = plan(condition);
        assert_eq!(fold_in_lists(plan.clone()).unwrap(), plan);
    }
}

#[test]
fn it_may_enter_the_private_plan_as_the_list_may() {
    let shown = Arc::new(schema());
    let clear = ["n".to_owned()].into();
    for (condition, harmless) in [
        (col("n").in_list(numbers(LONG), false), true),
        (
            cast(col("x"), DataType::Int64).in_list(numbers(LONG), false),
            false,
        ),
        (
            col("name").in_list((0..LONG).map(|n| lit(n.to_string())).collect(), false),
            false,
        ),
    ] {
        let small = fold_in_lists(plan(condition.clone())).unwrap();
        assert!(InSetFunction::of(predicate(&small)).is_some());
        assert_eq!(is_harmless(&condition, &shown, &clear), harmless);
        assert_eq!(is_harmless(predicate(&small), &shown, &clear), harmless);
    }
    // Nor for a column with another type than the values.
    let other = Arc::new(Schema::new(vec![Field::new("n", DataType::Int32, true)]));
    let small = fold_in_lists(plan(col("n").in_list(numbers(LONG), false))).unwrap();
    assert!(!is_harmless(predicate(&small), &other, &clear));
}

/// Result of a list with these values for a column.
fn said(values: &[ScalarValue], negated: bool, column: &ArrayRef) -> ArrayRef {
    let schema = Schema::new(vec![Field::new("v", column.data_type().clone(), true)]);
    let list = values.iter().cloned().map(lit).collect();
    let scan = table_scan(Some("t"), &schema, None).unwrap();
    let list = scan.filter(col("v").in_list(list, negated)).unwrap();
    let small = fold_in_lists(list.build().unwrap()).unwrap();
    called(&small, column)
}

/// Result of the function in a plan for a column.
fn called(plan: &LogicalPlan, column: &ArrayRef) -> ArrayRef {
    let Expr::ScalarFunction(call) = predicate(plan) else {
        panic!("{plan}");
    };
    let args = ScalarFunctionArgs {
        args: vec![ColumnarValue::Array(Arc::clone(column))],
        arg_fields: vec![Arc::new(Field::new("v", column.data_type().clone(), true))],
        number_rows: column.len(),
        return_field: Arc::new(Field::new("among", DataType::Boolean, true)),
        config_options: Arc::new(ConfigOptions::default()),
    };
    let said = call.func.invoke_with_args(args).unwrap();
    said.to_array(column.len()).unwrap()
}

/// For every type, compared with single comparisons.
#[test]
fn what_it_says_of_values_is_what_the_list_says() {
    let count = 2 * i64::try_from(LONG).unwrap();
    // As many values as the smallest types have, on both sides of 0 where possible.
    let numbers = Int64Array::from_iter((0..count).map(|n| (n % 7 != 0).then_some(n)));
    let numbers: ArrayRef = Arc::new(numbers);
    for kind in [
        DataType::Int64,
        DataType::Int32,
        DataType::Int16,
        DataType::Int8,
        DataType::UInt64,
        DataType::UInt32,
        DataType::UInt16,
        DataType::UInt8,
        DataType::Date32,
        DataType::Date64,
        DataType::Timestamp(TimeUnit::Microsecond, None),
        DataType::Decimal128(12, 2),
        DataType::Utf8,
        DataType::Utf8View,
    ] {
        let between = match kind {
            DataType::Date32 => compute::cast(&numbers, &DataType::Int32).unwrap(),
            _ => Arc::clone(&numbers),
        };
        let column = compute::cast(&between, &kind).unwrap();
        let values = (0..column.len()).map(|row| ScalarValue::try_from_array(&column, row));
        let values: Vec<ScalarValue> = values.map(Result::unwrap).collect();
        let some = |one: &&ScalarValue| !one.is_null();
        let listed: Vec<ScalarValue> = values.iter().filter(some).cloned().collect();
        let listed = &listed[listed.len() - LONG..];
        for negated in [false, true] {
            let expected = values
                .iter()
                .map(|value| (!value.is_null()).then(|| listed.contains(value) != negated));
            let expected: BooleanArray = expected.collect();
            assert_eq!(
                said(listed, negated, &column).to_data(),
                expected.to_data(),
                "{kind} {negated}"
            );
        }
    }
}

/// The physical column may have another representation than the plan states.
#[test]
fn a_column_in_another_form_is_brought_into_that_of_the_values() {
    let names: Vec<Option<String>> = vec![Some("n1".to_owned()), Some("x".to_owned()), None];
    let column: ArrayRef = Arc::new(StringViewArray::from_iter(names));
    let list = (0..LONG).map(|n| lit(format!("n{n}"))).collect();
    let small = fold_in_lists(plan(col("name").in_list(list, false))).unwrap();
    let expected = BooleanArray::from(vec![Some(true), Some(false), None]);
    assert_eq!(called(&small, &column).to_data(), expected.to_data());
}
