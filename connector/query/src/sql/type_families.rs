//! Type families: values of one family can be compared and combined.
//!
//! The engine has a common type for nearly all pairs: a number compared with a text becomes a text, so that 9 is greater than 10,
//! and a date compared with a number becomes its distance from 1970 (DataFusion 55.2). PostgreSQL refuses both, and so does this
//! module.

use super::decimal_types::{
    ValueUse, cast_with_default, check_columns, float_arguments, is_decimal_value, one_type,
    read_decimal,
};
use super::functions::distinct_values::distinguish_values;
use super::refused_construct::not_allowed;
use crate::engine_error;
use datafusion::arrow::datatypes::{DataType, TimeUnit};
use datafusion_common::tree_node::{Transformed, TransformedResult, TreeNode};
use datafusion_common::{DFSchema, ExprSchema, Result, ScalarValue, exec_err};
use datafusion_expr::expr::{Between, Case, InList};
use datafusion_expr::expr_rewriter::NamePreserver;
use datafusion_expr::logical_plan::Distinct;
use datafusion_expr::utils::merge_schema;
use datafusion_expr::{
    AggregateUDF, BinaryExpr, Expr, ExprSchemable, LogicalPlan, Operator, WindowFunctionDefinition,
    cast,
};
use hansa_policy::refusal::{ErrorCode, Refusal};
use std::fmt;
use std::sync::Arc;

/// Converts combined values to one family: a text literal gets the type of the other operand, and a date combined with a timestamp
/// becomes the instant at which it starts.
///
/// # Errors
/// `SQL_INVALID` if values of two families are combined.
pub(super) fn unite_families(plan: LogicalPlan) -> Result<LogicalPlan> {
    plan.transform_up_with_subqueries(|node| {
        check_relations(&node)?;
        let schema = merge_schema(&node.inputs());
        let names = NamePreserver::new(&node);
        node.map_expressions(|expr| {
            super::functions::exact_arithmetic::map_keeping_names(&names, expr, |expr| {
                expr.transform_up(|part| unite_types(part, &schema))
            })
        })?
        // A decimal combined with a floating-point number changes the result type.
        .map_data(LogicalPlan::recompute_schema)
    })
    .data()
}

/// Family of comparable types.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum TypeFamily {
    Number,
    Text,
    Truth,
    Day,
    Instant,
    TimeOfDay,
    Span,
    /// Unknown type: NULL and parameters.
    Open,
}

impl TypeFamily {
    fn of(kind: &DataType) -> Self {
        match kind {
            kind if kind.is_numeric() => Self::Number,
            kind if kind.is_string() => Self::Text,
            DataType::Boolean => Self::Truth,
            DataType::Date32 | DataType::Date64 => Self::Day,
            DataType::Timestamp(_, _) => Self::Instant,
            DataType::Time32(_) | DataType::Time64(_) => Self::TimeOfDay,
            DataType::Interval(_) | DataType::Duration(_) => Self::Span,
            _ => Self::Open,
        }
    }

    fn of_expr(expr: &Expr, schema: &dyn ExprSchema) -> Self {
        match expr {
            Expr::Placeholder(_) => Self::Open,
            expr => expr
                .get_type(schema)
                .map_or(Self::Open, |kind| Self::of(&kind)),
        }
    }

    const fn is_comparable(self, other: Self) -> bool {
        matches!(
            (self, other),
            (Self::Open, _)
                | (_, Self::Open)
                | (Self::Number, Self::Number)
                | (Self::Text, Self::Text)
                | (Self::Truth, Self::Truth)
                | (Self::Day | Self::Instant, Self::Day | Self::Instant)
                | (Self::TimeOfDay, Self::TimeOfDay)
                | (Self::Span, Self::Span)
        )
    }
}

impl fmt::Display for TypeFamily {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Number => "a number",
            Self::Text => "a text",
            Self::Truth => "a truth value",
            Self::Day => "a day",
            Self::Instant => "an instant",
            Self::TimeOfDay => "a time of day",
            Self::Span => "a span of time",
            Self::Open => "NULL",
        })
    }
}

fn unite_types(part: Expr, schema: &DFSchema) -> Result<Transformed<Expr>> {
    match part {
        Expr::BinaryExpr(BinaryExpr { left, op, right }) if is_comparison(op) => {
            let [left, right] = convert_compared_values(*left, *right, schema)?;
            Ok(Transformed::yes(Expr::BinaryExpr(BinaryExpr::new(
                Box::new(left),
                op,
                Box::new(right),
            ))))
        }
        Expr::Between(between) => {
            let kinds = [&between.low, &between.high];
            let expr = kinds
                .into_iter()
                .try_fold(*between.expr, |expr, edge| as_instant(expr, edge, schema))?;
            let low = read_beside(*between.low, &expr, schema)?;
            let high = read_beside(*between.high, &expr, schema)?;
            let values = one_type(vec![expr, low, high], schema, ValueUse::Compared)?;
            let Ok([expr, low, high]) = <[Expr; 3]>::try_from(values) else {
                return exec_err!("BETWEEN has three values");
            };
            Ok(Transformed::yes(Expr::Between(Between::new(
                Box::new(expr),
                between.negated,
                Box::new(low),
                Box::new(high),
            ))))
        }
        Expr::InList(list) => {
            let expr = list
                .list
                .iter()
                .try_fold(*list.expr, |expr, item| as_instant(expr, item, schema))?;
            let items = list.list.into_iter();
            let items: Vec<Result<Expr>> =
                items.map(|item| read_beside(item, &expr, schema)).collect();
            let values = std::iter::once(Ok(expr)).chain(items);
            let values = one_type(values.collect::<Result<_>>()?, schema, ValueUse::Compared)?;
            let mut values = values.into_iter();
            let Some(expr) = values.next() else {
                return exec_err!("a list beside no value");
            };
            Ok(Transformed::yes(Expr::InList(InList::new(
                Box::new(expr),
                values.collect(),
                list.negated,
            ))))
        }
        Expr::InSubquery(ref among) => {
            let fields = among.subquery.subquery.schema().fields();
            check_column(
                &among.expr,
                fields.first().map(|field| field.data_type()),
                schema,
            )?;
            Ok(Transformed::no(part))
        }
        Expr::SetComparison(ref comparison) => {
            let fields = comparison.subquery.subquery.schema().fields();
            let first = fields.first().map(|field| field.data_type());
            check_column(&comparison.expr, first, schema)?;
            Ok(Transformed::no(part))
        }
        Expr::Case(case) => unite_case(case, schema),
        Expr::ScalarFunction(mut call)
            if matches!(
                call.func.name(),
                "coalesce" | "greatest" | "least" | "nullif" | "nvl" | "ifnull"
            ) =>
        {
            check_one_family(call.args.iter(), call.func.name(), schema)?;
            if matches!(call.func.name(), "greatest" | "least" | "nullif") {
                check_order(types_of(&call.args, schema))?;
            }
            call.args = one_type(call.args, schema, ValueUse::Given)?;
            Ok(Transformed::yes(Expr::ScalarFunction(call)))
        }
        Expr::AggregateFunction(mut call) => {
            if call.params.distinct || matches!(call.func.name(), "min" | "max") {
                check_order(types_of(&call.params.args, schema))?;
            }
            if call.params.distinct
                && let Some(function) =
                    distinguish_arguments(&call.func, &call.params.args, schema)?
            {
                call.func = function;
            } else {
                call.params.args = float_arguments(call.func.name(), call.params.args, schema);
            }
            Ok(Transformed::yes(Expr::AggregateFunction(call)))
        }
        Expr::WindowFunction(mut window) => {
            check_order(types_of(&window.params.partition_by, schema))?;
            let orders = window.params.order_by.iter();
            check_order(types_of(orders.map(|order| &order.expr), schema))?;
            if matches!(window.fun.name(), "min" | "max") {
                check_order(types_of(&window.params.args, schema))?;
            }
            if matches!(window.fun.name(), "lag" | "lead") {
                window.params.args = unite_default(window.params.args, schema)?;
            }
            if let WindowFunctionDefinition::AggregateUDF(function) = &window.fun
                && window.params.distinct
                && let Some(function) =
                    distinguish_arguments(function, &window.params.args, schema)?
            {
                window.fun = WindowFunctionDefinition::AggregateUDF(function);
            } else {
                window.params.args = float_arguments(window.fun.name(), window.params.args, schema);
            }
            Ok(Transformed::yes(Expr::WindowFunction(window)))
        }
        Expr::ScalarFunction(ref call) if call.func.name() == "nvl2" => {
            check_one_family(call.args.iter().skip(1), "nvl2", schema)?;
            let kinds: Vec<DataType> = types_of(call.args.iter().skip(1), schema).collect();
            check_columns(&kinds, "nvl2")?;
            Ok(Transformed::no(part))
        }
        Expr::ScalarFunction(mut call) => {
            call.args = float_arguments(call.func.name(), call.args, schema);
            Ok(Transformed::yes(Expr::ScalarFunction(call)))
        }
        other => Ok(Transformed::no(other)),
    }
}

/// Aggregate that compares distinct values before their conversion to floating-point numbers, if that is needed.
fn distinguish_arguments(
    function: &Arc<AggregateUDF>,
    arguments: &[Expr],
    schema: &DFSchema,
) -> Result<Option<Arc<AggregateUDF>>> {
    if matches!(function.name(), "percentile_cont" | "quantile_cont") {
        let refusal = not_allowed(&format!("{}(DISTINCT …)", function.name()));
        let help = "take it of a subquery with SELECT DISTINCT";
        return Err(engine_error::wrap_refusal(refusal.with_help(help)));
    }
    let kind = types_of(arguments, schema).next();
    Ok(kind.and_then(|kind| distinguish_values(function, &kind)))
}

/// Converts the value and the default of LAG or LEAD to one type. The engine casts the default to the type of the value, which may
/// be too narrow.
fn unite_default(args: Vec<Expr>, schema: &DFSchema) -> Result<Vec<Expr>> {
    let [value, offset, default] = match <[Expr; 3]>::try_from(args) {
        Ok(args) => args,
        Err(args) => return Ok(args),
    };
    check_one_family([&value, &default].into_iter(), "a default", schema)?;
    let values = cast_with_default(value, default, schema)?;
    match <[Expr; 2]>::try_from(values) {
        Ok([value, default]) => Ok(vec![value, offset, default]),
        Err(_) => exec_err!("a value and its default are two values"),
    }
}

pub(super) const fn is_comparison(op: Operator) -> bool {
    matches!(
        op,
        Operator::Eq
            | Operator::NotEq
            | Operator::Lt
            | Operator::LtEq
            | Operator::Gt
            | Operator::GtEq
            | Operator::IsDistinctFrom
            | Operator::IsNotDistinctFrom
    )
}

fn unite_case(case: Case, schema: &DFSchema) -> Result<Transformed<Expr>> {
    let values = case.when_then_expr.iter().map(|(_, then)| &**then);
    let values = values.chain(case.else_expr.iter().map(|value| &**value));
    check_one_family(values, "CASE", schema)?;
    let (mut whens, mut results): (Vec<_>, Vec<_>) = case
        .when_then_expr
        .into_iter()
        .map(|(when, then)| (*when, *then))
        .unzip();
    let has_else = case.else_expr.is_some();
    results.extend(case.else_expr.map(|value| *value));
    let mut results = one_type(results, schema, ValueUse::Given)?;
    let other = results.pop_if(|_| has_else).map(Box::new);
    let mut operand = None;
    if let Some(value) = case.expr {
        check_order(value.get_type(schema).ok())?;
        let read = whens
            .into_iter()
            .map(|when| read_beside(when, &value, schema));
        let mut values = read.collect::<Result<Vec<_>>>()?;
        values.push(*value);
        whens = one_type(values, schema, ValueUse::Compared)?;
        operand = whens.pop().map(Box::new);
    }
    let whens = whens.into_iter().map(Box::new);
    let whens = whens.zip(results.into_iter().map(Box::new)).collect();
    Ok(Transformed::yes(Expr::Case(Case::new(
        operand, whens, other,
    ))))
}

/// Converts two compared values for each other.
fn convert_compared_values(left: Expr, right: Expr, schema: &DFSchema) -> Result<[Expr; 2]> {
    let is_day = |value: &Expr| TypeFamily::of_expr(value, schema) == TypeFamily::Day;
    if let Some(day) = as_day(&right).filter(|_| is_day(&left)) {
        return Ok([left, day]);
    }
    if let Some(day) = as_day(&left).filter(|_| is_day(&right)) {
        return Ok([day, right]);
    }
    let left = as_instant(left, &right, schema)?;
    let right = read_beside(right, &left, schema)?;
    let left = read_beside(left, &right, schema)?;
    let values = one_type(vec![left, right], schema, ValueUse::Compared)?;
    match <[Expr; 2]>::try_from(values) {
        Ok(values) => Ok(values),
        Err(_) => exec_err!("a comparison has two values"),
    }
}

/// Converts a value for a comparison with `other`.
fn read_beside(value: Expr, other: &Expr, schema: &DFSchema) -> Result<Expr> {
    let (own, others) = (
        TypeFamily::of_expr(&value, schema),
        TypeFamily::of_expr(other, schema),
    );
    if own == TypeFamily::Text && others != TypeFamily::Text && is_written_text(&value) {
        return match others {
            TypeFamily::Open => Ok(value),
            TypeFamily::Number if is_decimal_value(other, schema) => read_decimal(value),
            _ => Ok(cast(value, read_type(other.get_type(schema)?))),
        };
    }
    if own == TypeFamily::Span && others == TypeFamily::Span {
        return as_duration(value, other, schema);
    }
    if is_written_text(other) || own.is_comparable(others) {
        return as_instant(value, other, schema);
    }
    Err(two_families(own, others))
}

/// Converts an interval for a comparison with another one to a duration. The engine compares months first, then days, then hours,
/// so 36 hours are less than a day (DataFusion 55.2).
fn as_duration(value: Expr, other: &Expr, schema: &DFSchema) -> Result<Expr> {
    let is_duration = |value: &Expr| matches!(value.get_type(schema), Ok(DataType::Duration(_)));
    if is_duration(&value) {
        return match is_duration(other) || length_of(other).is_some() {
            true => Ok(value),
            false => Err(spans_without_order()),
        };
    }
    match length_of(&value) {
        Some(micros) => {
            let length = ScalarValue::DurationMicrosecond(Some(micros));
            Ok(Expr::Literal(length, None))
        }
        None => Err(spans_without_order()),
    }
}

/// Microseconds of a literal interval without months, with days of 24 hours.
fn length_of(span: &Expr) -> Option<i64> {
    let Expr::Literal(ScalarValue::IntervalMonthDayNano(Some(span)), _) = span else {
        return None;
    };
    let is_exact = span.months == 0 && span.nanoseconds % 1_000 == 0;
    let days = i64::from(span.days).checked_mul(86_400_000_000)?;
    days.checked_add(span.nanoseconds / 1_000)
        .filter(|_| is_exact)
}

/// Refuses intervals of months and days as sort or group keys.
fn check_order(kinds: impl IntoIterator<Item = DataType>) -> Result<()> {
    let has_span = |kind| matches!(kind, DataType::Interval(_));
    match kinds.into_iter().any(has_span) {
        true => Err(spans_without_order()),
        false => Ok(()),
    }
}

fn spans_without_order() -> datafusion_common::DataFusionError {
    let refusal = Refusal::new(
        ErrorCode::SqlInvalid,
        "spans of months, days and hours can't be compared: a month has no length",
    );
    let help = "compare instants: a + INTERVAL '1 month' < b";
    engine_error::wrap_refusal(refusal.with_help(help))
}

/// Type to which a text literal is converted: that of the other operand.
fn read_type(kind: DataType) -> DataType {
    match kind {
        kind if kind.is_integer() => DataType::Int64,
        kind if kind.is_numeric() => DataType::Float64,
        other => other,
    }
}

/// Converts a date combined with a timestamp to the instant at which it starts in the zone of the timestamp.
fn as_instant(value: Expr, other: &Expr, schema: &DFSchema) -> Result<Expr> {
    if TypeFamily::of_expr(&value, schema) != TypeFamily::Day {
        return Ok(value);
    }
    match other.get_type(schema) {
        Ok(DataType::Timestamp(_, zone)) => Ok(cast(
            value,
            DataType::Timestamp(TimeUnit::Microsecond, zone),
        )),
        _ => Ok(value),
    }
}

/// Converts the midnight from a date and an interval of whole days back to a date, so that stored dates are compared without
/// conversion.
fn as_day(instant: &Expr) -> Option<Expr> {
    let Expr::BinaryExpr(BinaryExpr {
        left,
        op: op @ (Operator::Plus | Operator::Minus),
        right,
    }) = instant
    else {
        return None;
    };
    let (Expr::Cast(midnight), Expr::Literal(ScalarValue::IntervalMonthDayNano(Some(span)), _)) =
        (&**left, &**right)
    else {
        return None;
    };
    let is_whole = span.nanoseconds == 0
        && matches!(
            midnight.field.data_type(),
            DataType::Timestamp(TimeUnit::Microsecond, None)
        );
    // The planner creates this cast for dates alone, and an explicit cast of a date has an equal meaning.
    let is_of_day = matches!(
        &*midnight.expr,
        Expr::Cast(day) if *day.field.data_type() == DataType::Date32
    ) || matches!(&*midnight.expr, Expr::Literal(ScalarValue::Date32(_), _));
    (is_whole && is_of_day)
        .then(|| Expr::BinaryExpr(BinaryExpr::new(midnight.expr.clone(), *op, right.clone())))
}

/// Checks for a text literal, whose type is determined by its context.
const fn is_written_text(value: &Expr) -> bool {
    matches!(
        value,
        Expr::Literal(
            ScalarValue::Utf8(Some(_))
                | ScalarValue::Utf8View(Some(_))
                | ScalarValue::LargeUtf8(Some(_)),
            _
        )
    )
}

fn types_of<'e>(
    exprs: impl IntoIterator<Item = &'e Expr>,
    schema: &DFSchema,
) -> impl Iterator<Item = DataType> {
    let types = exprs.into_iter().map(|expr| expr.get_type(schema));
    types.filter_map(Result::ok)
}

fn check_column(value: &Expr, column: Option<&DataType>, schema: &DFSchema) -> Result<()> {
    check_order(
        value
            .get_type(schema)
            .ok()
            .into_iter()
            .chain(column.cloned()),
    )?;
    let own = TypeFamily::of_expr(value, schema);
    let others = column.map_or(TypeFamily::Open, TypeFamily::of);
    if !own.is_comparable(others) && !is_written_text(value) {
        return Err(two_families(own, others));
    }
    let kinds = value.get_type(schema).ok().into_iter();
    let kinds: Vec<DataType> = kinds.chain(column.cloned()).collect();
    check_columns(&kinds, "a subquery")
}

fn check_one_family<'e>(
    values: impl Iterator<Item = &'e Expr>,
    place: &str,
    schema: &DFSchema,
) -> Result<()> {
    let mut first = TypeFamily::Open;
    for value in values {
        let family = TypeFamily::of_expr(value, schema);
        if !first.is_comparable(family) {
            return Err(refuse_mixture(place, first, family));
        }
        if first == TypeFamily::Open {
            first = family;
        }
    }
    Ok(())
}

/// Checks relations that correspond column by column.
fn check_relations(node: &LogicalPlan) -> Result<()> {
    match node {
        LogicalPlan::Union(union) => {
            for at in 0..union.schema.fields().len() {
                let fields = union.inputs.iter().map(|input| input.schema().fields());
                let kinds = fields.filter_map(|fields| fields.get(at));
                let kinds: Vec<DataType> = kinds.map(|field| field.data_type().clone()).collect();
                check_columns(&kinds, "UNION")?;
            }
            let inputs = union.inputs.iter();
            let mut kinds: Vec<TypeFamily> = Vec::new();
            for input in inputs {
                for (at, field) in input.schema().fields().iter().enumerate() {
                    let family = TypeFamily::of(field.data_type());
                    match kinds.get_mut(at) {
                        None => kinds.push(family),
                        Some(first) if !first.is_comparable(family) => {
                            return Err(refuse_mixture("UNION", *first, family));
                        }
                        Some(first) if *first == TypeFamily::Open => *first = family,
                        Some(_) => {}
                    }
                }
            }
            Ok(())
        }
        LogicalPlan::Sort(sort) => {
            let exprs = sort.expr.iter().map(|order| &order.expr);
            check_order(types_of(exprs, sort.input.schema()))
        }
        LogicalPlan::Aggregate(aggregate) => {
            check_order(types_of(&aggregate.group_expr, aggregate.input.schema()))
        }
        LogicalPlan::Distinct(Distinct::All(input)) => {
            let fields = input.schema().fields().iter();
            check_order(fields.map(|field| field.data_type().clone()))
        }
        LogicalPlan::Distinct(Distinct::On(distinct)) => {
            check_order(types_of(&distinct.on_expr, distinct.input.schema()))
        }
        LogicalPlan::Join(join) => {
            for (left, right) in &join.on {
                check_order(left.get_type(join.left.schema()).ok())?;
                check_order(right.get_type(join.right.schema()).ok())?;
                let kinds = [
                    left.get_type(join.left.schema())?,
                    right.get_type(join.right.schema())?,
                ];
                check_columns(&kinds, "a join by columns")?;
                let left = TypeFamily::of_expr(left, join.left.schema());
                let right = TypeFamily::of_expr(right, join.right.schema());
                if !left.is_comparable(right) {
                    return Err(two_families(left, right));
                }
            }
            Ok(())
        }
        _ => Ok(()),
    }
}

fn two_families(one: TypeFamily, other: TypeFamily) -> datafusion_common::DataFusionError {
    let sentence = format!("{one} can't be compared with {other}");
    let refusal = Refusal::new(ErrorCode::SqlInvalid, sentence);
    engine_error::wrap_refusal(refusal.with_help("write CAST(… AS …) around one of them"))
}

fn refuse_mixture(
    place: &str,
    one: TypeFamily,
    other: TypeFamily,
) -> datafusion_common::DataFusionError {
    let sentence = format!("{place} can't give {one} here and {other} there");
    let refusal = Refusal::new(ErrorCode::SqlInvalid, sentence);
    engine_error::wrap_refusal(refusal.with_help("write CAST(… AS …) around one of them"))
}
