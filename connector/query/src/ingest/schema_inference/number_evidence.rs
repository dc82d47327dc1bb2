//! Evidence for the number notation of a file, collected from its values.
//!
//! The text `100.000` has two readings. It is converted only if another value of the file contains both marks, such as `1.234,5`;
//! otherwise a person must decide.

use crate::ingest::number_notation::ThousandsMark;
use hansa_policy::value::decimal_type::DecimalType;

/// Properties of the texts of one column as numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct NumberEvidence {
    /// Text that is no number in any notation.
    pub has_other: bool,
    /// Integer without separators and with more than three digits.
    pub has_long_whole: bool,
    /// Number such as `12.5`, whose point can't separate thousands.
    pub has_decimal_point: bool,
    /// Number such as `12,5`.
    pub has_decimal_comma: bool,
    /// Number such as `1.234.567` or `1.234,5`.
    pub has_point_groups: bool,
    /// Number such as `1,234,567` or `1,234.5`.
    pub has_comma_groups: bool,
    /// Number such as `100.000`, which has two readings.
    pub has_doubtful_point: bool,
    /// Number such as `100,000`, which has two readings.
    pub has_doubtful_comma: bool,
    /// Number such as `1 000` with a plain space.
    pub has_blank_groups: bool,
    /// Number such as `1 000` with a non-breaking space, which only typographic number notation has.
    pub has_narrow_groups: bool,
    /// Number such as `1'000`.
    pub has_apostrophe_groups: bool,
    /// Leading zeros, as in keys.
    pub has_leading_zero: bool,
    /// Plus sign, as in telephone numbers.
    pub has_plus: bool,
    /// Exponent in the notation of programs: `1e-05`.
    pub has_signed_exponent: bool,
    /// Exponent that may be part of a key: `1e5`.
    pub has_bare_exponent: bool,
    /// Integer beyond 64 bits.
    pub has_huge_whole: bool,
    /// Integer beyond 2^53, which a floating-point number can't represent exactly.
    pub has_inexact_whole: bool,
    /// Digits that a floating-point number would lose.
    pub has_lost_digits: bool,
    /// Digits after a point.
    point_fractions: FractionShape,
    /// Digits after a comma.
    comma_fractions: FractionShape,
    /// Minimum and maximum digits before the first space of a grouped number.
    first_group: Option<LengthRange>,
    /// Integer without separators.
    pub has_whole: bool,
    /// Number with a fraction, in any notation.
    pub has_fraction: bool,
    /// Maximum number of digits before a mark.
    most_whole: usize,
    /// Maximum number of digits after a mark.
    most_places: usize,
}

/// Shape of the digits after one mark.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct FractionShape {
    digits: Option<LengthRange>,
    /// Trailing zeros, other than in `1.0`.
    has_trailing_zero: bool,
}

/// Minimum and maximum number of digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct LengthRange {
    least: usize,
    most: usize,
}

impl LengthRange {
    fn widen(range: &mut Option<Self>, length: usize) {
        let (least, most) = (length, length);
        let known = range.get_or_insert(Self { least, most });
        known.least = known.least.min(length);
        known.most = known.most.max(length);
    }

    const fn is_even(range: Option<&Self>) -> bool {
        match range {
            Some(range) => range.least == range.most,
            None => false,
        }
    }
}

impl NumberEvidence {
    /// Adds a text, and returns true if it is a number.
    pub fn observe(&mut self, text: &str) -> bool {
        let is_number = self.observe_number(text.trim()).is_some();
        self.has_other |= !is_number;
        is_number
    }

    /// Checks that all texts are numbers of one notation.
    #[must_use]
    pub const fn is_consistent(&self) -> bool {
        let point = self.has_decimal_point || self.has_comma_groups;
        let comma = self.has_decimal_comma || self.has_point_groups;
        !(self.has_other || point && comma)
    }

    fn observe_number(&mut self, text: &str) -> Option<()> {
        let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
        self.has_plus |= text.starts_with('+');
        let (mantissa, exponent) = match unsigned.find(['e', 'E']) {
            Some(at) => (unsigned.get(..at)?, unsigned.get(at.saturating_add(1)..)),
            None => (unsigned, None),
        };
        if let Some(exponent) = exponent {
            let digits = exponent.strip_prefix(['-', '+']).unwrap_or(exponent);
            are_digits(digits).then_some(())?;
            let is_signed = digits.len() < exponent.len() && digits.len() >= 2;
            self.has_signed_exponent |= is_signed;
            self.has_bare_exponent |= !is_signed;
        }
        let (whole, mark, fraction) = self.split(mantissa)?;
        let digits = whole.len().saturating_add(fraction.len());
        self.most_whole = self.most_whole.max(whole.len());
        self.most_places = self.most_places.max(fraction.len());
        self.has_leading_zero |= whole.len() > 1 && whole.starts_with('0');
        if exponent.is_none() && digits > 15 {
            self.observe_long(&whole, &fraction);
        }
        if let Some(mark) = mark {
            self.has_fraction = true;
            let shape = match mark {
                '.' => &mut self.point_fractions,
                _ => &mut self.comma_fractions,
            };
            LengthRange::widen(&mut shape.digits, fraction.len());
            shape.has_trailing_zero |= fraction.ends_with('0') && fraction.len() > 1;
        }
        Some(())
    }

    /// Digits before and after the decimal mark. A group with two readings is noted and treated as thousands.
    fn split(&mut self, mantissa: &str) -> Option<(String, Option<char>, String)> {
        let marks: Vec<char> = mantissa
            .chars()
            .filter(|letter| !letter.is_ascii_digit())
            .collect();
        let count = |mark: char| marks.iter().filter(|found| **found == mark).count();
        let (points, commas) = (count('.'), count(','));
        let others = marks.len().saturating_sub(points).saturating_sub(commas);
        let none = || Some((mantissa.to_owned(), None, String::new()));
        let separate = |mark: char| {
            let (whole, fraction) = mantissa.split_once(mark)?;
            let is_number = are_digits(fraction) || fraction.is_empty() && !whole.is_empty();
            is_number.then(|| (whole, fraction.to_owned()))
        };
        match (points, commas, others) {
            (0, 0, 0) => {
                are_digits(mantissa).then_some(())?;
                self.has_whole = true;
                self.has_long_whole |= mantissa.len() > 3;
                none()
            }
            (1, 0, 0) | (0, 1, 0) => {
                let mark = if points == 1 { '.' } else { ',' };
                let (whole, fraction) = separate(mark)?;
                (whole.is_empty() || are_digits(whole)).then_some(())?;
                let is_doubtful = fraction.len() == 3 && is_first_group(whole);
                match (mark, is_doubtful) {
                    ('.', true) => self.has_doubtful_point = true,
                    ('.', false) => self.has_decimal_point = true,
                    (_, true) => self.has_doubtful_comma = true,
                    (_, false) => self.has_decimal_comma = true,
                }
                Some((whole.to_owned(), Some(mark), fraction))
            }
            (2.., 0, 0) | (0, 2.., 0) => {
                let mark = if points > 0 { '.' } else { ',' };
                let digits = joined_groups(mantissa, &|letter| letter == mark)?;
                match mark {
                    '.' => self.has_point_groups = true,
                    _ => self.has_comma_groups = true,
                }
                Some((digits, None, String::new()))
            }
            (_, _, 0) => {
                let mark = marks.last().copied()?;
                (count(mark) == 1).then_some(())?;
                let (whole, fraction) = separate(mark)?;
                let digits = joined_groups(whole, &|letter| matches!(letter, '.' | ','))?;
                match mark {
                    ',' => (self.has_point_groups, self.has_decimal_comma) = (true, true),
                    _ => (self.has_comma_groups, self.has_decimal_point) = (true, true),
                }
                Some((digits, Some(mark), fraction))
            }
            (points, commas, _) => {
                (points.saturating_add(commas) <= 1).then_some(())?;
                let mark = marks.iter().copied().find(|mark| matches!(mark, '.' | ','));
                let (whole, fraction) = match mark {
                    Some(mark) => separate(mark)?,
                    None => (mantissa, String::new()),
                };
                let group = whole.chars().find(|letter| !letter.is_ascii_digit())?;
                let kind = ThousandsMark::of(group)?;
                let digits =
                    joined_groups(whole, &|letter| ThousandsMark::of(letter) == Some(kind))?;
                match (kind, group) {
                    (ThousandsMark::Blank, ' ') => self.has_blank_groups = true,
                    (ThousandsMark::Blank, _) => self.has_narrow_groups = true,
                    (_, _) => self.has_apostrophe_groups = true,
                }
                let first = whole.chars().take_while(char::is_ascii_digit).count();
                LengthRange::widen(&mut self.first_group, first);
                match mark {
                    Some('.') => self.has_decimal_point = true,
                    Some(_) => self.has_decimal_comma = true,
                    None => {}
                }
                Some((digits, mark, fraction))
            }
        }
    }

    /// Notes digits that a long number would lose as a floating-point number.
    fn observe_long(&mut self, whole: &str, fraction: &str) {
        if fraction.is_empty() {
            self.has_huge_whole |= whole.parse::<i64>().is_err();
            self.has_inexact_whole |= whole.parse::<u64>().map_or(true, |whole| whole > 1 << 53);
            return;
        }
        let text = format!("{whole}.{fraction}");
        let places = fraction.len();
        let kept = text
            .parse::<f64>()
            .map(|number| format!("{number:.places$}"));
        // The number `.5` is printed as `0.5`.
        let is_kept = kept.is_ok_and(|kept| kept == text || kept == format!("0{text}"));
        self.has_lost_digits |= !is_kept;
    }
}

fn are_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Checks for digits that may precede a thousands separator.
fn is_first_group(text: &str) -> bool {
    (1..=3).contains(&text.len()) && !text.starts_with('0') && are_digits(text)
}

/// Digits of a number in groups of three, or `None` for other groups.
fn joined_groups(text: &str, is_mark: &dyn Fn(char) -> bool) -> Option<String> {
    let mut groups = text.split(is_mark);
    let first = groups.next().filter(|first| is_first_group(first))?;
    let mut digits = first.to_owned();
    for group in groups {
        (group.len() == 3 && are_digits(group)).then_some(())?;
        digits.push_str(group);
    }
    Some(digits)
}

/// Number notation of all columns of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileNotation {
    /// Decimal mark.
    pub decimal: char,
    /// Thousands separator, if numbers have one.
    pub thousands: Option<ThousandsMark>,
    /// Meaning of the point in `100.000`; absent if it is ambiguous.
    point: Option<MarkMeaning>,
    /// Meaning of the comma in `100,000`; absent if it is ambiguous.
    comma: Option<MarkMeaning>,
}

/// Meaning of a mark between digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum MarkMeaning {
    Decimal,
    Thousands,
}

/// Reading of a column in the notation of its file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NumberReading {
    /// Integers.
    Whole,
    /// Numbers with fractions.
    Fractional,
    /// Numbers with more digits than other types hold, of this decimal type as far as seen.
    Decimal(DecimalType),
    /// No numbers.
    Text,
    /// Numbers that stay text, since the conversion would not be reversible.
    Kept(KeptReason),
}

/// Reason why numbers stay text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeptReason {
    /// Ambiguous mark: `100.000` is a hundred or a hundred thousand.
    FitsTwoReadings(char),
    /// Groups of digits with spaces and of equal length, as in keys.
    FitsKey,
    /// Notation that differs from the other columns.
    OtherNotation,
    /// Leading zeros.
    LeadingZero,
    /// Plus signs.
    Plus,
    /// Exponent such as `1e5`.
    Exponent,
    /// Trailing zeros, such as `1.10` beside `1.2`.
    TrailingZero,
    /// More digits than a number can hold.
    TooLong,
}

impl FileNotation {
    /// Default notation, for files whose values show none.
    #[must_use]
    pub const fn with_decimal_mark(decimal: char) -> Self {
        Self {
            decimal,
            thousands: None,
            point: None,
            comma: None,
        }
    }

    /// Determines the notation for all columns of a file or of related files.
    pub fn decide<'e>(columns: impl Iterator<Item = &'e NumberEvidence>) -> Self {
        let mut seen = NumberEvidence::default();
        for column in columns.filter(|column| column.is_consistent()) {
            seen.has_decimal_point |= column.has_decimal_point;
            seen.has_decimal_comma |= column.has_decimal_comma;
            seen.has_point_groups |= column.has_point_groups;
            seen.has_comma_groups |= column.has_comma_groups;
            seen.has_blank_groups |= column.has_blank_groups && !column.has_key_groups();
            seen.has_narrow_groups |= column.has_narrow_groups;
            seen.has_apostrophe_groups |= column.has_apostrophe_groups;
        }
        let is_point = seen.has_decimal_point || seen.has_comma_groups;
        let is_comma = seen.has_decimal_comma || seen.has_point_groups;
        let mut notation = Self::with_decimal_mark(if is_comma && !is_point { ',' } else { '.' });
        notation.thousands = match notation.decimal {
            ',' if seen.has_point_groups => Some(ThousandsMark::Point),
            '.' if seen.has_comma_groups && !is_comma => Some(ThousandsMark::Comma),
            _ if seen.has_blank_groups || seen.has_narrow_groups => Some(ThousandsMark::Blank),
            _ if seen.has_apostrophe_groups => Some(ThousandsMark::Apostrophe),
            _ => None,
        };
        // A group of three digits is unambiguous only in a file that contains both marks.
        let (decimal, thousands) = (Some(MarkMeaning::Decimal), Some(MarkMeaning::Thousands));
        (notation.point, notation.comma) = match notation.thousands {
            Some(ThousandsMark::Point) => (thousands, decimal),
            Some(ThousandsMark::Comma) => (decimal, thousands),
            Some(_) if is_comma != is_point && is_comma => (None, decimal),
            Some(_) if is_comma != is_point => (decimal, None),
            _ => (None, None),
        };
        notation
    }

    /// Reading of a column in this notation.
    #[must_use]
    pub fn read(&self, column: &NumberEvidence) -> NumberReading {
        if column.has_other {
            return NumberReading::Text;
        }
        if !column.is_consistent() {
            return NumberReading::Kept(KeptReason::OtherNotation);
        }
        let (mut grouped, mut fractional) = (false, false);
        for (mark, doubtful, is_decimal, is_grouped, meaning) in [
            (
                '.',
                column.has_doubtful_point,
                column.has_decimal_point,
                column.has_point_groups,
                self.point,
            ),
            (
                ',',
                column.has_doubtful_comma,
                column.has_decimal_comma,
                column.has_comma_groups,
                self.comma,
            ),
        ] {
            let meaning = match (is_decimal, is_grouped, doubtful) {
                (true, ..) => Some(MarkMeaning::Decimal),
                (_, true, _) => Some(MarkMeaning::Thousands),
                (_, _, true) => meaning,
                (..) => continue,
            };
            match meaning {
                None => return NumberReading::Kept(KeptReason::FitsTwoReadings(mark)),
                Some(MarkMeaning::Decimal) if self.decimal == mark => fractional = true,
                Some(MarkMeaning::Thousands) if self.thousands == ThousandsMark::of(mark) => {
                    grouped = true;
                }
                Some(_) => return NumberReading::Kept(KeptReason::OtherNotation),
            }
        }
        for (is_there, mark) in [
            (
                column.has_blank_groups || column.has_narrow_groups,
                ThousandsMark::Blank,
            ),
            (column.has_apostrophe_groups, ThousandsMark::Apostrophe),
        ] {
            if is_there && self.thousands != Some(mark) {
                let is_key = column.has_key_groups();
                return NumberReading::Kept(if is_key {
                    KeptReason::FitsKey
                } else {
                    KeptReason::OtherNotation
                });
            }
            grouped |= is_there;
        }
        if column.has_key_groups() {
            return NumberReading::Kept(KeptReason::FitsKey);
        }
        if grouped && column.has_long_whole {
            return NumberReading::Kept(KeptReason::OtherNotation);
        }
        self.canonical_reading(column, fractional)
    }

    /// Reading of a column, unless the conversion would not be reversible.
    fn canonical_reading(&self, column: &NumberEvidence, is_fractional: bool) -> NumberReading {
        let is_exponent = column.has_signed_exponent || column.has_bare_exponent;
        let is_fractional = is_fractional || is_exponent;
        let fractions = match self.decimal {
            '.' => &column.point_fractions,
            _ => &column.comma_fractions,
        };
        let is_padded =
            fractions.has_trailing_zero && !LengthRange::is_even(fractions.digits.as_ref());
        let reason = if column.has_leading_zero {
            KeptReason::LeadingZero
        } else if column.has_plus {
            KeptReason::Plus
        } else if column.has_bare_exponent || is_exponent && !column.has_fraction {
            KeptReason::Exponent
        } else if column.has_huge_whole
            || is_fractional && (column.has_inexact_whole || column.has_lost_digits)
        {
            if let Some(kind) = column.decimal_type().filter(|_| !is_exponent && !is_padded) {
                return NumberReading::Decimal(kind);
            }
            KeptReason::TooLong
        } else if is_fractional && is_padded {
            KeptReason::TrailingZero
        } else if is_fractional {
            return NumberReading::Fractional;
        } else {
            return NumberReading::Whole;
        };
        NumberReading::Kept(reason)
    }
}

impl NumberEvidence {
    /// Decimal type that holds all examined numbers.
    fn decimal_type(&self) -> Option<DecimalType> {
        let precision = self.most_whole.checked_add(self.most_places)?;
        DecimalType::new(
            u8::try_from(precision).ok()?,
            u8::try_from(self.most_places).ok()?,
        )
    }

    /// Checks that all groups with spaces have one shape and no other numbers occur, as in keys such as `123 456`.
    const fn has_key_groups(&self) -> bool {
        self.has_blank_groups
            && LengthRange::is_even(self.first_group.as_ref())
            && !self.has_whole
            && !self.has_narrow_groups
            && !self.has_fraction
    }
}

#[cfg(test)]
mod tests;
