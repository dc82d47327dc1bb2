//! Comparison of two answers.

use arrow_array::cast::AsArray;
use arrow_array::types::{
    Date32Type, Decimal128Type, Float64Type, Int32Type, Int64Type, TimestampMicrosecondType,
    TimestampMillisecondType, TimestampNanosecondType, TimestampSecondType, UInt64Type,
};
use arrow_array::{Array, ArrayRef, RecordBatch};
use arrow_schema::{DataType, TimeUnit};
use hansa_policy::refusal::{ErrorCode, Refusal};
use std::fmt;
use tokio_postgres::types::Type;

/// Answer of an engine to a statement.
#[derive(Debug, Clone)]
pub(super) enum Answer {
    Rows(Vec<Vec<Cell>>),
    Refused(Refusal),
    Failed { state: String, text: String },
}

/// Value in a form that is comparable between both engines.
#[derive(Debug, Clone)]
pub(super) enum Cell {
    Null,
    /// Number, with its exact digits if the type has them.
    Number(f64, Option<String>),
    Text(String),
    Truth(bool),
    /// Days since 1970-01-01.
    Day(i64),
    /// Microseconds since 1970-01-01.
    Instant(i64),
}

/// Result of a comparison.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verdict {
    Same,
    /// Both engines refused. The text is PostgreSQL's reason.
    BothRefuse(String),
    /// The product refused, with this reason.
    RefusedHere(String),
    Different(&'static str),
}

impl Cell {
    pub(super) fn of_postgres(text: Option<&str>, kind: &Type) -> Self {
        let Some(text) = text else {
            return Self::Null;
        };
        match *kind {
            Type::BOOL => Self::Truth(text == "t"),
            Type::INT2 | Type::INT4 | Type::INT8 => {
                Self::Number(text.parse().unwrap(), Some(text.to_owned()))
            }
            Type::FLOAT4 | Type::FLOAT8 => Self::Number(text.parse().unwrap(), None),
            Type::NUMERIC => Self::Number(text.parse().unwrap(), Some(text.to_owned())),
            Type::DATE => Self::Day(day(text)),
            Type::TIMESTAMPTZ | Type::TIMESTAMP => Self::Instant(instant(text)),
            _ => Self::Text(text.to_owned()),
        }
    }

    /// Value as an integer.
    pub(super) fn whole(&self) -> Option<i64> {
        match self {
            Self::Number(_, Some(digits)) => without_end(digits).parse().ok(),
            _ => None,
        }
    }

    fn of_arrow(column: &ArrayRef, row: usize) -> Self {
        if column.is_null(row) {
            return Self::Null;
        }
        let whole = |number: i128| {
            let text = number.to_string();
            Self::Number(text.parse().unwrap(), Some(text))
        };
        match column.data_type() {
            DataType::Null => Self::Null,
            DataType::Boolean => Self::Truth(column.as_boolean().value(row)),
            DataType::Int64 => whole(column.as_primitive::<Int64Type>().value(row).into()),
            DataType::Int32 => whole(column.as_primitive::<Int32Type>().value(row).into()),
            DataType::UInt64 => whole(column.as_primitive::<UInt64Type>().value(row).into()),
            DataType::Float64 => {
                Self::Number(column.as_primitive::<Float64Type>().value(row), None)
            }
            DataType::Decimal128(_, _) => {
                let text = column.as_primitive::<Decimal128Type>().value_as_string(row);
                Self::Number(text.parse().unwrap(), Some(text))
            }
            DataType::Utf8 => Self::Text(column.as_string::<i32>().value(row).to_owned()),
            DataType::Utf8View => Self::Text(column.as_string_view().value(row).to_owned()),
            DataType::Date32 => Self::Day(column.as_primitive::<Date32Type>().value(row).into()),
            DataType::Timestamp(unit, _) => Self::Instant(match unit {
                TimeUnit::Second => {
                    column.as_primitive::<TimestampSecondType>().value(row) * 1_000_000
                }
                TimeUnit::Millisecond => {
                    column.as_primitive::<TimestampMillisecondType>().value(row) * 1_000
                }
                TimeUnit::Microsecond => {
                    column.as_primitive::<TimestampMicrosecondType>().value(row)
                }
                TimeUnit::Nanosecond => column
                    .as_primitive::<TimestampNanosecondType>()
                    .value(row)
                    .div_euclid(1_000),
            }),
            other => Self::Text(format!("{other}: not compared")),
        }
    }

    fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Null, Self::Null) => true,
            (Self::Number(one, Some(digits)), Self::Number(other, Some(others)))
                if one.is_finite() =>
            {
                // The number of decimal places of a quotient differs between the engines. An average has four more places than its
                // argument here, and 16 digits in PostgreSQL.
                let [fewer, more] = {
                    let mut places = [digits, others].map(|text| places(without_end(text)));
                    places.sort_unstable();
                    places
                };
                let is_average = fewer >= 4 && more > fewer && digits.len().max(others.len()) > 16;
                let unit = match is_average {
                    true => 10_f64.powi(-i32::try_from(fewer).unwrap()),
                    false => 0.0,
                };
                without_end(digits) == without_end(others)
                    || more > 5
                        && (one - other).abs() <= 0.5001 * unit + 1e-12 * one.abs().max(1e-3)
            }
            (Self::Number(one, _), Self::Number(other, _)) => {
                // The operator `==` treats both zeros as equal.
                one == other
                    || one.is_nan() && other.is_nan()
                    || (one - other).abs() <= 1e-9 * one.abs().max(other.abs()).max(1e-6)
            }
            (Self::Text(one), Self::Text(other)) => one == other,
            (Self::Truth(one), Self::Truth(other)) => one == other,
            (Self::Day(one), Self::Day(other)) | (Self::Instant(one), Self::Instant(other)) => {
                one == other
            }
            // A date equals the instant at which it begins, because one engine returns dates where the other returns timestamps.
            (Self::Day(day), Self::Instant(at)) | (Self::Instant(at), Self::Day(day)) => {
                day * DAY == *at
            }
            _ => false,
        }
    }

    /// Sort key that places equal and nearly equal cells next to each other.
    fn sort_key(&self) -> (u8, i128, String) {
        match self {
            Self::Null => (0, 0, String::new()),
            Self::Number(number, _) if number.is_nan() => (1, i128::MAX, String::new()),
            Self::Number(number, digits) => {
                #[expect(clippy::cast_possible_truncation, reason = "a place in an order")]
                let rounded = (number * 1e6).round() as i128;
                let exact = digits.as_deref().and_then(millionths);
                (1, exact.unwrap_or(rounded), String::new())
            }
            Self::Text(text) => (2, 0, text.clone()),
            Self::Truth(truth) => (3, i128::from(*truth), String::new()),
            Self::Day(day) => (4, i128::from(day * DAY), String::new()),
            Self::Instant(at) => (4, i128::from(*at), String::new()),
        }
    }
}

/// Number without trailing zeros.
fn without_end(text: &str) -> &str {
    match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.'),
        false => text,
    }
}

/// Number in millionths, rounded. Large numbers could have one floating-point representation.
fn millionths(digits: &str) -> Option<i128> {
    let (whole, places) = digits.split_once('.').unwrap_or((digits, ""));
    let cut = format!("{whole}{places:0<7}");
    let tenths: i128 = cut[..whole.len() + 7].parse().ok()?;
    Some((tenths + if tenths < 0 { -5 } else { 5 }) / 10)
}

/// Number of decimal places.
fn places(text: &str) -> usize {
    text.split_once('.').map_or(0, |(_, places)| places.len())
}

const DAY: i64 = 86_400_000_000;

/// Days of a date such as `2024-03-01`, also with `BC` or a longer year.
fn day(text: &str) -> i64 {
    match text {
        "infinity" => return i64::MAX / DAY,
        "-infinity" => return i64::MIN / DAY,
        _ => {}
    }
    let (text, is_before) = match text.strip_suffix(" BC") {
        Some(text) => (text, true),
        None => (text, false),
    };
    let mut parts = text.split('-').map(|part| part.parse::<i64>().unwrap());
    let [year, month, day] = [(); 3].map(|()| parts.next().unwrap());
    let year = if is_before { 1 - year } else { year };
    // Algorithm "days from civil" by H. Hinnant.
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year - era * 400;
    let of_year = (153 * (month + if month > 2 { -3 } else { 9 }) + 2) / 5 + day - 1;
    let days = of_era * 365 + of_era / 4 - of_era / 100 + of_year;
    era * 146_097 + days - 719_468
}

/// Instant of a text such as `2024-03-31 00:30:00.5+00`, in UTC or without a zone.
fn instant(text: &str) -> i64 {
    let (text, before) = match text.strip_suffix(" BC") {
        Some(text) => (text, " BC"),
        None => (text, ""),
    };
    let (date, time) = text.split_once(' ').unwrap();
    let time = time.strip_suffix("+00").unwrap_or(time);
    let (clock, fraction) = time.split_once('.').unwrap_or((time, "0"));
    let mut parts = clock.split(':').map(|part| part.parse::<i64>().unwrap());
    let [hour, minute, second] = [(); 3].map(|()| parts.next().unwrap());
    let micros: i64 = format!("{fraction:0<6}")[..6].parse().unwrap();
    day(&format!("{date}{before}")) * DAY
        + ((hour * 60 + minute) * 60 + second) * 1_000_000
        + micros
}

impl Answer {
    pub(super) fn of_batches(batches: &[RecordBatch]) -> Self {
        let mut rows = Vec::new();
        for batch in batches {
            for row in 0..batch.num_rows() {
                let cells = batch
                    .columns()
                    .iter()
                    .map(|column| Cell::of_arrow(column, row));
                rows.push(cells.collect());
            }
        }
        Self::Rows(rows)
    }
}

/// SQLSTATE codes of PostgreSQL for errors on values: division by zero, out of range, several rows of a scalar subquery, invalid
/// input.
const OF_VALUES: [&str; 12] = [
    "22012", "22003", "21000", "22P02", "22008", "2201B", "22007", "22011", "2201F", "22023",
    "54000", "22025",
];

/// Compares the product's answer with that of PostgreSQL.
pub(super) fn compare(ours: &Answer, theirs: &Answer, is_ordered: bool) -> Verdict {
    match (ours, theirs) {
        (Answer::Rows(ours), Answer::Rows(theirs)) => {
            if ours.len() != theirs.len() {
                return Verdict::Different("another number of rows");
            }
            let same = match is_ordered {
                true => are_same_in_order(ours, theirs),
                false => {
                    are_same_in_order(&sort_rows(ours), &sort_rows(theirs))
                        || are_same_in_pairs(ours, theirs)
                }
            };
            match same {
                true => Verdict::Same,
                false => Verdict::Different("other rows"),
            }
        }
        (Answer::Refused(refusal), Answer::Failed { text, .. }) => match refusal.code {
            ErrorCode::Internal => Verdict::Different("an internal error"),
            _ => Verdict::BothRefuse(text.clone()),
        },
        (Answer::Refused(refusal), Answer::Rows(_)) => match refusal.code {
            // The tests have a small memory limit.
            ErrorCode::ConstructNotAllowed | ErrorCode::SqlTooLarge | ErrorCode::ResourceLimit => {
                Verdict::RefusedHere(refusal.sentence.clone())
            }
            // No engine defines which of two conditions is evaluated first.
            ErrorCode::EvaluationFailed if refusal.sentence.contains("has several rows") => {
                Verdict::RefusedHere(refusal.sentence.clone())
            }
            _ => Verdict::Different("refused here"),
        },
        // Floating-point division by zero succeeds here, and some texts are parsed that PostgreSQL refuses.
        (Answer::Rows(_), Answer::Failed { state, text }) => {
            match OF_VALUES.contains(&state.as_str()) {
                true => Verdict::Different("answered here"),
                // Statements that PostgreSQL can't plan are not compared.
                false => Verdict::BothRefuse(text.clone()),
            }
        }
        _ => Verdict::Different("an answer that is none"),
    }
}

fn is_same_row(ours: &[Cell], theirs: &[Cell]) -> bool {
    let mut cells = ours.iter().zip(theirs);
    ours.len() == theirs.len() && cells.all(|(one, other)| one.is_same(other))
}

fn are_same_in_order(ours: &[Vec<Cell>], theirs: &[Vec<Cell>]) -> bool {
    let mut rows = ours.iter().zip(theirs);
    rows.all(|(ours, theirs)| is_same_row(ours, theirs))
}

fn sort_rows(rows: &[Vec<Cell>]) -> Vec<Vec<Cell>> {
    let mut rows = rows.to_vec();
    rows.sort_by_cached_key(|row| row.iter().map(Cell::sort_key).collect::<Vec<_>>());
    rows
}

/// Checks that each row has a matching row in the other answer. Rows that differ by less than a millionth may have another order.
fn are_same_in_pairs(ours: &[Vec<Cell>], theirs: &[Vec<Cell>]) -> bool {
    let mut left: Vec<&Vec<Cell>> = theirs.iter().collect();
    ours.iter().all(|row| {
        let place = left.iter().position(|other| is_same_row(row, other));
        place.map(|place| left.swap_remove(place)).is_some()
    })
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(refusal) => {
                write!(f, "{refusal}")?;
                match std::error::Error::source(refusal) {
                    Some(cause) => write!(f, " ({cause})"),
                    None => Ok(()),
                }
            }
            Self::Failed { state, text } => write!(f, "{state} {text}"),
            Self::Rows(rows) => {
                write!(f, "{} rows", rows.len())?;
                for row in rows.iter().take(12) {
                    let cells: Vec<String> = row.iter().map(ToString::to_string).collect();
                    write!(f, " ({})", cells.join(", "))?;
                }
                Ok(())
            }
        }
    }
}

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("NULL"),
            Self::Number(_, Some(digits)) => f.write_str(digits),
            Self::Number(number, None) => write!(f, "{number:?}"),
            Self::Text(text) => write!(f, "{text:?}"),
            Self::Truth(truth) => write!(f, "{truth}"),
            Self::Day(day) => write!(f, "day {day}"),
            Self::Instant(at) => write!(f, "at {at}"),
        }
    }
}
