//! Time precision that a question needs of a time column. A participant that shows buckets has no finer values: its rows would be
//! silently missing from a condition, or counted at the start of a bucket.

use crate::sql::cube_rewrite::time_dimension::{self, BucketEdge, TimeTruncation};
use datafusion::arrow::datatypes::{DataType, TimeUnit};
use datafusion::common::{Column, ScalarValue};
use datafusion::logical_expr::expr::Between;
use datafusion::logical_expr::simplify::SimplifyContext;
use datafusion::logical_expr::{BinaryExpr, Expr, Operator};
use datafusion::optimizer::simplify_expressions::ExprSimplifier;
use hansa_catalog::dataset::{ColumnType, Dataset};
use hansa_catalog::query_view::ViewShape;
use hansa_policy::effect::{CubeDimension, Effect, EffectKind};
use hansa_policy::id::{ClauseId, SqlIdentifier};
use hansa_policy::value::time::TimeBucketWidth;
use std::collections::BTreeMap;

/// Use of a time column.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum TimePrecision {
    /// Exact value.
    Value,
    /// Presence of a value.
    There,
    /// Time unit that contains the value.
    Cut(TimeTruncation),
    /// Comparison with this instant, in microseconds.
    Before(i64),
}

impl TimePrecision {
    /// Checks that a bucketed column gives the same result as the original values.
    pub(super) fn sees_buckets_alone(&self, shown: &CubeDimension, kind: ColumnType) -> bool {
        let date = kind == ColumnType::Date;
        match self {
            Self::Value => false,
            Self::There => true,
            Self::Cut(cut) => cut.is_of(shown, date),
            Self::Before(micros) => {
                let edge = if date {
                    if micros.rem_euclid(DAY) != 0 {
                        return false;
                    }
                    let days = i32::try_from(micros.div_euclid(DAY)).ok();
                    time_dimension::bucket_edge(&ScalarValue::Date32(days), 0, shown)
                } else {
                    let instant = ScalarValue::TimestampMicrosecond(Some(*micros), None);
                    time_dimension::bucket_edge(&instant, 0, shown)
                };
                matches!(edge, Some(BucketEdge::On))
            }
        }
    }
}

/// Columns of which the rows show buckets. Columns of cells are not included: the provider checks a question against their edges.
pub(super) fn bucketed_columns(
    entry: &Dataset,
    shape: &ViewShape,
    effects: &[Effect],
) -> BTreeMap<SqlIdentifier, (ClauseId, CubeDimension)> {
    if matches!(shape, ViewShape::Cube { .. }) {
        return BTreeMap::new();
    }
    let found = effects.iter().filter_map(|effect| {
        let EffectKind::CoarsenTime {
            column,
            bucket,
            zone,
        } = &effect.kind
        else {
            return None;
        };
        let mut columns = entry.columns.iter();
        let kind = columns.find(|one| one.name == *column)?.kind;
        // A date is a bucket of this width by itself.
        let is_whole = kind == ColumnType::Date
            && matches!(
                bucket,
                TimeBucketWidth::QuarterHour | TimeBucketWidth::Hour | TimeBucketWidth::Day
            );
        let dimension = CubeDimension {
            column: column.clone(),
            bucket: Some(*bucket),
            zone: zone.clone(),
        };
        (!is_whole).then(|| (column.clone(), (effect.clause, dimension)))
    });
    found.collect()
}

const DAY: i64 = 86_400_000_000;

/// Column of an expression and the precision it needs, if it uses no other column and not the exact value.
pub(super) fn required_time_precision(expr: &Expr) -> Option<(&Column, Vec<TimePrecision>)> {
    match expr {
        Expr::IsNull(inner) | Expr::IsNotNull(inner) => match inner.as_ref() {
            Expr::Column(column) => Some((column, vec![TimePrecision::There])),
            _ => None,
        },
        Expr::BinaryExpr(BinaryExpr { left, op, right }) => {
            let one_way = compared_column(left).zip(evaluate_constant(right));
            let ((column, unit), value, op) = match one_way {
                Some((seen, value)) => (seen, value, *op),
                None => (
                    compared_column(right)?,
                    evaluate_constant(left)?,
                    op.swap()?,
                ),
            };
            Some((column, vec![comparison_precision(&value, unit, op)?]))
        }
        Expr::Between(Between {
            expr, low, high, ..
        }) => {
            let (column, unit) = compared_column(expr)?;
            let low = comparison_precision(&evaluate_constant(low)?, unit, Operator::GtEq)?;
            let high = comparison_precision(&evaluate_constant(high)?, unit, Operator::LtEq)?;
            Some((column, vec![low, high]))
        }
        Expr::AggregateFunction(call) => {
            let params = &call.params;
            let counts = call.func.name() == "count" && !params.distinct && params.filter.is_none();
            match params.args.as_slice() {
                [Expr::Column(column)] if counts => Some((column, vec![TimePrecision::There])),
                _ => None,
            }
        }
        Expr::Cast(cast) if *cast.field.data_type() == DataType::Date32 => {
            let (column, zone) = time_dimension::column_in_zone(&cast.expr)?;
            Some((column, vec![truncation_precision("day", zone)]))
        }
        Expr::ScalarFunction(call) if call.func.name() == "date_part" => {
            let [part, of_what] = call.args.as_slice() else {
                return None;
            };
            let (column, zone) = time_dimension::column_in_zone(of_what)?;
            let part = time_dimension::literal_text(part)?.to_ascii_lowercase();
            let (_, unit) = PARTS.iter().find(|(known, _)| *known == part)?;
            Some((column, vec![truncation_precision(unit, zone)]))
        }
        other => {
            let (column, cut) = time_dimension::truncated_column(other)?;
            Some((column, vec![TimePrecision::Cut(cut)]))
        }
    }
}

fn truncation_precision(unit: &str, zone: Option<&str>) -> TimePrecision {
    TimePrecision::Cut(TimeTruncation {
        unit: Some(unit.to_owned()),
        zone: zone.map(str::to_owned),
    })
}

/// Date parts and the time unit that they need.
const PARTS: [(&str, &str); 8] = [
    ("year", "year"),
    ("quarter", "quarter"),
    ("month", "month"),
    ("week", "week"),
    ("day", "day"),
    ("dow", "day"),
    ("doy", "day"),
    ("hour", "hour"),
];

/// Precision of a comparison: the instant that separates the results.
fn comparison_precision(
    value: &ScalarValue,
    unit: Option<i64>,
    op: Operator,
) -> Option<TimePrecision> {
    // A bare column has the type of the literal.
    let (micros, step) = match value {
        ScalarValue::Date32(Some(days)) => (i64::from(*days).checked_mul(DAY)?, DAY),
        ScalarValue::TimestampMicrosecond(Some(micros), _) => (*micros, 1),
        // A column that is compared with a text is first converted to this precision.
        ScalarValue::TimestampNanosecond(Some(nanos), _) if nanos % 1_000 == 0 => {
            (nanos.div_euclid(1_000), 1)
        }
        _ => return None,
    };
    if unit.is_some_and(|unit| unit != step) {
        return None;
    }
    let steps = match op {
        Operator::GtEq | Operator::Lt => 0,
        Operator::Gt | Operator::LtEq => step,
        _ => return None,
    };
    Some(TimePrecision::Before(micros.checked_add(steps)?))
}

/// Column that is compared directly, or after a cast to a timestamp or a UTC day. The cast has a step in microseconds.
fn compared_column(expr: &Expr) -> Option<(&Column, Option<i64>)> {
    match expr {
        Expr::Column(column) => Some((column, None)),
        Expr::Cast(cast) => {
            let Expr::Column(column) = cast.expr.as_ref() else {
                return None;
            };
            match cast.field.data_type() {
                DataType::Date32 => Some((column, Some(DAY))),
                DataType::Timestamp(TimeUnit::Microsecond | TimeUnit::Nanosecond, zone)
                    if zone
                        .as_deref()
                        .is_none_or(|zone| matches!(zone, "UTC" | "+00:00")) =>
                {
                    Some((column, Some(1)))
                }
                _ => None,
            }
        }
        _ => None,
    }
}

/// Value of an expression without columns.
fn evaluate_constant(expr: &Expr) -> Option<ScalarValue> {
    if expr.any_column_refs() {
        return None;
    }
    let context = SimplifyContext::builder().build();
    match ExprSimplifier::new(context).simplify(expr.clone()) {
        Ok(Expr::Literal(value, _)) => Some(value),
        _ => None,
    }
}
