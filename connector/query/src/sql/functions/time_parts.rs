//! Extraction, truncation and binning of times, where the engine's functions are wrong or limited.

use crate::engine_error;
use crate::sql::refused_construct::not_allowed;
use datafusion::arrow::array::{
    Array, ArrayRef, AsArray, Float64Array, Int64Array, TimestampMicrosecondArray,
};
use datafusion::arrow::compute::{DatePart, cast, date_part};
use datafusion::arrow::datatypes::{
    DataType, Field, FieldRef, Float64Type, Int32Type, TimeUnit, TimestampMicrosecondType,
};
use datafusion::arrow::error::ArrowError;
use datafusion_common::{Result, ScalarValue, exec_err};
use datafusion_expr::preimage::PreimageResult;
use datafusion_expr::simplify::SimplifyContext;
use datafusion_expr::{
    ColumnarValue, Expr, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
    Volatility,
};
use hansa_policy::refusal::{ErrorCode, Refusal};
use std::sync::Arc;

/// Replacement of `function`, if it is one of these.
pub(super) fn adapt_function(function: &Arc<ScalarUDF>) -> Arc<ScalarUDF> {
    match function.name() {
        "date_part" => Arc::new(ScalarUDF::from(DatePartFunction(Arc::clone(function)))),
        "date_trunc" => Arc::new(ScalarUDF::from(DateTruncFunction {
            engine: Arc::clone(function),
            signature: Signature::user_defined(Volatility::Immutable),
        })),
        "date_bin" => Arc::new(ScalarUDF::from(DateBinFunction(Arc::clone(function)))),
        _ => Arc::clone(function),
    }
}

/// Extraction of time parts with their fractions, as in PostgreSQL. The engine truncates fractions, and its parts of an interval
/// overlap: 25 hours have 25 hours and one day.
#[derive(Debug, PartialEq, Eq, Hash)]
struct DatePartFunction(Arc<ScalarUDF>);

/// Part with a fraction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum FractionalPart {
    Seconds,
    Milliseconds,
    Microseconds,
    /// Seconds since 1970, or of an interval between two instants.
    Epoch,
}

impl FractionalPart {
    fn of_name(part: &str) -> Option<Self> {
        Some(match part_name(part).as_str() {
            "s" | "sec" | "secs" | "second" | "seconds" => Self::Seconds,
            "ms" | "msec" | "msecs" | "msecond" | "mseconds" | "millisecon" | "millisecond"
            | "milliseconds" => Self::Milliseconds,
            "epoch" => Self::Epoch,
            "us" | "usec" | "usecs" | "usecond" | "useconds" | "microsecon" | "microsecond"
            | "microseconds" => Self::Microseconds,
            _ => return None,
        })
    }

    const fn kind(self) -> DataType {
        match self {
            Self::Seconds | Self::Milliseconds | Self::Epoch => DataType::Float64,
            Self::Microseconds => DataType::Int64,
        }
    }

    /// Part of times; 0 for dates, except for the epoch.
    fn extract_part(self, times: &ArrayRef) -> Result<ArrayRef> {
        if self == Self::Epoch {
            return epoch_seconds(times);
        }
        let micros: Int64Array = match times.data_type() {
            DataType::Date32 | DataType::Date64 => {
                let days = (0..times.len()).map(|row| times.is_valid(row).then_some(0));
                days.collect()
            }
            _ => {
                let seconds = date_part(times.as_ref(), DatePart::Second)?;
                let nanos = date_part(times.as_ref(), DatePart::Nanosecond)?;
                let both = seconds
                    .as_primitive::<Int32Type>()
                    .iter()
                    .zip(nanos.as_primitive::<Int32Type>().iter());
                both.map(|(seconds, nanos)| {
                    let seconds = i64::from(seconds?).saturating_mul(1_000_000);
                    Some(seconds.saturating_add(i64::from(nanos?).div_euclid(1_000)))
                })
                .collect()
            }
        };
        // At most eight digits are exact as a floating-point number, so the quotient is the number nearest to the decimal.
        let divided = |by: f64| -> Float64Array {
            micros.unary(|micros| i32::try_from(micros).map_or(f64::NAN, f64::from) / by)
        };
        Ok(match self {
            Self::Seconds | Self::Epoch => Arc::new(divided(1e6)),
            Self::Milliseconds => Arc::new(divided(1e3)),
            Self::Microseconds => Arc::new(micros),
        })
    }
}

/// Seconds with the fraction, which the engine drops for intervals.
fn epoch_seconds(times: &ArrayRef) -> Result<ArrayRef> {
    let unit = match times.data_type() {
        DataType::Timestamp(unit, _) | DataType::Duration(unit) => *unit,
        DataType::Date32 => TimeUnit::Second,
        _ => return exec_err!("seconds of a time of another type"),
    };
    let each = match times.data_type() {
        DataType::Date32 => 86_400.0,
        _ => 1.0,
    };
    let (bare, by) = match unit {
        TimeUnit::Second => (DataType::Int64, 1.0),
        TimeUnit::Millisecond => (DataType::Int64, 1e3),
        TimeUnit::Microsecond => (DataType::Int64, 1e6),
        TimeUnit::Nanosecond => (DataType::Int64, 1e9),
    };
    let numbers = cast(cast(times, &bare)?.as_ref(), &DataType::Float64)?;
    let numbers = numbers.as_primitive::<Float64Type>();
    let seconds: Float64Array = numbers.unary(|number| number * each / by);
    Ok(Arc::new(seconds))
}

fn text_of(value: Option<&ScalarValue>) -> Option<&str> {
    value.and_then(|value| value.try_as_str().flatten())
}

impl ScalarUDFImpl for DatePartFunction {
    fn name(&self) -> &str {
        self.0.name()
    }

    fn aliases(&self) -> &[String] {
        self.0.aliases()
    }

    fn signature(&self) -> &Signature {
        self.0.signature()
    }

    fn return_type(&self, arguments: &[DataType]) -> Result<DataType> {
        self.0.return_type(arguments)
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs<'_>) -> Result<FieldRef> {
        let part = text_of(args.scalar_arguments.first().copied().flatten());
        let kind = args.arg_fields.get(1).map(|field| field.data_type());
        let is_epoch = part.is_some_and(|part| part.eq_ignore_ascii_case("epoch"));
        let is_span = matches!(kind, Some(DataType::Duration(_) | DataType::Interval(_)));
        let counts_months = matches!(kind, Some(DataType::Interval(_)));
        if is_span && (!is_epoch || counts_months) {
            let refusal = not_allowed("a part of a span of time");
            let help = "take extract(epoch FROM a - b) of two instants: the seconds between them, to be divided by 60, 3600 or 86400";
            return Err(engine_error::wrap_refusal(refusal.with_help(help)));
        }
        if part.is_some_and(is_nanosecond) {
            let refusal = not_allowed("the part `nanosecond` of a time");
            let help = "times have microseconds: take `microsecond`";
            return Err(engine_error::wrap_refusal(refusal.with_help(help)));
        }
        if let Some(part) = part
            && FractionalPart::of_name(part).is_none()
            && !PARTS.split(' ').any(|known| part_name(part) == known)
        {
            return Err(engine_error::wrap_refusal(no_part(part, PARTS)));
        }
        let Some(part) = part.and_then(FractionalPart::of_name) else {
            return self.0.return_field_from_args(args);
        };
        let nullable = args.arg_fields.iter().any(|field| field.is_nullable());
        Ok(Arc::new(Field::new(self.name(), part.kind(), nullable)))
    }

    fn coerce_types(&self, arguments: &[DataType]) -> Result<Vec<DataType>> {
        self.0.coerce_types(arguments)
    }

    fn preimage(
        &self,
        args: &[Expr],
        literal: &Expr,
        info: &SimplifyContext,
    ) -> Result<PreimageResult> {
        // The engine numbers years before year 1 differently.
        let is_late = |number: &ScalarValue| {
            let number = number.cast_to(&DataType::Int64).ok();
            matches!(number, Some(ScalarValue::Int64(Some(1..))))
        };
        if !literal.as_literal().is_some_and(is_late) {
            return Ok(PreimageResult::None);
        }
        self.0.preimage(args, literal, info)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let name = match args.args.first() {
            Some(ColumnarValue::Scalar(part)) => text_of(Some(part)).map(part_name),
            _ => None,
        };
        let part = name.as_deref().and_then(FractionalPart::of_name);
        let (Some(part), Some(times)) = (part, args.args.get(1)) else {
            let parts = self.0.invoke_with_args(args)?;
            return match name.as_deref() {
                Some("year" | "years" | "isoyear") => leave_out_year_zero(parts),
                _ => Ok(parts),
            };
        };
        if part == FractionalPart::Epoch
            && !matches!(
                times.data_type(),
                DataType::Timestamp(_, _) | DataType::Duration(_) | DataType::Date32
            )
        {
            return self.0.invoke_with_args(args);
        }
        match times {
            ColumnarValue::Array(times) => part.extract_part(times).map(ColumnarValue::Array),
            ColumnarValue::Scalar(time) => {
                let made = part.extract_part(&time.to_array()?)?;
                ScalarValue::try_from_array(&made, 0).map(ColumnarValue::Scalar)
            }
        }
    }
}

/// Converts astronomical years to historical ones: the year before year 1 is -1, as in PostgreSQL.
fn leave_out_year_zero(years: ColumnarValue) -> Result<ColumnarValue> {
    let count = |year: i32| {
        if year < 1 {
            year.saturating_sub(1)
        } else {
            year
        }
    };
    match years {
        ColumnarValue::Array(years) => match years.as_primitive_opt::<Int32Type>() {
            Some(years) => Ok(ColumnarValue::Array(Arc::new(
                years.unary::<_, Int32Type>(count),
            ))),
            None => exec_err!("a year is an integer"),
        },
        ColumnarValue::Scalar(ScalarValue::Int32(year)) => {
            Ok(ColumnarValue::Scalar(ScalarValue::Int32(year.map(count))))
        }
        ColumnarValue::Scalar(ScalarValue::Null) => Ok(ColumnarValue::Scalar(ScalarValue::Null)),
        ColumnarValue::Scalar(_) => exec_err!("a year is an integer"),
    }
}

/// Other parts of a time.
const PARTS: &str = "\
    year years isoyear quarter qtr month months week weeks day days hour hours minute minutes dow isodow doy";

/// Units for truncation.
const UNITS: &str = "year quarter month week day hour minute second millisecond microsecond";

fn part_name(part: &str) -> String {
    part.trim_matches(['\'', '"']).to_ascii_lowercase()
}

fn no_part(part: &str, known: &str) -> Refusal {
    let sentence = format!("a time has no part `{}`", part.escape_debug());
    let help = format!("there are {}", known.replace(' ', ", "));
    Refusal::new(ErrorCode::SqlInvalid, sentence).with_help(help)
}

fn is_nanosecond(part: &str) -> bool {
    matches!(
        part_name(part).as_str(),
        "ns" | "nsec"
            | "nsecs"
            | "nsecond"
            | "nseconds"
            | "nanosecon"
            | "nanosecond"
            | "nanoseconds"
    )
}

/// Truncation of dates with microseconds. The engine uses nanoseconds, which can't represent the year 2300.
#[derive(Debug, PartialEq, Eq, Hash)]
struct DateTruncFunction {
    engine: Arc<ScalarUDF>,
    signature: Signature,
}

impl ScalarUDFImpl for DateTruncFunction {
    fn name(&self) -> &str {
        self.engine.name()
    }

    fn aliases(&self) -> &[String] {
        self.engine.aliases()
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, arguments: &[DataType]) -> Result<DataType> {
        self.engine.return_type(arguments)
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs<'_>) -> Result<FieldRef> {
        let unit = text_of(args.scalar_arguments.first().copied().flatten());
        if let Some(unit) = unit
            && !UNITS.split(' ').any(|known| part_name(unit) == known)
        {
            return Err(engine_error::wrap_refusal(no_part(unit, UNITS)));
        }
        self.engine.return_field_from_args(args)
    }

    fn coerce_types(&self, arguments: &[DataType]) -> Result<Vec<DataType>> {
        let [part, time] = arguments else {
            return exec_err!("date_trunc takes a part and a time");
        };
        if !part.is_string() && !part.is_null() {
            return exec_err!("date_trunc takes the name of a part first");
        }
        let micros = DataType::Timestamp(TimeUnit::Microsecond, None);
        let time = match time {
            DataType::Date32 | DataType::Date64 | DataType::Null => micros,
            text if text.is_string() => micros,
            time @ (DataType::Timestamp(_, _) | DataType::Time32(_) | DataType::Time64(_)) => {
                time.clone()
            }
            _ => return exec_err!("date_trunc takes a time"),
        };
        let part = match part {
            DataType::Null => DataType::Utf8,
            part => part.clone(),
        };
        Ok(vec![part, time])
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let unit = match args.args.first() {
            Some(ColumnarValue::Scalar(part)) => {
                text_of(Some(part)).and_then(TruncationUnit::of_name)
            }
            _ => None,
        };
        let (Some(unit), Some(time)) = (unit, args.args.get(1)) else {
            return self.engine.invoke_with_args(args);
        };
        match (time, time.data_type()) {
            (_, DataType::Timestamp(TimeUnit::Microsecond, Some(zone))) if !is_utc(&zone) => {
                self.engine.invoke_with_args(args)
            }
            (ColumnarValue::Array(times), DataType::Timestamp(TimeUnit::Microsecond, zone)) => {
                let times = times.as_primitive::<TimestampMicrosecondType>();
                let begun: TimestampMicrosecondArray = times
                    .try_unary(|micros| unit.unit_start(micros).ok_or_else(time_range_error))?;
                Ok(ColumnarValue::Array(Arc::new(
                    begun.with_timezone_opt(zone),
                )))
            }
            (ColumnarValue::Scalar(ScalarValue::TimestampMicrosecond(micros, zone)), _) => {
                let begun =
                    micros.map(|micros| unit.unit_start(micros).ok_or_else(time_range_error));
                let begun = ScalarValue::TimestampMicrosecond(begun.transpose()?, zone.clone());
                Ok(ColumnarValue::Scalar(begun))
            }
            _ => self.engine.invoke_with_args(args),
        }
    }
}

fn time_range_error() -> ArrowError {
    ArrowError::ComputeError("a time before all that there are".to_owned())
}

fn is_utc(zone: &str) -> bool {
    matches!(zone, "UTC" | "+00:00" | "Etc/UTC")
}

/// Unit of a truncation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum TruncationUnit {
    /// Unit of this many microseconds.
    Micros(i64),
    Week,
    /// Unit of this many months.
    Months(i64),
}

const DAY: i64 = 86_400_000_000;

impl TruncationUnit {
    fn of_name(part: &str) -> Option<Self> {
        Some(match part.to_ascii_lowercase().as_str() {
            "millisecond" => Self::Micros(1_000),
            "second" => Self::Micros(1_000_000),
            "minute" => Self::Micros(60_000_000),
            "hour" => Self::Micros(3_600_000_000),
            "day" => Self::Micros(DAY),
            "week" => Self::Week,
            "month" => Self::Months(1),
            "quarter" => Self::Months(3),
            "year" => Self::Months(12),
            _ => return None,
        })
    }

    /// Start of the unit that contains a time, both in microseconds since 1970.
    fn unit_start(self, micros: i64) -> Option<i64> {
        let days = micros.div_euclid(DAY);
        match self {
            Self::Micros(unit) => micros.checked_sub(micros.rem_euclid(unit)),
            // 1970-01-01 was a Thursday.
            Self::Week => {
                let since_monday = days.checked_add(3)?.rem_euclid(7);
                days.checked_sub(since_monday)?.checked_mul(DAY)
            }
            Self::Months(unit) => {
                let month = month_of(days)?;
                let month = month.checked_sub(month.rem_euclid(unit))?;
                first_day_of(month)?.checked_mul(DAY)
            }
        }
    }
}

/// Number of months since the start of year 0 for a day since 1970 (H. Hinnant, chrono-compatible low-level date algorithms,
/// civil_from_days).
fn month_of(days: i64) -> Option<i64> {
    let days = days.checked_add(719_468)?;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    // The year starts with March in this algorithm.
    let month = (5 * day_of_year + 2) / 153;
    let year = era.checked_mul(400)?.checked_add(year_of_era)?;
    year.checked_mul(12)?.checked_add(month + 2)
}

/// First day of such a month, since 1970 (days_from_civil).
fn first_day_of(month: i64) -> Option<i64> {
    let from_march = month.checked_sub(2)?;
    let year = from_march.div_euclid(12);
    let month = from_march.rem_euclid(12);
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * month + 2) / 5;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era.checked_mul(146_097)?
        .checked_add(day_of_era)?
        .checked_sub(719_468)
}

/// Bins of timestamps. Bins in a zone would have to follow its clock changes, and the engine counts them from UTC.
#[derive(Debug, PartialEq, Eq, Hash)]
struct DateBinFunction(Arc<ScalarUDF>);

impl ScalarUDFImpl for DateBinFunction {
    fn name(&self) -> &str {
        self.0.name()
    }

    fn aliases(&self) -> &[String] {
        self.0.aliases()
    }

    fn signature(&self) -> &Signature {
        self.0.signature()
    }

    fn return_type(&self, arguments: &[DataType]) -> Result<DataType> {
        if let Some(DataType::Timestamp(_, Some(zone))) = arguments.get(1)
            && !is_utc(zone)
        {
            let refusal = not_allowed("date_bin of instants in a zone");
            let help = "take date_trunc, which follows the clocks of a zone, or date_bin over CAST(… AT TIME ZONE … AS TIMESTAMP)";
            return Err(engine_error::wrap_refusal(refusal.with_help(help)));
        }
        self.0.return_type(arguments)
    }

    fn coerce_types(&self, arguments: &[DataType]) -> Result<Vec<DataType>> {
        self.0.coerce_types(arguments)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        self.0.invoke_with_args(args)
    }
}
