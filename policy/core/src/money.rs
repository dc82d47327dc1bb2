//! Exact amounts of money. Charges are added up against a prepaid amount, so that rounding errors must not accumulate.

use std::fmt;
use std::str::FromStr;

/// Amount without its currency, in units of 10⁻¹². A price has up to six decimals, and a byte costs a millionth of a megabyte.
/// Additions and multiplications saturate at the largest value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct MoneyAmount(u128);

/// Decimals of the internal unit.
const SCALE: u32 = 12;

/// Largest number of decimals in an amount written by people.
const WRITTEN: usize = 6;

impl MoneyAmount {
    /// Amount of zero.
    pub const NOTHING: Self = Self(0);

    /// Largest amount, as a limit that is never reached.
    pub const ENDLESS: Self = Self(u128::MAX);

    /// Amount multiplied by `count`.
    #[must_use]
    pub fn saturating_mul(self, count: u64) -> Self {
        Self(self.0.saturating_mul(u128::from(count)))
    }

    /// Sum of two amounts.
    #[must_use]
    pub const fn saturating_add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }

    /// Difference of two amounts; zero where `other` is larger.
    #[must_use]
    pub const fn saturating_sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }

    /// Number of times that `each` fits into the amount. The largest number where `each` is zero.
    #[must_use]
    pub fn count_multiples(self, each: Self) -> u64 {
        match self.0.checked_div(each.0) {
            Some(times) => u64::try_from(times).unwrap_or(u64::MAX),
            None => u64::MAX,
        }
    }

    /// Millionth part. Exact for amounts with at most six decimals.
    #[must_use]
    pub const fn millionth(self) -> Self {
        Self(self.0 / 1_000_000)
    }
}

hansa_audit_log::serialize_as_text!(MoneyAmount);

impl fmt::Display for MoneyAmount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let one = 10_u128.pow(SCALE);
        let (whole, rest) = (self.0 / one, self.0 % one);
        if rest == 0 {
            return write!(f, "{whole}");
        }
        let digits = format!("{rest:012}");
        write!(f, "{whole}.{}", digits.trim_end_matches('0'))
    }
}

/// Error of a text that is not an amount.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an amount has up to 12 digits, and behind a point up to 6, such as 0.05")]
pub struct MoneyAmountError;

impl FromStr for MoneyAmount {
    type Err = MoneyAmountError;

    /// Parses amounts written by people and by this program, with up to twelve decimals.
    fn from_str(text: &str) -> Result<Self, MoneyAmountError> {
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        let scale = usize::try_from(SCALE).map_err(|_| MoneyAmountError)?;
        let pointed = text.contains('.');
        if whole.is_empty()
            || whole.len() > 27
            || !digits(whole)
            || !digits(fraction)
            || (pointed && fraction.is_empty())
            || fraction.len() > scale
        {
            return Err(MoneyAmountError);
        }
        let all = format!("{whole}{fraction:0<scale$}");
        all.parse().map(Self).map_err(|_| MoneyAmountError)
    }
}

/// Parses an amount as people write it: in a contract, or on a command line.
///
/// # Errors
/// When the text has more than six decimals or is not an amount.
pub fn parse_written_amount(text: &str) -> Result<MoneyAmount, MoneyAmountError> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    if whole.len() > 12 || fraction.len() > WRITTEN {
        return Err(MoneyAmountError);
    }
    text.parse()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_exact_both_ways() {
        for text in ["0", "0.05", "12", "100.000001", "999999999999.999999"] {
            assert_eq!(parse_written_amount(text).unwrap().to_string(), text);
        }
        assert_eq!(parse_written_amount("0.50").unwrap().to_string(), "0.5");
        for bad in [
            "",
            ".",
            "1.",
            ".5",
            "-1",
            "1e3",
            "1.0000001",
            "1234567890123",
            "1,5",
            "+1",
        ] {
            assert!(parse_written_amount(bad).is_err(), "{bad}");
        }
        let byte = parse_written_amount("0.000001").unwrap().millionth();
        assert_eq!(byte.to_string(), "0.000000000001");
        assert_eq!(byte.to_string().parse::<MoneyAmount>(), Ok(byte));
        assert_eq!(
            byte.saturating_mul(1_000_000),
            parse_written_amount("0.000001").unwrap()
        );
    }

    #[test]
    fn a_hundred_tenths_are_ten() {
        let tenth = parse_written_amount("0.1").unwrap();
        let mut sum = MoneyAmount::NOTHING;
        for _ in 0..100 {
            sum = sum.saturating_add(tenth);
        }
        assert_eq!(sum, parse_written_amount("10").unwrap());
        assert_eq!(
            parse_written_amount("10").unwrap().count_multiples(tenth),
            100
        );
        assert_eq!(
            parse_written_amount("9.99").unwrap().count_multiples(tenth),
            99
        );
        assert_eq!(
            sum.saturating_sub(parse_written_amount("11").unwrap()),
            MoneyAmount::NOTHING
        );
        assert_eq!(sum.count_multiples(MoneyAmount::NOTHING), u64::MAX);
    }
}
