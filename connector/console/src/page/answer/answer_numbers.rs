//! Numbers in the table of an answer. Its files have them as they came.

use crate::page::answer::ColumnKind;
use crate::page::answer::answer_map::MapColumns;
use hansa_policy::term::language::Language;

/// Form of the cells of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CellForm {
    /// Text as it came.
    Text,
    /// Number as it came: a whole number may be a year or a key, and a coordinate is copied to other programs.
    Number,
    /// Number with a fraction, which is a measure and is written as the language writes numbers.
    Measure,
}

impl CellForm {
    /// Forms of the columns of a page of an answer.
    pub(super) fn of_columns(
        names: &[String],
        kinds: &[ColumnKind],
        rows: &[Vec<String>],
    ) -> Vec<Self> {
        let map = MapColumns::of(names);
        let is_place = |at: usize| map.is_some_and(|map| at == map.lon || at == map.lat);
        let forms = names.iter().enumerate().map(|(at, _)| {
            if kinds.get(at) != Some(&ColumnKind::Number) {
                return Self::Text;
            }
            let mut cells = rows.iter().filter_map(|row| row.get(at));
            let is_measure = |cell: &String| cell.is_empty() || Fraction::parse(cell).is_some();
            match !is_place(at) && cells.all(is_measure) {
                true => Self::Measure,
                false => Self::Number,
            }
        });
        forms.collect()
    }

    /// `true` for a column of numbers.
    pub(super) const fn is_number(self) -> bool {
        matches!(self, Self::Number | Self::Measure)
    }

    /// Text of a cell of the column in a language.
    pub(super) fn write_cell(self, language: Language, cell: &str) -> String {
        let fraction = match self {
            Self::Measure => Fraction::parse(cell),
            Self::Text | Self::Number => None,
        };
        match fraction {
            Some(fraction) => fraction.write(language),
            None => cell.to_owned(),
        }
    }
}

/// Decimal number with digits behind its point.
struct Fraction<'a> {
    sign: &'a str,
    whole: u64,
    digits: &'a str,
}

impl<'a> Fraction<'a> {
    /// Number from its text, such as `-1234.50`; none for another form, such as `1e9` or `NaN`.
    fn parse(text: &'a str) -> Option<Self> {
        let (sign, rest) = match text.strip_prefix('-') {
            Some(rest) => ("-", rest),
            None => ("", text),
        };
        let (whole, digits) = rest.split_once('.')?;
        let is_plain =
            |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        let is_number = is_plain(whole) && is_plain(digits);
        is_number.then_some(())?;
        Some(Self {
            sign,
            whole: whole.parse().ok()?,
            digits,
        })
    }

    fn write(&self, language: Language) -> String {
        let whole = language.format_number(self.whole);
        let point = language.pick('.', ',', ',');
        format!("{}{whole}{point}{}", self.sign, self.digits)
    }
}

#[cfg(test)]
mod tests {
    use super::CellForm::{Measure, Number, Text};
    use super::*;

    #[test]
    fn measures_are_written_by_language_and_whole_numbers_stay() {
        let names = ["year", "mean", "key", "lon", "lat", "mixed"].map(str::to_owned);
        let row = |cells: [&str; 6]| cells.map(str::to_owned).to_vec();
        let rows = [
            row(["2026", "1234567.50", "1234567", "9.68", "47.55", "1.5"]),
            row(["2027", "-0.5", "", "9.69", "47.56", "1e9"]),
        ];
        let mut kinds = [ColumnKind::Number; 6];
        kinds[2] = ColumnKind::Text;
        let forms = CellForm::of_columns(&names, &kinds, &rows);
        assert_eq!(forms, [Number, Measure, Text, Number, Number, Number]);
        for (language, text, below) in [
            (Language::En, "1,234,567.50", "-0.5"),
            (Language::De, "1.234.567,50", "-0,5"),
            (Language::Pt, "1.234.567,50", "-0,5"),
        ] {
            assert_eq!(forms[1].write_cell(language, &rows[0][1]), text);
            assert_eq!(forms[1].write_cell(language, &rows[1][1]), below);
            assert_eq!(forms[0].write_cell(language, &rows[0][0]), "2026");
            assert_eq!(forms[3].write_cell(language, &rows[0][3]), "9.68");
        }
        for other in [
            "",
            ".5",
            "5.",
            "1.2.3",
            "+1.5",
            "NaN",
            "99999999999999999999.5",
        ] {
            assert!(Fraction::parse(other).is_none(), "{other}");
        }
    }
}
