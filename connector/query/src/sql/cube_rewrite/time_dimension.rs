//! Time dimensions: bucket expressions that are unions of cells, and the boundaries of cells.

use super::CubeBaseTable;
use arrow_schema::{DataType, TimeUnit};
use datafusion_common::{Column, ScalarValue};
use datafusion_expr::Expr;
use datafusion_expr::expr::Cast;
use hansa_audit_log::time::{UtcTimestamp, keeps_hours};
use hansa_enforcement::bucket;
use hansa_enforcement::table_source::NamedTable;
use hansa_policy::effect::CubeDimension;
use hansa_policy::value::time::TimeBucketWidth;
use jiff::tz::TimeZone;

/// Checks that the stored column is a date.
pub(super) fn is_date(named: &NamedTable, column: &str) -> bool {
    named
        .stored
        .fields()
        .iter()
        .any(|field| field.name() == column && *field.data_type() == DataType::Date32)
}

/// Dimension of which the expression is a union of cells, if there is one: `date_trunc('day', at)` over hours.
pub(super) fn union_of_cells<'a>(
    expr: &Expr,
    base: &'a CubeBaseTable<'_>,
) -> Option<&'a CubeDimension> {
    let (column, cut) = truncated_column(expr)?;
    let dimension = base.dimension(&column.name)?;
    let date = is_date(base.named, &column.name);
    cut.is_of(dimension, date).then_some(dimension)
}

/// Truncation of a time column to a unit.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct TimeTruncation {
    /// Unit as an argument of `date_trunc`; a quarter of an hour if absent.
    pub(crate) unit: Option<String>,
    /// Time zone, if it is not UTC.
    pub(crate) zone: Option<String>,
}

/// Column that the expression truncates, with the truncation.
pub(crate) fn truncated_column(expr: &Expr) -> Option<(&Column, TimeTruncation)> {
    let Expr::ScalarFunction(call) = expr else {
        return None;
    };
    let [width, of] = call.args.as_slice() else {
        return None;
    };
    let (column, zone) = column_in_zone(of)?;
    let unit = match call.func.name() {
        "date_trunc" => Some(literal_text(width)?.to_ascii_lowercase()),
        "date_bin" if is_quarter_hour(width) => None,
        _ => return None,
    };
    let zone = zone.map(str::to_owned);
    Some((column, TimeTruncation { unit, zone }))
}

impl TimeTruncation {
    /// Checks that the truncated values consist of complete buckets of the dimension, for dates or timestamps.
    pub(crate) fn is_of(&self, dimension: &CubeDimension, date: bool) -> bool {
        // A date without a bucket is a day.
        let by_day = date.then_some(TimeBucketWidth::Day);
        let Some(fine) = dimension.bucket.or(by_day) else {
            return false;
        };
        match &self.unit {
            Some(unit) => {
                nests_within_unit(fine, unit, date)
                    && zone_fits(dimension, fine, date, self.zone.as_deref())
            }
            None => !date && fine == TimeBucketWidth::QuarterHour && self.zone.is_none(),
        }
    }
}

/// Checks the time zone. Days and longer units start in the zone of the dimension. Hours and quarters of an hour start in UTC in
/// any zone, and days of zones whose hours start with those of UTC consist of them.
fn zone_fits(
    dimension: &CubeDimension,
    fine: TimeBucketWidth,
    date: bool,
    zone: Option<&str>,
) -> bool {
    let own = dimension.zone.as_deref().filter(|zone| *zone != "UTC");
    match fine {
        _ if date => zone.is_none(),
        TimeBucketWidth::QuarterHour | TimeBucketWidth::Hour => zone.is_none_or(keeps_hours),
        TimeBucketWidth::Day
        | TimeBucketWidth::Week
        | TimeBucketWidth::Month
        | TimeBucketWidth::Year => own == zone,
    }
}

fn nests_within_unit(fine: TimeBucketWidth, unit: &str, date: bool) -> bool {
    let coarser = match fine {
        TimeBucketWidth::QuarterHour | TimeBucketWidth::Hour if date => return false,
        TimeBucketWidth::QuarterHour | TimeBucketWidth::Hour => {
            &["hour", "day", "week", "month", "quarter", "year"][..]
        }
        TimeBucketWidth::Day => &["day", "week", "month", "quarter", "year"][..],
        TimeBucketWidth::Week => &["week"][..],
        TimeBucketWidth::Month => &["month", "quarter", "year"][..],
        TimeBucketWidth::Year => &["year"][..],
    };
    coarser.contains(&unit)
}

/// Column below a cast to a time zone, and the zone if it is not UTC.
///
/// A named zone must be the only cast: below another cast it would not determine the day boundaries, and above another cast it
/// would treat a local time as an instant.
pub(crate) fn column_in_zone(expr: &Expr) -> Option<(&Column, Option<&str>)> {
    match expr {
        Expr::Column(column) => Some((column, None)),
        Expr::Cast(Cast { expr: inner, field }) => {
            let DataType::Timestamp(_, zone) = field.data_type() else {
                return None;
            };
            let zone = zone
                .as_deref()
                .filter(|zone| !matches!(*zone, "UTC" | "+00:00"));
            match (column_in_zone(inner)?, zone) {
                ((_, Some(_)), _) => None,
                ((_, None), Some(_)) if !matches!(**inner, Expr::Column(_)) => None,
                ((column, None), zone) => Some((column, zone)),
            }
        }
        _ => None,
    }
}

fn is_quarter_hour(width: &Expr) -> bool {
    matches!(
        width,
        Expr::Literal(ScalarValue::IntervalMonthDayNano(Some(interval)), _)
            if interval.months == 0 && interval.days == 0 && interval.nanoseconds == 900_000_000_000
    )
}

/// Content of a text literal.
pub(crate) fn literal_text(expr: &Expr) -> Option<&str> {
    match expr {
        Expr::Literal(value, _) => value.try_as_str().flatten(),
        _ => None,
    }
}

/// Position of a literal relative to the boundaries of a dimension's cells.
pub(crate) enum BucketEdge {
    /// On a boundary.
    On,
    /// Between these two boundaries, in the notation of SQL.
    Between(String, String),
}

/// Position of `value` plus `steps` of its smallest units relative to the boundaries.
pub(crate) fn bucket_edge(
    value: &ScalarValue,
    steps: i64,
    dimension: &CubeDimension,
) -> Option<BucketEdge> {
    let width = dimension.bucket?;
    match value {
        ScalarValue::TimestampMicrosecond(Some(micros), _) => {
            let at = micros.saturating_add(steps);
            let zone = dimension
                .zone
                .as_deref()
                .and_then(|zone| TimeZone::get(zone).ok())
                .unwrap_or(TimeZone::UTC);
            let (start, next) = bucket::bucket_bounds(at, width, &zone);
            if start == at {
                return Some(BucketEdge::On);
            }
            let shown = |micros: i64| {
                UtcTimestamp::from_micros(micros)
                    .map(|time| time.to_string())
                    .ok()
            };
            Some(BucketEdge::Between(shown(start)?, shown(next)?))
        }
        ScalarValue::Date32(Some(days)) => {
            let at = i32::try_from(i64::from(*days).saturating_add(steps)).ok()?;
            let start = bucket::first_day(at, width);
            if start == at {
                return Some(BucketEdge::On);
            }
            let next = (1..=370)
                .filter_map(|ahead| start.checked_add(ahead))
                .find(|day| bucket::first_day(*day, width) != start)?;
            Some(BucketEdge::Between(format_date(start)?, format_date(next)?))
        }
        _ => None,
    }
}

fn format_date(days: i32) -> Option<String> {
    let micros = i64::from(days).checked_mul(86_400_000_000)?;
    let shown = UtcTimestamp::from_micros(micros).ok()?.to_string();
    shown.split_once('T').map(|(date, _)| date.to_owned())
}

/// Checks for the type of a timestamp or a date.
pub(super) const fn is_time(kind: &DataType) -> bool {
    matches!(
        kind,
        DataType::Date32 | DataType::Timestamp(TimeUnit::Microsecond, _)
    )
}
