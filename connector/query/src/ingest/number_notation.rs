//! Number notation in texts: decimal mark, thousands separator, and leading zeros.
//!
//! A text that is not the canonical form of a number may be a key, such as the postcode `01067`. It is refused unless the source
//! declares that leading zeros have no meaning.

use hansa_policy::value::decimal_type::{DecimalFault, DecimalType};
use std::borrow::Cow;

/// Number notation of a source or of one column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NumberNotation {
    /// Decimal mark, `.` or `,`.
    pub decimal: char,
    /// Thousands separator; none is accepted if absent.
    pub thousands: Option<ThousandsMark>,
    /// Treatment of leading zeros.
    pub leading_zeros: LeadingZeroRule,
}

/// Separator between groups of three digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ThousandsMark {
    /// Point: `1.000`.
    Point,
    /// Comma: `1,000`.
    Comma,
    /// Space: `1 000`, with U+0020, U+00A0, U+2009 or U+202F.
    Blank,
    /// Apostrophe: `1'000`, with U+0027 or U+2019.
    Apostrophe,
}

impl ThousandsMark {
    /// All separators with their names in the configuration. Every kind of space and of apostrophe has a name.
    pub const ALL: [(&'static str, Self); 8] = [
        (".", Self::Point),
        (",", Self::Comma),
        (" ", Self::Blank),
        ("\u{a0}", Self::Blank),
        ("\u{2009}", Self::Blank),
        ("\u{202f}", Self::Blank),
        ("'", Self::Apostrophe),
        ("\u{2019}", Self::Apostrophe),
    ];

    /// Separator for a character.
    #[must_use]
    pub fn of(letter: char) -> Option<Self> {
        let mut all = Self::ALL.into_iter();
        all.find(|(name, _)| name.chars().eq([letter]))
            .map(|(_, mark)| mark)
    }

    /// Usual name in the configuration.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        let mut all = Self::ALL.into_iter();
        all.find(|(_, mark)| *mark == self)
            .map_or("", |(name, _)| name)
    }
}

/// Treatment of a number with leading zeros or a plus sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LeadingZeroRule {
    /// Unreadable value, since a key would otherwise change to another key.
    #[default]
    Refuse,
    /// Removal of the zeros.
    Drop,
}

impl LeadingZeroRule {
    /// All rules with their names in the configuration.
    pub const ALL: [(&'static str, Self); 2] = [("refuse", Self::Refuse), ("drop", Self::Drop)];
}

impl NumberNotation {
    /// Notation without a thousands separator.
    #[must_use]
    pub const fn with_decimal_mark(decimal: char) -> Self {
        Self {
            decimal,
            thousands: None,
            leading_zeros: LeadingZeroRule::Refuse,
        }
    }

    /// Reads an integer in its canonical form.
    ///
    /// # Errors
    /// The reason why the text is no integer, for people.
    pub fn read_whole(&self, text: &str) -> Result<i64, &'static str> {
        let text = text.trim();
        let ungrouped = self.ungroup(text).ok_or(NOT_WHOLE)?;
        let unsigned = ungrouped.trim_start_matches(['+', '-']);
        let signs = ungrouped.len().saturating_sub(unsigned.len());
        let is_whole = signs <= 1
            && !unsigned.is_empty()
            && unsigned.bytes().all(|byte| byte.is_ascii_digit());
        if !is_whole {
            return Err(NOT_WHOLE);
        }
        self.check_start(&ungrouped)?;
        ungrouped
            .parse()
            .map_err(|_| "a whole number of more than 64 bits")
    }

    /// Reads a number, which may contain only digits, marks, signs and an exponent.
    ///
    /// # Errors
    /// The reason why the text is no number, for people.
    pub fn read_number(&self, text: &str) -> Result<f64, &'static str> {
        let text = text.trim();
        let ungrouped = self.ungroup(text).ok_or(NOT_NUMBER)?;
        let plain = ungrouped.chars().all(|letter| {
            letter.is_ascii_digit() || letter == self.decimal || "+-eE".contains(letter)
        });
        if !plain {
            return Err(NOT_NUMBER);
        }
        let pointed = match self.decimal {
            '.' => ungrouped,
            mark => Cow::Owned(ungrouped.replace(mark, ".")),
        };
        let number: f64 = pointed.parse().map_err(|_| NOT_NUMBER)?;
        // A plus sign before a measurement is usual, and keys with fractions do not start with one.
        self.check_start(pointed.strip_prefix('+').unwrap_or(&pointed))?;
        if number.is_finite() {
            Ok(number)
        } else {
            Err(NOT_NUMBER)
        }
    }

    /// Reads a decimal of this type, in units of its last place.
    ///
    /// # Errors
    /// The reason why the text is no such decimal, for people.
    pub fn read_decimal(&self, text: &str, kind: DecimalType) -> Result<i128, &'static str> {
        let text = text.trim();
        let ungrouped = self
            .ungroup(text)
            .ok_or(DecimalFault::NotANumber.as_str())?;
        let pointed = match self.decimal {
            '.' => ungrouped,
            _ if ungrouped.contains('.') => return Err(DecimalFault::NotANumber.as_str()),
            mark => Cow::Owned(ungrouped.replace(mark, ".")),
        };
        let unsigned = pointed.strip_prefix('+').unwrap_or(&pointed);
        self.check_start(unsigned)?;
        let (sign, digits) = match unsigned.strip_prefix('-') {
            Some(digits) => ("-", digits),
            None => ("", unsigned),
        };
        // Leading zeros are removed if the source permits it, except for the one before the decimal mark.
        let kept = digits.trim_start_matches('0');
        let kept = match kept.starts_with(|first: char| first.is_ascii_digit()) {
            true => kept.to_owned(),
            false if digits.starts_with('0') => format!("0{kept}"),
            false => kept.to_owned(),
        };
        kind.parse(&format!("{sign}{kept}"))
            .map_err(DecimalFault::as_str)
    }

    /// Refuses leading zeros and signs that the rule does not permit.
    fn check_start(&self, plain: &str) -> Result<(), &'static str> {
        if self.leading_zeros == LeadingZeroRule::Drop {
            return Ok(());
        }
        if plain.starts_with('+') {
            return Err(
                "a whole number with a plus sign, which may be a key; as a number: leading_zeros = \"drop\"",
            );
        }
        let digits = plain.strip_prefix('-').unwrap_or(plain);
        let mut first = digits.bytes();
        let is_zero = first.next() == Some(b'0');
        if is_zero && first.next().is_some_and(|byte| byte.is_ascii_digit()) {
            return Err(
                "a number with a leading zero, which may be a key; as text: type = \"text\", as a number: leading_zeros = \"drop\"",
            );
        }
        Ok(())
    }

    /// Removes thousands separators. Returns `None` if they are not between groups of three digits.
    fn ungroup<'t>(&self, text: &'t str) -> Option<Cow<'t, str>> {
        let Some(mark) = self.thousands else {
            return Some(Cow::Borrowed(text));
        };
        let is_mark = |letter: char| ThousandsMark::of(letter) == Some(mark);
        if !text.contains(is_mark) {
            return Some(Cow::Borrowed(text));
        }
        let (whole, fraction) = match text.find(self.decimal) {
            Some(at) => text.split_at(at),
            None => (text, ""),
        };
        let digits = whole.strip_prefix(['-', '+']).unwrap_or(whole);
        let mut groups = digits.split(is_mark);
        let first = groups.next().unwrap_or_default();
        let fits = is_group(first, 1) && groups.all(|group| is_group(group, 3));
        // A first group of zeros is no thousands group.
        let counts = first != "0" && first != "00" && first != "000";
        let is_grouped = fits && counts && !fraction.contains(is_mark);
        is_grouped.then(|| Cow::Owned(text.replace(is_mark, "")))
    }
}

/// Checks for a text of `least` to three digits.
fn is_group(text: &str, least: usize) -> bool {
    (least..=3).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}

const NOT_WHOLE: &str = "not a whole number";

const NOT_NUMBER: &str = "not a number";

#[cfg(test)]
mod tests {
    use super::{LeadingZeroRule, NumberNotation, ThousandsMark};
    use hansa_policy::value::decimal_type::DecimalType;

    fn notation(decimal: char, thousands: Option<ThousandsMark>) -> NumberNotation {
        NumberNotation {
            thousands,
            ..NumberNotation::with_decimal_mark(decimal)
        }
    }

    #[test]
    fn marks_between_thousands_stand_between_groups_of_three() {
        let german = notation(',', Some(ThousandsMark::Point));
        for (text, expected) in [
            ("100.000", Some(100_000.0)),
            ("2.500", Some(2_500.0)),
            ("310", Some(310.0)),
            ("1.234,5", Some(1_234.5)),
            ("-12.345,75", Some(-12_345.75)),
            ("1.234.567", Some(1_234_567.0)),
            ("1234,5", Some(1_234.5)),
            ("12.34", None),
            ("1234.567", None),
            ("0.500", None),
            ("1,234.5", None),
            ("1..000", None),
            (".500", None),
            ("1.000.", None),
        ] {
            assert_eq!(german.read_number(text).ok(), expected, "{text}");
        }
        assert_eq!(german.read_whole("100.000"), Ok(100_000));
        assert!(german.read_whole("1.234,5").is_err());
        for (mark, texts) in [
            (
                ThousandsMark::Blank,
                ["1 000", "1\u{a0}000", "1\u{202f}000", "1\u{2009}000"],
            ),
            (
                ThousandsMark::Apostrophe,
                ["1'000", "1\u{2019}000", "1000", " 1'000 "],
            ),
            (ThousandsMark::Comma, ["1,000", "1000", "1,000", "1,000"]),
        ] {
            let decimal = '.';
            for text in texts {
                assert_eq!(
                    notation(decimal, Some(mark)).read_whole(text),
                    Ok(1000),
                    "{text:?}"
                );
            }
        }
        // Without the setting no separator is accepted.
        assert!(notation(',', None).read_number("1.234").is_err());
        assert!(notation('.', None).read_number("1 234").is_err());
    }

    #[test]
    fn decimals_are_read_in_the_notation_of_their_source() {
        let kind = DecimalType::new(9, 2).unwrap();
        let german = notation(',', Some(ThousandsMark::Point));
        for (text, units) in [
            ("1.234,50", Some(123_450)),
            ("-0,5", Some(-50)),
            ("+12", Some(1_200)),
            (",5", Some(50)),
            ("0", Some(0)),
            ("1,505", None),
            ("1.5", None),
            ("007,5", None),
            ("12.345.678,00", None),
            ("--1", None),
            ("", None),
        ] {
            assert_eq!(german.read_decimal(text, kind).ok(), units, "{text}");
        }
        let lax = NumberNotation {
            leading_zeros: LeadingZeroRule::Drop,
            ..NumberNotation::with_decimal_mark('.')
        };
        for (text, units) in [("007.5", Some(750)), ("-000", Some(0)), ("00.10", Some(10))] {
            assert_eq!(lax.read_decimal(text, kind).ok(), units, "{text}");
        }
    }

    #[test]
    fn a_key_is_no_number() {
        let strict = NumberNotation::with_decimal_mark('.');
        let lax = NumberNotation {
            leading_zeros: LeadingZeroRule::Drop,
            ..strict
        };
        for (text, number) in [
            ("01067", 1067),
            ("+5", 5),
            ("-007", -7),
            ("00", 0),
            ("-00", 0),
        ] {
            assert!(strict.read_whole(text).is_err(), "{text}");
            assert_eq!(lax.read_whole(text), Ok(number), "{text}");
        }
        for (text, number) in [("01067", 1067.0), ("00.5", 0.5), ("-01.5", -1.5)] {
            assert!(strict.read_number(text).is_err(), "{text}");
            assert_eq!(lax.read_number(text), Ok(number), "{text}");
        }
        for (text, number) in [("0", 0), ("-1", -1), ("10", 10)] {
            assert_eq!(strict.read_whole(text), Ok(number));
        }
        for (text, number) in [("0.5", 0.5), ("+5.5", 5.5), (".5", 0.5), ("1e3", 1000.0)] {
            assert_eq!(strict.read_number(text), Ok(number));
        }
        let long = strict.read_whole("9223372036854775808").unwrap_err();
        assert!(long.contains("64 bits"), "{long}");
    }
}
