//! Time dimensions: which bucket expressions are unions of cells, and where the edges of cells are.

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

/// Whether the stored column is a calendar date.
pub(super) fn is_date(named: &NamedTable, column: &str) -> bool {
    named
        .stored
        .fields()
        .iter()
        .any(|field| field.name() == column && *field.data_type() == DataType::Date32)
}

/// The dimension whose cells the expression is a union of, where it is one: `date_trunc('day', at)` over hours.
pub(super) fn union_of_cells<'a>(
    expr: &Expr,
    base: &'a CubeBaseTable<'_>,
) -> Option<&'a CubeDimension> {
    let (column, cut) = truncated_column(expr)?;
    let dimension = base.dimension(&column.name)?;
    let date = is_date(base.named, &column.name);
    cut.is_of(dimension, date).then_some(dimension)
}

/// A column of time that is cut to a unit of time.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct TimeTruncation {
    /// The unit, as `date_trunc` takes it; absent: a quarter of an hour.
    pub(crate) unit: Option<String>,
    /// The zone, unless it is UTC.
    pub(crate) zone: Option<String>,
}

/// The column that the expression cuts, and to what.
pub(crate) fn truncated_column(expr: &Expr) -> Option<(&Column, TimeTruncation)> {
    let Expr::ScalarFunction(call) = expr else {
        return None;
    };
    let [width, of] = call.args.as_slice() else {
        return None;
    };
    let (column, zone) = column_in_zone(of)?;
    let unit = match call.func.name() {
        "date_trunc" => Some(text(width)?.to_ascii_lowercase()),
        "date_bin" if quarters(width) => None,
        _ => return None,
    };
    let zone = zone.map(str::to_owned);
    Some((column, TimeTruncation { unit, zone }))
}

impl TimeTruncation {
    /// Whether what is cut so is made of whole buckets of the dimension, of dates or of instants.
    pub(crate) fn is_of(&self, dimension: &CubeDimension, date: bool) -> bool {
        // A date that has no bucket is a day as it stands.
        let by_day = date.then_some(TimeBucketWidth::Day);
        let Some(fine) = dimension.bucket.or(by_day) else {
            return false;
        };
        match &self.unit {
            Some(unit) => {
                nests(fine, unit, date) && zone_fits(dimension, fine, date, self.zone.as_deref())
            }
            None => !date && fine == TimeBucketWidth::QuarterHour && self.zone.is_none(),
        }
    }
}

/// Days and longer begin where the dimension says. Hours and quarters begin in UTC whatever the zone, and days of each zone whose hours
/// begin with those of UTC are made of them.
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

fn nests(fine: TimeBucketWidth, unit: &str, date: bool) -> bool {
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

/// The column under a cast to a zone, and the zone, unless it is UTC.
///
/// A named zone stands directly over the column: below another cast it would not be what decides where a day begins, and
/// over one it would take a local time for an instant.
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

fn quarters(width: &Expr) -> bool {
    matches!(
        width,
        Expr::Literal(ScalarValue::IntervalMonthDayNano(Some(interval)), _)
            if interval.months == 0 && interval.days == 0 && interval.nanoseconds == 900_000_000_000
    )
}

/// The text that a literal is.
pub(crate) fn text(expr: &Expr) -> Option<&str> {
    match expr {
        Expr::Literal(value, _) => value.try_as_str().flatten(),
        _ => None,
    }
}

/// Where a literal lies among the edges of a dimension's cells.
pub(crate) enum BucketEdge {
    /// On one.
    On,
    /// Between these two, as one would write them.
    Between(String, String),
}

/// `value` plus so many of its smallest steps, against the edges.
pub(crate) fn edge(
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
            let (start, next) = bucket::bounds(at, width, &zone);
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
            Some(BucketEdge::Between(date(start)?, date(next)?))
        }
        _ => None,
    }
}

fn date(days: i32) -> Option<String> {
    let micros = i64::from(days).checked_mul(86_400_000_000)?;
    let shown = UtcTimestamp::from_micros(micros).ok()?.to_string();
    shown.split_once('T').map(|(date, _)| date.to_owned())
}

/// Whether `kind` is that of an instant or a date.
pub(super) const fn is_time(kind: &DataType) -> bool {
    matches!(
        kind,
        DataType::Date32 | DataType::Timestamp(TimeUnit::Microsecond, _)
    )
}
