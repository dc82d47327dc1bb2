//! Untyped field values of source files, and typed values after the conversion.

use super::date_time;
use hansa_policy::value::decimal_type::DecimalType;

/// Field of a source file.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum RawField<'a> {
    /// Missing value, or a word that stands for one.
    Null,
    /// Text.
    Text(&'a str),
    /// Integer from a typed file.
    Int(i64),
    /// Floating-point number.
    Float(f64),
    /// Decimal number.
    Decimal {
        /// Value in units of the last place of its type.
        units: i128,
        /// Type in the file.
        kind: DecimalType,
    },
    /// JSON number with all its digits.
    Digits(&'a str),
    /// Boolean value.
    Bool(bool),
    /// Date, in days since 1970-01-01.
    Day(i32),
    /// Civil time, in microseconds since 1970-01-01 00:00.
    Civil(i64),
    /// Instant, in microseconds since 1970-01-01 00:00 UTC.
    Instant(i64),
}

impl RawField<'_> {
    /// Value as text for people.
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

/// Event of a source file, in order of the file.
#[derive(Debug, Clone, Copy)]
pub enum SourceFileEvent<'a> {
    /// Column names; the first event, exactly once.
    Header(&'a [String]),
    /// Row with one field for each column.
    Row {
        /// Line number of the row's start, from 1; the row number for a file without lines.
        line: u64,
        /// Fields of the row.
        fields: &'a [RawField<'a>],
    },
    /// Row without readable fields.
    Broken {
        /// Line number, from 1.
        line: u64,
        /// Reason.
        why: &'a str,
    },
    /// Fact that is counted and has no other effect.
    Counted(&'static str),
}

/// Typed value.
#[derive(Debug, Clone, PartialEq)]
pub enum TypedValue {
    /// Missing value.
    Null,
    /// Text.
    Text(String),
    /// Integer.
    Int(i64),
    /// Finite floating-point number.
    Float(f64),
    /// Decimal number.
    Decimal {
        /// Value in units of the last place of `kind`.
        units: i128,
        /// Type of the column.
        kind: DecimalType,
    },
    /// Boolean value.
    Bool(bool),
    /// Date, in days since 1970-01-01.
    Day(i32),
    /// Instant, in microseconds since 1970-01-01 00:00 UTC.
    Instant(i64),
}

/// Integer from a text.
#[must_use]
pub fn parse_int(text: &str) -> Option<i64> {
    let text = text.trim();
    text.strip_prefix('+').unwrap_or(text).parse().ok()
}

/// Number from a text with this decimal mark. Only digits, one mark, signs and an exponent are accepted.
#[must_use]
pub fn parse_float(text: &str, decimal: char) -> Option<f64> {
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

/// Floating-point number of a JSON number, if it represents the digits exactly. A number that a program printed from a
/// floating-point number is accepted with any number of digits; one with more digits than the type holds is not.
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

/// Maximum number of significant digits in the exact decimal expansion of a floating-point number.
const MOST_DIGITS: usize = 767;

/// Boolean value from a text.
#[must_use]
pub fn parse_bool(text: &str) -> Option<bool> {
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

    /// The display text is also the input of the column type inference.
    #[test]
    fn times_are_shown_as_they_are_written() {
        let instant = RawField::Instant(1_781_744_901_200_000).display_text();
        assert_eq!(instant, "2026-06-18T01:08:21.2Z");
        let read = |text: &str| {
            date_time::iso_formats(true)
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
