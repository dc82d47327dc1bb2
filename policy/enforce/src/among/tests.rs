//! A list that is folded says what it said, and comes back as it was.

use super::{Among, LONG, folded, folded_in, unfolded, unfolded_in};
use crate::harmless::is_harmless;
use datafusion_common::arrow::array::{Array, ArrayRef, BooleanArray, Int64Array};
use datafusion_common::arrow::datatypes::{DataType, Field, Schema};
use datafusion_common::config::ConfigOptions;
use datafusion_common::{DFSchema, ScalarValue};
use datafusion_expr::logical_plan::builder::table_scan;
use datafusion_expr::{
    ColumnarValue, Expr, LogicalPlan, LogicalPlanBuilder, ScalarFunctionArgs, cast, col, lit,
};
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
        let plan = plan(condition.clone());
        let (small, some) = folded(plan.clone()).unwrap();
        assert!(some, "{condition}");
        assert!(predicate(&small).to_string().len() < 100, "{small}");
        assert_eq!(unfolded(small).unwrap(), plan);
        let schema = DFSchema::try_from(schema()).unwrap();
        let small = folded_in(condition.clone(), &schema).unwrap();
        assert!(small.transformed && small.data.to_string().len() < 100);
        assert_eq!(unfolded_in(small.data).unwrap(), condition);
    }
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
        // Of numbers of floating point equal ones are not always alike.
        col("x").in_list(floats, false),
    ] {
        let plan = plan(condition);
        let (same, some) = folded(plan.clone()).unwrap();
        assert_eq!((same, some), (plan, false));
    }
}

#[test]
fn a_list_below_a_name_keeps_it() {
    let list = plan(col("n").in_list(numbers(LONG), false));
    let (small, _) = folded(list.clone()).unwrap();
    let named = |from: &LogicalPlan| {
        let builder = LogicalPlanBuilder::from(plan(lit(true)));
        let expr = predicate(from).clone().alias("found");
        builder.project([expr]).unwrap().build().unwrap()
    };
    assert_eq!(unfolded(named(&small)).unwrap(), named(&list));
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
        let (small, some) = folded(plan(condition.clone())).unwrap();
        assert!(some);
        assert_eq!(is_harmless(&condition, &shown, &clear), harmless);
        assert_eq!(is_harmless(predicate(&small), &shown, &clear), harmless);
    }
    // Of a column that is shown as another type than the values have, neither.
    let other = Arc::new(Schema::new(vec![Field::new("n", DataType::Int32, true)]));
    let (small, _) = folded(plan(col("n").in_list(numbers(LONG), false))).unwrap();
    assert!(!is_harmless(predicate(&small), &other, &clear));
}

#[test]
fn what_it_says_of_values_is_what_the_list_says() {
    let column: ArrayRef = Arc::new(Int64Array::from(vec![Some(3), Some(4), None]));
    for negated in [false, true] {
        let list = plan(col("n").in_list(numbers(LONG), negated));
        let (small, _) = folded(list).unwrap();
        let Expr::ScalarFunction(call) = predicate(&small) else {
            panic!("{small}");
        };
        assert!(Among::of(predicate(&small)).is_some());
        let schema = DFSchema::try_from(schema()).unwrap();
        let args = ScalarFunctionArgs {
            args: vec![ColumnarValue::Array(Arc::clone(&column))],
            arg_fields: vec![Arc::clone(schema.field(0))],
            number_rows: 3,
            return_field: Arc::new(Field::new("among", DataType::Boolean, true)),
            config_options: Arc::new(ConfigOptions::default()),
        };
        let said = call
            .func
            .invoke_with_args(args)
            .unwrap()
            .to_array(3)
            .unwrap();
        let expected = BooleanArray::from(vec![Some(!negated), Some(negated), None]);
        assert_eq!(said.to_data(), expected.to_data());
    }
}
