//! What a file holds before anything is believed about it, and how it becomes a typed value.

use super::date_time;

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
            Self::Text(text) => (*text).to_owned(),
            Self::Int(number) => number.to_string(),
            Self::Float(number) => number.to_string(),
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
