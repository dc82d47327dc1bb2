//! What a file holds before anything is believed about it, and how it becomes a typed value.

use super::date_time;
use hansa_policy::value::decimal_type::DecimalType;

/// One field of a file.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum RawField<'a> {
    /// Nothing, or a word that means nothing.
    Null,
    /// Text.
    Text(&'a str),
    /// A whole number, from a typed file.
    Int(i64),
    /// A number.
    Float(f64),
    /// A decimal number.
    Decimal {
        /// Its value, in units of the last place of its type.
        units: i128,
        /// Its type in the file.
        kind: DecimalType,
    },
    /// A number as JSON writes it, with all its digits.
    Digits(&'a str),
    /// True or false.
    Bool(bool),
    /// Days since 1970-01-01.
    Day(i32),
    /// A civil time, microseconds since 1970-01-01 00:00.
    Civil(i64),
    /// An instant, microseconds of UTC.
    Instant(i64),
}

impl RawField<'_> {
    /// As a person reads it.
    #[must_use]
    pub fn display_text(&self) -> String {
        match self {
            Self::Null => String::new(),
            Self::Text(text) | Self::Digits(text) => (*text).to_owned(),
            Self::Int(number) => number.to_string(),
            Self::Float(number) => number.to_string(),
            Self::Decimal { units, kind } => kind.format_units(*units),
            Self::Bool(truth) => truth.to_string(),
            Self::Day(day) => date_time::day_shown(*day),
            Self::Civil(micros) => date_time::civil_shown(*micros),
            Self::Instant(micros) => date_time::civil_shown(*micros) + "Z",
        }
    }
}

/// What comes out of a file, in order.
#[derive(Debug, Clone, Copy)]
pub enum SourceFileEvent<'a> {
    /// The names of the columns, first and once.
    Header(&'a [String]),
    /// A row with as many fields as there are columns.
    Row {
        /// Line from 1 where it begins; the number of the row where the file has no lines.
        line: u64,
        /// Its fields.
        fields: &'a [RawField<'a>],
    },
    /// A row that has no fields that could be read.
    Broken {
        /// Line from 1.
        line: u64,
        /// Why.
        why: &'a str,
    },
    /// Something that is counted and changes nothing.
    Counted(&'static str),
}

/// A typed value.
#[derive(Debug, Clone, PartialEq)]
pub enum TypedValue {
    /// No value.
    Null,
    /// Text.
    Text(String),
    /// Whole number.
    Int(i64),
    /// Number, finite.
    Float(f64),
    /// Decimal number.
    Decimal {
        /// Value in units of the last place of `kind`.
        units: i128,
        /// Type of the column.
        kind: DecimalType,
    },
    /// Truth.
    Bool(bool),
    /// Days since 1970-01-01.
    Day(i32),
    /// Microseconds of UTC.
    Instant(i64),
}

/// A whole number as text.
#[must_use]
pub fn int(text: &str) -> Option<i64> {
    let text = text.trim();
    text.strip_prefix('+').unwrap_or(text).parse().ok()
}

/// A number as text, with its decimal mark; nothing but digits, one mark, signs and an exponent.
#[must_use]
pub fn float(text: &str, decimal: char) -> Option<f64> {
    let text = text.trim();
    let plain = text
        .chars()
        .all(|letter| letter.is_ascii_digit() || letter == decimal || "+-eE".contains(letter));
    if !plain {
        return None;
    }
    let number: f64 = if decimal == '.' {
        text.parse().ok()?
    } else {
        text.replace(decimal, ".").parse().ok()?
    };
    number.is_finite().then_some(number)
}

/// A number of JSON as a number of floating point, where that one has these digits: what a program wrote out of one comes back, however
/// many digits it wrote, and what has more than one can hold does not.
#[must_use]
pub fn exact_float(digits: &str) -> Option<f64> {
    let (mantissa, _) = digits.split_once(['e', 'E']).unwrap_or((digits, ""));
    let all: String = mantissa.chars().filter(char::is_ascii_digit).collect();
    let significant = all.trim_start_matches('0').trim_end_matches('0');
    let number: f64 = digits.parse().ok()?;
    if !number.is_finite() || significant.len() > MOST_DIGITS {
        return None;
    }
    if significant.is_empty() {
        return Some(0.0);
    }
    let written = format!("{:.*e}", significant.len().saturating_sub(1), number.abs());
    let (held, _) = written.split_once('e').unwrap_or((&written, ""));
    held.chars()
        .filter(char::is_ascii_digit)
        .eq(significant.chars())
        .then_some(number)
}

/// The most significant digits that a number of floating point has when it is written out whole.
const MOST_DIGITS: usize = 767;

/// True or false as text.
#[must_use]
pub fn truth(text: &str) -> Option<bool> {
    match text.trim().to_ascii_lowercase().as_str() {
        "true" | "t" | "yes" | "y" | "1" => Some(true),
        "false" | "f" | "no" | "n" | "0" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::RawField;
    use crate::ingest::date_time;

    /// What is shown is what a column is guessed from.
    #[test]
    fn times_are_shown_as_they_are_written() {
        let instant = RawField::Instant(1_781_744_901_200_000).display_text();
        assert_eq!(instant, "2026-06-18T01:08:21.2Z");
        let read = |text: &str| {
            date_time::iso(true)
                .iter()
                .find_map(|format| format.read(text))
        };
        assert!(read(&instant).unwrap().offset.is_some());
        let civil = RawField::Civil(1_781_744_901_000_000).display_text();
        assert_eq!(civil, "2026-06-18T01:08:21");
        assert!(read(&civil).unwrap().offset.is_none());
        assert_eq!(RawField::Day(20_622).display_text(), "2026-06-18");
        assert!(RawField::Instant(i64::MAX).display_text().contains("1970"));
    }
}
