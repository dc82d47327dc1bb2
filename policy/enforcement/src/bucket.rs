//! Rounding of an instant or a date down to its bucket. It can't fail, so that a mask can't fail, and NULL stays NULL.
//!
//! Buckets of a day or longer begin at civil midnight of the zone, hours and quarter hours in UTC. Instants beyond the years -9999
//! to 9999 are clamped first.

use datafusion_common::arrow::array::{Array, ArrayRef, AsArray, PrimitiveArray};
use datafusion_common::arrow::datatypes::{
    DataType, Date32Type, Field, FieldRef, TimeUnit, TimestampMicrosecondType,
};
use datafusion_common::{Result, ScalarValue, exec_err};
use datafusion_expr::{
    ColumnarValue, Expr, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
    Volatility,
};
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_policy::value::time::TimeBucketWidth;
use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use std::sync::Arc;

/// Expression for `column` rounded down to the start of its bucket.
///
/// # Errors
/// `TERM_ILL_TYPED` for a column that is neither an instant nor a date, or an unknown zone.
pub fn floor_to_bucket(
    column: Expr,
    kind: &DataType,
    bucket: TimeBucketWidth,
    zone: Option<&str>,
) -> Result<Expr, Refusal> {
    let ill_typed = |what: String| Refusal::new(ErrorCode::TermIllTyped, what);
    match kind {
        DataType::Date32 | DataType::Timestamp(TimeUnit::Microsecond, _) => {}
        _ => {
            return Err(ill_typed(
                "a time bucket needs an instant or a date".to_owned(),
            ));
        }
    }
    if let Some(zone) = zone
        && TimeZone::get(zone).is_err()
    {
        return Err(ill_typed(format!("there is no time zone `{zone}`")));
    }
    let floor = BucketFunction {
        bucket,
        zone: zone.map(str::to_owned),
        signature: Signature::any(1, Volatility::Immutable),
    };
    Ok(ScalarUDF::from(floor).call(vec![column]))
}

/// First instant of the bucket that contains `micros`, and first instant of the next bucket.
#[must_use]
pub fn bucket_bounds(micros: i64, bucket: TimeBucketWidth, zone: &TimeZone) -> (i64, i64) {
    let micros = micros.clamp(
        hansa_audit_log::time::UtcTimestamp::EARLIEST.micros(),
        hansa_audit_log::time::UtcTimestamp::LATEST.micros(),
    );
    match bucket {
        TimeBucketWidth::QuarterHour => fixed_width_bounds(micros, 900_000_000),
        TimeBucketWidth::Hour => fixed_width_bounds(micros, 3_600_000_000),
        TimeBucketWidth::Day
        | TimeBucketWidth::Week
        | TimeBucketWidth::Month
        | TimeBucketWidth::Year => civil_bounds(micros, bucket, zone).unwrap_or((micros, micros)),
    }
}

/// First day of the bucket that contains the day `days` after 1970-01-01.
#[must_use]
pub fn first_day(days: i32, bucket: TimeBucketWidth) -> i32 {
    let held = days.clamp(-4_371_587, 2_932_896);
    let floored = || -> Option<i32> {
        let epoch = Date::constant(1970, 1, 1);
        let date = epoch.checked_add(i64::from(held).days()).ok()?;
        let start = start_of(date, bucket)?;
        epoch.until(start).ok().map(|span| span.get_days())
    };
    floored().unwrap_or(held)
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct BucketFunction {
    bucket: TimeBucketWidth,
    zone: Option<String>,
    signature: Signature,
}

impl ScalarUDFImpl for BucketFunction {
    fn name(&self) -> &'static str {
        "bucket"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, arguments: &[DataType]) -> Result<DataType> {
        match arguments {
            [only] => Ok(only.clone()),
            _ => exec_err!("one argument"),
        }
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs<'_>) -> Result<FieldRef> {
        match args.arg_fields {
            [only] => Ok(Arc::new(Field::new(
                self.name(),
                only.data_type().clone(),
                only.is_nullable(),
            ))),
            _ => exec_err!("one argument"),
        }
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        match args.args.as_slice() {
            [ColumnarValue::Array(array)] => Ok(ColumnarValue::Array(self.floor(array)?)),
            [ColumnarValue::Scalar(value)] => {
                let floored = self.floor(&value.to_array()?)?;
                ScalarValue::try_from_array(&floored, 0).map(ColumnarValue::Scalar)
            }
            _ => exec_err!("one argument"),
        }
    }
}

impl BucketFunction {
    fn floor(&self, array: &ArrayRef) -> Result<ArrayRef> {
        match array.data_type() {
            DataType::Date32 => {
                let days = array.as_primitive::<Date32Type>();
                let bucket = self.bucket;
                let made: PrimitiveArray<Date32Type> = days.unary(|day| match bucket {
                    TimeBucketWidth::QuarterHour | TimeBucketWidth::Hour | TimeBucketWidth::Day => {
                        day
                    }
                    TimeBucketWidth::Week | TimeBucketWidth::Month | TimeBucketWidth::Year => {
                        first_day(day, bucket)
                    }
                });
                Ok(Arc::new(made))
            }
            DataType::Timestamp(TimeUnit::Microsecond, zone) => {
                let instants = array.as_primitive::<TimestampMicrosecondType>();
                let within = self
                    .zone
                    .as_deref()
                    .and_then(|name| TimeZone::get(name).ok())
                    .unwrap_or(TimeZone::UTC);
                let last = std::cell::Cell::new((0, 0));
                let made: PrimitiveArray<TimestampMicrosecondType> = instants.unary(|micros| {
                    let (mut start, next) = last.get();
                    if !(start..next).contains(&micros) {
                        last.set(bucket_bounds(micros, self.bucket, &within));
                        start = last.get().0;
                    }
                    start
                });
                Ok(Arc::new(made.with_timezone_opt(zone.clone())))
            }
            _ => exec_err!("an instant or a date"),
        }
    }
}

fn fixed_width_bounds(micros: i64, width: i64) -> (i64, i64) {
    let start = micros.div_euclid(width).saturating_mul(width);
    (start, start.saturating_add(width))
}

fn civil_bounds(micros: i64, bucket: TimeBucketWidth, zone: &TimeZone) -> Option<(i64, i64)> {
    let local = Timestamp::from_microsecond(micros)
        .ok()?
        .to_zoned(zone.clone());
    let start = start_of(local.date(), bucket)?;
    let instant = |date: Date| -> Option<i64> {
        date.to_zoned(zone.clone())
            .ok()
            .map(|zoned| zoned.timestamp().as_microsecond())
    };
    let first = instant(start)?;
    let next = next_bucket_start(start, bucket)
        .and_then(instant)
        .unwrap_or(i64::MAX);
    Some((first, next))
}

fn start_of(date: Date, bucket: TimeBucketWidth) -> Option<Date> {
    match bucket {
        TimeBucketWidth::QuarterHour | TimeBucketWidth::Hour | TimeBucketWidth::Day => Some(date),
        TimeBucketWidth::Week => {
            let past = date.weekday().since(Weekday::Monday);
            date.checked_sub(i64::from(past).days()).ok()
        }
        TimeBucketWidth::Month => Some(date.first_of_month()),
        TimeBucketWidth::Year => Some(date.first_of_year()),
    }
}

fn next_bucket_start(start: Date, bucket: TimeBucketWidth) -> Option<Date> {
    let span = match bucket {
        TimeBucketWidth::QuarterHour | TimeBucketWidth::Hour | TimeBucketWidth::Day => 1.day(),
        TimeBucketWidth::Week => 1.week(),
        TimeBucketWidth::Month => 1.month(),
        TimeBucketWidth::Year => 1.year(),
    };
    start.checked_add(span).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(instant: &str, bucket: TimeBucketWidth, zone: &str, expect: &str) {
        let at: hansa_audit_log::time::UtcTimestamp = instant.parse().unwrap();
        let zone = TimeZone::get(zone).unwrap();
        let (start, next) = bucket_bounds(at.micros(), bucket, &zone);
        assert!(start <= at.micros() && at.micros() < next);
        assert_eq!(
            hansa_audit_log::time::UtcTimestamp::from_micros(start)
                .unwrap()
                .to_string(),
            expect
        );
    }

    #[test]
    fn floors_in_the_zone() {
        check(
            "2026-03-29T12:00:00Z",
            TimeBucketWidth::Day,
            "UTC",
            "2026-03-29T00:00:00Z",
        );
        check(
            "2026-03-29T12:00:00Z",
            TimeBucketWidth::Day,
            "Europe/Berlin",
            "2026-03-28T23:00:00Z",
        );
        check(
            "2026-03-30T12:00:00Z",
            TimeBucketWidth::Day,
            "Europe/Berlin",
            "2026-03-29T22:00:00Z",
        );
        check(
            "2026-10-25T00:30:00Z",
            TimeBucketWidth::Hour,
            "Europe/Berlin",
            "2026-10-25T00:00:00Z",
        );
        check(
            "2026-11-20T08:10:26Z",
            TimeBucketWidth::QuarterHour,
            "UTC",
            "2026-11-20T08:00:00Z",
        );
        check(
            "2026-11-20T08:10:26Z",
            TimeBucketWidth::Week,
            "UTC",
            "2026-11-16T00:00:00Z",
        );
        check(
            "2026-11-20T08:10:26Z",
            TimeBucketWidth::Month,
            "America/Toronto",
            "2026-11-01T04:00:00Z",
        );
        check(
            "2026-11-20T08:10:26Z",
            TimeBucketWidth::Year,
            "UTC",
            "2026-01-01T00:00:00Z",
        );
        check(
            "1969-12-31T23:59:59Z",
            TimeBucketWidth::QuarterHour,
            "UTC",
            "1969-12-31T23:45:00Z",
        );
    }

    #[test]
    fn is_total() {
        for micros in [i64::MIN, i64::MAX, 0, -1] {
            for bucket in [
                TimeBucketWidth::QuarterHour,
                TimeBucketWidth::Hour,
                TimeBucketWidth::Day,
                TimeBucketWidth::Week,
                TimeBucketWidth::Month,
                TimeBucketWidth::Year,
            ] {
                let _ = bucket_bounds(micros, bucket, &TimeZone::get("Europe/Berlin").unwrap());
            }
        }
        for days in [i32::MIN, i32::MAX, 0, -1] {
            let _ = first_day(days, TimeBucketWidth::Year);
        }
        assert_eq!(first_day(0, TimeBucketWidth::Week), -3);
    }
}
