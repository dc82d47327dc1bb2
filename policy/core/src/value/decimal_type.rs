//! Decimal type: number of digits and of decimals, and the notation of values.

use std::fmt;

/// Decimal type with at most `precision` digits, `scale` of them after the point: `decimal(precision, scale)` of SQL.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DecimalType {
    precision: u8,
    scale: u8,
}

/// Reason why a text is not a value of a decimal type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DecimalFault {
    /// The text does not consist of digits, one point and one sign.
    NotANumber,
    /// The text has leading zeros, as in a key.
    LeadingZeros,
    /// The text has more decimals than the type.
    TooManyPlaces,
    /// The text has more digits before the point than the type.
    TooLarge,
}

impl DecimalFault {
    /// Reason in words.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NotANumber => "not a decimal number",
            Self::LeadingZeros => "a number with zeros in front, which would be lost",
            Self::TooManyPlaces => "more digits behind the point than the type has",
            Self::TooLarge => "more digits before the point than the type has",
        }
    }
}

impl fmt::Display for DecimalFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl DecimalType {
    /// Largest number of digits.
    pub const MOST_DIGITS: u8 = 38;

    /// Type with this number of digits, `scale` of them after the point. None for more than 38 digits, no digits, or more decimals
    /// than digits.
    #[must_use]
    pub const fn new(precision: u8, scale: u8) -> Option<Self> {
        if precision == 0 || precision > Self::MOST_DIGITS || scale > precision {
            return None;
        }
        Some(Self { precision, scale })
    }

    /// Largest number of digits of a value.
    #[must_use]
    pub const fn precision(self) -> u8 {
        self.precision
    }

    /// Number of decimals.
    #[must_use]
    pub const fn scale(self) -> u8 {
        self.scale
    }

    /// Parses a value, in units of its last decimal.
    ///
    /// There is no rounding: `1.500` is not a value of a type with two decimals, since the point might separate thousands.
    ///
    /// # Errors
    /// The reason why the text is not a value.
    pub fn parse(self, text: &str) -> Result<i128, DecimalFault> {
        let (is_negative, digits) = match text.as_bytes().first() {
            Some(b'-') => (true, text.get(1..).unwrap_or_default()),
            Some(b'+') => (false, text.get(1..).unwrap_or_default()),
            _ => (false, text),
        };
        let (whole, places) = digits.split_once('.').unwrap_or((digits, ""));
        let is_made_of_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if whole.len() + places.len() == 0
            || !is_made_of_digits(whole)
            || !is_made_of_digits(places)
        {
            return Err(DecimalFault::NotANumber);
        }
        if whole.len() > 1 && whole.starts_with('0') {
            return Err(DecimalFault::LeadingZeros);
        }
        let missing = usize::from(self.scale)
            .checked_sub(places.len())
            .ok_or(DecimalFault::TooManyPlaces)?;
        let zeros = std::iter::repeat_n('0', missing);
        let digits: String = whole.chars().chain(places.chars()).chain(zeros).collect();
        let digits = digits.trim_start_matches('0');
        if digits.len() > usize::from(self.precision) {
            return Err(DecimalFault::TooLarge);
        }
        let units: i128 = match digits {
            "" => 0,
            digits => digits.parse().map_err(|_| DecimalFault::TooLarge)?,
        };
        Ok(if is_negative { -units } else { units })
    }

    /// Parses a number of a typed source or a statement. Trailing zeros are permitted.
    ///
    /// # Errors
    /// The reason why the text is not a value.
    pub fn parse_number(self, text: &str) -> Result<i128, DecimalFault> {
        match text.split_once('.') {
            Some((whole, places)) => {
                let kept = places.trim_end_matches('0');
                self.parse(&format!("{whole}.{kept}"))
            }
            None => self.parse(text),
        }
    }

    /// Text of a value in units of its last decimal.
    #[must_use]
    pub fn format_units(self, units: i128) -> String {
        let scale = usize::from(self.scale);
        let digits = format!("{:0>width$}", units.unsigned_abs(), width = scale + 1);
        let (whole, places) = digits.split_at(digits.len().saturating_sub(scale));
        let sign = if units < 0 { "-" } else { "" };
        match places {
            "" => format!("{sign}{whole}"),
            places => format!("{sign}{whole}.{places}"),
        }
    }
}

impl fmt::Display for DecimalType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "decimal({},{})", self.precision, self.scale)
    }
}

impl std::str::FromStr for DecimalType {
    type Err = String;

    /// Parses the canonical notation that [`fmt::Display`] writes.
    fn from_str(text: &str) -> Result<Self, String> {
        let inner = text
            .strip_prefix("decimal(")
            .and_then(|rest| rest.strip_suffix(')'));
        let kind = inner.and_then(|inner| {
            let (precision, scale) = inner.split_once(',')?;
            Self::new(precision.parse().ok()?, scale.parse().ok()?)
        });
        kind.filter(|kind| kind.to_string() == text).ok_or_else(|| {
            "a decimal type is decimal(p,s): p digits, at most 38, of which s stand behind the point, as in decimal(12,2)".to_owned()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_its_exact_value_or_none() {
        let money = DecimalType::new(5, 2).unwrap();
        for (text, expect) in [
            ("0.10", Ok(10)),
            ("-0.1", Ok(-10)),
            ("+12", Ok(1200)),
            ("-0", Ok(0)),
            (".5", Ok(50)),
            ("999.99", Ok(99_999)),
            ("1000", Err(DecimalFault::TooLarge)),
            ("1.500", Err(DecimalFault::TooManyPlaces)),
            ("0.001", Err(DecimalFault::TooManyPlaces)),
            ("01.50", Err(DecimalFault::LeadingZeros)),
            ("00", Err(DecimalFault::LeadingZeros)),
            ("1,5", Err(DecimalFault::NotANumber)),
            ("1e2", Err(DecimalFault::NotANumber)),
            ("--1", Err(DecimalFault::NotANumber)),
            ("1.2.3", Err(DecimalFault::NotANumber)),
            ("NaN", Err(DecimalFault::NotANumber)),
            ("١", Err(DecimalFault::NotANumber)),
            (".", Err(DecimalFault::NotANumber)),
            ("", Err(DecimalFault::NotANumber)),
        ] {
            assert_eq!(money.parse(text), expect, "{text}");
        }
        assert_eq!(money.parse_number("1.500"), Ok(150));
        assert_eq!(
            money.parse_number("1.501"),
            Err(DecimalFault::TooManyPlaces)
        );
    }

    #[test]
    fn a_value_is_written_as_it_is_read() {
        for (precision, scale) in [(1, 0), (1, 1), (12, 2), (38, 0), (38, 19), (38, 38)] {
            let kind = DecimalType::new(precision, scale).unwrap();
            let most = 10_i128.pow(u32::from(precision)) - 1;
            for units in [0, 1, -1, 9, most / 7, -most / 7, most, -most] {
                assert_eq!(
                    kind.parse(&kind.format_units(units)),
                    Ok(units),
                    "{kind} {units}"
                );
            }
        }
        let kind = DecimalType::new(12, 2).unwrap();
        assert_eq!(kind.format_units(-5), "-0.05");
        assert_eq!(DecimalType::new(20, 0).unwrap().format_units(12), "12");
    }

    #[test]
    fn a_type_has_one_spelling() {
        for good in ["decimal(1,0)", "decimal(12,2)", "decimal(38,38)"] {
            assert_eq!(good.parse::<DecimalType>().unwrap().to_string(), good);
        }
        for bad in [
            "decimal",
            "decimal()",
            "decimal(12)",
            "decimal(12, 2)",
            "decimal(012,2)",
            "decimal(+12,2)",
            "decimal(39,0)",
            "decimal(0,0)",
            "decimal(2,3)",
            "decimal(12,-2)",
            "numeric(12,2)",
        ] {
            assert!(bad.parse::<DecimalType>().is_err(), "{bad}");
        }
    }
}
