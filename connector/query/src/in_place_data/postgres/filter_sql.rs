//! Translation of plan filters to SQL of the database. The plan keeps every filter, so a translated condition may accept more rows,
//! but never fewer. Filters that can't be translated are left out.

use super::table_description::quote_text;
use super::{PgType, PostgresColumn};
use datafusion::physical_expr::expressions::{
    BinaryExpr, Column, InListExpr, IsNotNullExpr, IsNullExpr, Literal, NotExpr,
};
use datafusion::physical_expr::{PhysicalExpr, ScalarFunctionExpr};
use datafusion_common::ScalarValue;
use datafusion_expr::Operator;
use hansa_enforcement::in_set::InSetFunction;
use hansa_policy::value::decimal_type::DecimalType;
use std::sync::Arc;

/// SQL condition that is true for all rows that satisfy `filter`, over the columns of a scan.
pub(super) fn render_filter(
    filter: &Arc<dyn PhysicalExpr>,
    columns: &[&PostgresColumn],
) -> Option<String> {
    if let Some(binary) = filter.downcast_ref::<BinaryExpr>() {
        let both = || {
            (
                render_filter(binary.left(), columns),
                render_filter(binary.right(), columns),
            )
        };
        return match binary.op() {
            Operator::And => match both() {
                (Some(left), Some(right)) => Some(format!("({left} AND {right})")),
                (one, other) => one.or(other),
            },
            Operator::Or => {
                let (left, right) = both();
                Some(format!("({} OR {})", left?, right?))
            }
            op => render_comparison(binary, *op, columns),
        };
    }
    if let Some(list) = filter.downcast_ref::<InListExpr>() {
        let column = column_at(list.expr(), columns).filter(|_| !list.negated())?;
        let values = list
            .list()
            .iter()
            .map(|value| format_literal(value, column));
        return one_of(column, values.collect::<Option<Vec<_>>>()?);
    }
    if let Some(call) = filter.downcast_ref::<ScalarFunctionExpr>() {
        return in_list_condition(call, columns);
    }
    if let Some(null) = filter.downcast_ref::<IsNullExpr>() {
        return Some(format!(
            "{} IS NULL",
            column_at(null.arg(), columns)?.operand()
        ));
    }
    if let Some(some) = filter.downcast_ref::<IsNotNullExpr>() {
        return Some(format!(
            "{} IS NOT NULL",
            column_at(some.arg(), columns)?.operand()
        ));
    }
    if let Some(not) = filter.downcast_ref::<NotExpr>() {
        return Some(format!("NOT {}", flag_condition(not.arg(), columns)?));
    }
    flag_condition(filter, columns)
}

/// Condition for a long IN list, which is one function in the plan.
fn in_list_condition(call: &ScalarFunctionExpr, columns: &[&PostgresColumn]) -> Option<String> {
    let among = call.fun().inner().downcast_ref::<InSetFunction>()?;
    let [value] = call.args() else {
        return None;
    };
    if among.is_negated() || among.values().len() > MOST {
        return None;
    }
    let column = column_at(value, columns)?;
    let values = among
        .values()
        .iter()
        .map(|value| render_value(value, column));
    one_of(column, values.collect::<Option<Vec<_>>>()?)
}

fn one_of(column: &PostgresColumn, values: Vec<String>) -> Option<String> {
    (!values.is_empty() && values.len() <= MOST)
        .then(|| format!("{} IN ({})", column.operand(), values.join(", ")))
}

/// Condition for a Boolean column.
fn flag_condition(expr: &Arc<dyn PhysicalExpr>, columns: &[&PostgresColumn]) -> Option<String> {
    let column = column_at(expr, columns).filter(|column| column.kind == PgType::Bool)?;
    Some(column.operand())
}

fn render_comparison(
    binary: &BinaryExpr,
    op: Operator,
    columns: &[&PostgresColumn],
) -> Option<String> {
    let (column, value, op) = match column_at(binary.left(), columns) {
        Some(found) => (found, format_literal(binary.right(), found)?, op),
        None => {
            let column = column_at(binary.right(), columns)?;
            (column, format_literal(binary.left(), column)?, op.swap()?)
        }
    };
    let word = match op {
        Operator::Eq => "=",
        Operator::NotEq => "<>",
        Operator::Lt => "<",
        Operator::LtEq => "<=",
        Operator::Gt => ">",
        Operator::GtEq => ">=",
        _ => return None,
    };
    // The engine compares texts by their bytes. A collation of the database may treat different texts as equal, which only returns
    // additional rows for an equality.
    let text = matches!(column.kind, PgType::Text | PgType::AsText);
    let collation = if text && op != Operator::Eq {
        " COLLATE \"C\""
    } else {
        ""
    };
    Some(format!("{}{collation} {word} {value}", column.operand()))
}

fn column_at<'c>(
    expr: &Arc<dyn PhysicalExpr>,
    columns: &[&'c PostgresColumn],
) -> Option<&'c PostgresColumn> {
    let column = expr.downcast_ref::<Column>()?;
    columns.get(column.index()).copied()
}

/// Literal that the database compares as the engine does.
fn format_literal(expr: &Arc<dyn PhysicalExpr>, column: &PostgresColumn) -> Option<String> {
    render_value(expr.downcast_ref::<Literal>()?.value(), column)
}

fn render_value(value: &ScalarValue, column: &PostgresColumn) -> Option<String> {
    match (column.kind, value) {
        (
            PgType::Text | PgType::AsText,
            ScalarValue::Utf8(Some(value)) | ScalarValue::Utf8View(Some(value)),
        ) => (!value.contains('\0')).then(|| quote_text(value)),
        (PgType::Int, ScalarValue::Int64(Some(value))) => Some(format!("'{value}'::int8")),
        // The engine sorts -0 before 0, whereas the database treats them as equal.
        (PgType::Numeric { .. }, ScalarValue::Decimal128(Some(units), precision, scale)) => {
            let scale = u8::try_from(*scale).ok()?;
            let kind = DecimalType::new(*precision, scale)?;
            Some(format!("'{}'::numeric", kind.format_units(*units)))
        }
        (PgType::Float, ScalarValue::Float64(Some(value))) => {
            let plain = value.is_finite() && !(*value == 0.0 && value.is_sign_negative());
            plain.then(|| format!("'{value:?}'::float8"))
        }
        (PgType::Bool, ScalarValue::Boolean(Some(value))) => Some(value.to_string()),
        (PgType::Date, ScalarValue::Date32(Some(days))) => {
            let day = jiff::civil::date(1970, 1, 1)
                .checked_add(jiff::Span::new().try_days(i64::from(*days)).ok()?)
                .ok()?;
            (day.year() > 0).then(|| format!("'{day}'::date"))
        }
        (PgType::Instant, ScalarValue::TimestampMicrosecond(Some(micros), _)) => {
            let at = jiff::Timestamp::from_microsecond(*micros).ok()?;
            let plain = at.to_zoned(jiff::tz::TimeZone::UTC).year() > 0;
            plain.then(|| format!("'{at}'::timestamptz"))
        }
        _ => None,
    }
}

/// Maximum number of values in a translated list.
const MOST: usize = 1_000;
