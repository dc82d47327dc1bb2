//! Epsilon and bounds of values: decimal numbers in fixed-point form.

use std::fmt;
use std::str::FromStr;

/// Epsilon in millionths, from one millionth to 1000.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Epsilon(u64);

/// Bound of a value in thousandths, up to 10¹².
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ValueBound(i64);

/// Error of a text that is not an epsilon or a bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PrivacyAmountError {
    /// The text is not an epsilon.
    #[error(
        "is no epsilon: a decimal number from 0.000001 to 1000 with at most six digits behind the point"
    )]
    Epsilon,
    /// The text is not a bound.
    #[error(
        "is no bound: a decimal number up to 1000000000000 with at most three digits behind the point"
    )]
    Amount,
}

impl Epsilon {
    /// Value in millionths.
    #[must_use]
    pub const fn millionths(self) -> u64 {
        self.0
    }

    /// Epsilon of this number of millionths; none for 0 and above the largest value.
    #[must_use]
    pub fn of_millionths(millionths: u64) -> Option<Self> {
        (1..=1_000_000_000)
            .contains(&millionths)
            .then_some(Self(millionths))
    }

    /// Text of the sum of several epsilons, in the notation of one.
    #[must_use]
    pub fn sum_text(millionths: u64) -> String {
        format_fixed_point(i64::try_from(millionths).unwrap_or(i64::MAX), 6)
    }
}

impl ValueBound {
    /// Value in thousandths.
    #[must_use]
    pub const fn thousandths(self) -> i64 {
        self.0
    }

    /// Value as an integer, where it is one.
    #[must_use]
    pub fn to_integer(self) -> Option<i64> {
        (self.0.checked_rem(1000) == Some(0)).then(|| self.0.saturating_div(1000))
    }
}

impl FromStr for Epsilon {
    type Err = PrivacyAmountError;

    fn from_str(text: &str) -> Result<Self, PrivacyAmountError> {
        let millionths = parse_fixed_point(text, 6).and_then(|number| u64::try_from(number).ok());
        millionths
            .and_then(Self::of_millionths)
            .ok_or(PrivacyAmountError::Epsilon)
    }
}

impl FromStr for ValueBound {
    type Err = PrivacyAmountError;

    fn from_str(text: &str) -> Result<Self, PrivacyAmountError> {
        let most = 1_000_000_000_000_000;
        parse_fixed_point(text, 3)
            .filter(|number| (-most..=most).contains(number))
            .map(Self)
            .ok_or(PrivacyAmountError::Amount)
    }
}

impl fmt::Display for Epsilon {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&Self::sum_text(self.0))
    }
}

impl fmt::Display for ValueBound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&format_fixed_point(self.0, 3))
    }
}

/// Parses a decimal number with this number of decimals; none where it has more.
fn parse_fixed_point(text: &str, places: usize) -> Option<i64> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, text),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    let plain = |part: &str| !part.is_empty() && part.bytes().all(|one| one.is_ascii_digit());
    let fraction = match fraction.trim_end_matches('0') {
        "" if plain(fraction) => "0",
        trimmed => trimmed,
    };
    if !plain(whole) || !plain(fraction) || fraction.len() > places {
        return None;
    }
    let number: i64 = format!("{whole}{fraction:0<places$}").parse().ok()?;
    Some(number.saturating_mul(sign))
}

/// Shortest notation of the number.
fn format_fixed_point(number: i64, places: usize) -> String {
    let sign = if number < 0 { "-" } else { "" };
    let width = places.saturating_add(1);
    let digits = format!("{:0width$}", number.unsigned_abs());
    let (whole, fraction) = digits
        .split_at_checked(digits.len().saturating_sub(places))
        .unwrap_or((&digits, ""));
    match fraction.trim_end_matches('0') {
        "" => format!("{sign}{whole}"),
        fraction => format!("{sign}{whole}.{fraction}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_exact_and_have_one_spelling() {
        for (text, thousandths, spelled) in [
            ("0", 0, "0"),
            ("-0", 0, "0"),
            ("12.5", 12_500, "12.5"),
            ("12.500", 12_500, "12.5"),
            ("-0.001", -1, "-0.001"),
            ("007", 7_000, "7"),
            ("1000000000000", 1_000_000_000_000_000, "1000000000000"),
        ] {
            let amount: ValueBound = text.parse().unwrap();
            assert_eq!(amount.thousandths(), thousandths, "{text}");
            assert_eq!(amount.to_string(), spelled);
        }
        for text in [
            "",
            ".",
            "1.",
            ".5",
            "0.0001",
            "1e3",
            "+1",
            "--1",
            "1000000000000.001",
            "½",
        ] {
            assert_eq!(
                text.parse::<ValueBound>(),
                Err(PrivacyAmountError::Amount),
                "{text}"
            );
        }
        assert_eq!("2.0".parse::<ValueBound>().unwrap().to_integer(), Some(2));
        assert_eq!("-2.5".parse::<ValueBound>().unwrap().to_integer(), None);
    }

    #[test]
    fn an_epsilon_is_above_nothing() {
        assert_eq!("1.0".parse::<Epsilon>().unwrap().millionths(), 1_000_000);
        assert_eq!(
            "0.000001".parse::<Epsilon>().unwrap().to_string(),
            "0.000001"
        );
        for text in ["0", "-1", "0.0000001", "1000.000001", "inf", "NaN"] {
            assert_eq!(
                text.parse::<Epsilon>(),
                Err(PrivacyAmountError::Epsilon),
                "{text}"
            );
        }
    }
}
