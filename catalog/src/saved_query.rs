//! A saved query: a statement with named parameters that is asked by its name.
//!
//! A provider declares some on a dataset of its own, and a participant declares some for its own people over the datasets of others.

use crate::dataset::ColumnType;
use hansa_audit_log::time::UtcTimestamp;
use hansa_policy::id::SqlIdentifier;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_policy::value::decimal_type::DecimalType;
use serde::{Deserialize, Serialize};

/// A statement that is asked by its name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SavedQuery {
    /// Its name.
    pub name: SqlIdentifier,
    /// Title for people.
    pub title: String,
    /// What it is good for, in one line.
    pub description: Option<String>,
    /// Its text, with parameters as `$name`.
    pub sql: String,
    /// The parameters, by name.
    pub parameters: Vec<SavedQueryParameter>,
}

/// A parameter of a saved query.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SavedQueryParameter {
    /// Its name, without the sign.
    pub name: SqlIdentifier,
    /// The type of its value.
    #[serde(rename = "type")]
    pub kind: ColumnType,
    /// What it is, in one line.
    pub description: Option<String>,
    /// The value where none is given; absent: one must be given.
    pub default: Option<String>,
}

impl SavedQuery {
    /// Upper bound on the bytes of its text.
    pub const LONGEST: usize = 16 * 1024;

    /// Upper bound on its parameters.
    pub const MOST_PARAMETERS: usize = 32;

    /// Names that no parameter may have, since an address has them for something else.
    pub const RESERVED: [&'static str; 2] = ["format", "purpose"];

    /// Upper bound on the saved queries of one dataset.
    pub const MOST: usize = 50;

    /// Upper bound on the bytes of all saved queries of one dataset, so that peers read its entry.
    pub const LONGEST_TOGETHER: usize = 128 * 1024;

    /// The bytes of its text and of all that is said of it.
    #[must_use]
    pub fn size(&self) -> usize {
        let parameters = self.parameters.iter().flat_map(|parameter| {
            let described = [parameter.description.as_ref(), parameter.default.as_ref()];
            described.into_iter().flatten()
        });
        let texts = [&self.title, &self.sql].into_iter();
        let texts = texts.chain(&self.description).chain(parameters);
        texts.map(String::len).sum()
    }

    /// Whether one of these words stands in its text or in what is said of it.
    #[must_use]
    pub fn names_any(&self, words: &[&str]) -> bool {
        let said = [
            Some(&self.title),
            self.description.as_ref(),
            Some(&self.sql),
        ];
        let of_parameters = self
            .parameters
            .iter()
            .flat_map(|parameter| [parameter.description.as_ref(), parameter.default.as_ref()]);
        let names = self
            .parameters
            .iter()
            .map(|parameter| parameter.name.as_str());
        let texts = said.into_iter().chain(of_parameters).flatten();
        texts.map(String::as_str).chain(names).any(|text| {
            let found = text.split(|letter: char| !(letter.is_alphanumeric() || letter == '_'));
            let mut found = found.map(str::to_lowercase);
            found.any(|word| words.contains(&word.as_str()))
        })
    }
}

/// The value of a parameter.
#[derive(Debug, Clone, PartialEq)]
pub enum ParameterValue {
    /// Text.
    Text(String),
    /// A whole number.
    Int(i64),
    /// A finite number.
    Float(f64),
    /// A decimal number.
    Decimal {
        /// Its value, in units of the last place of its type.
        units: i128,
        /// Its type.
        kind: DecimalType,
    },
    /// True or false.
    Bool(bool),
    /// Days since 1970.
    Date(i32),
    /// An instant.
    Instant(UtcTimestamp),
}

/// In microseconds.
const DAY: i64 = 86_400_000_000;

impl SavedQueryParameter {
    /// Upper bound on the letters of one value.
    pub const LONGEST_VALUE: usize = 1_000;

    /// The value that a text is.
    ///
    /// # Errors
    /// `USAGE` where it is none of the parameter's type.
    pub fn value(&self, text: &str) -> Result<ParameterValue, Refusal> {
        let fits = text.chars().count() <= Self::LONGEST_VALUE && !text.contains('\0');
        fits.then(|| self.parse_value(text))
            .flatten()
            .ok_or_else(|| {
                let shown: String = text.chars().take(40).collect();
                Refusal::new(
                    ErrorCode::UsageWrong,
                    format!("`{shown}` is no value of the parameter `{}`", self.name),
                )
                .with_help(format!("write {}", self.spelling()))
            })
    }

    fn parse_value(&self, text: &str) -> Option<ParameterValue> {
        Some(match self.kind {
            ColumnType::Text => ParameterValue::Text(text.to_owned()),
            ColumnType::Int => ParameterValue::Int(text.parse().ok()?),
            ColumnType::Float => {
                let number: Option<f64> = text.parse().ok();
                ParameterValue::Float(number.filter(|number| number.is_finite())?)
            }
            ColumnType::Decimal(kind) => ParameterValue::Decimal {
                units: kind.parse_number(text).ok()?,
                kind,
            },
            ColumnType::Bool => ParameterValue::Bool(match text {
                "true" => true,
                "false" => false,
                _ => return None,
            }),
            ColumnType::Date => {
                let is_day = |(at, letter): (usize, char)| match at {
                    4 | 7 => letter == '-',
                    _ => letter.is_ascii_digit(),
                };
                let is_day = text.len() == 10 && text.char_indices().all(is_day);
                let midnight = is_day.then(|| format!("{text}T00:00:00Z").parse());
                let midnight: UtcTimestamp = midnight?.ok()?;
                ParameterValue::Date(midnight.micros().div_euclid(DAY).try_into().ok()?)
            }
            ColumnType::Instant => ParameterValue::Instant(text.parse().ok()?),
        })
    }

    /// How a value of its type is written.
    #[must_use]
    pub const fn spelling(&self) -> &'static str {
        match self.kind {
            ColumnType::Text => "text",
            ColumnType::Int => "a whole number, such as 12",
            ColumnType::Float => "a number, such as 1.5",
            ColumnType::Decimal(_) => "a decimal number of the digits of its type, such as 1.50",
            ColumnType::Bool => "true or false",
            ColumnType::Date => "a day, such as 2026-11-20",
            ColumnType::Instant => "an instant in UTC, such as 2026-11-20T08:00:00Z",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_found_wherever_it_stands() {
        let query = SavedQuery {
            name: "q".parse().unwrap(),
            title: "Sites".to_owned(),
            description: Some("by door".to_owned()),
            sql: "SELECT \"site\", max(N) FROM t WHERE a_b = $least".to_owned(),
            parameters: Vec::new(),
        };
        for word in ["site", "n", "a_b", "door", "sites"] {
            assert!(query.names_any(&["other", word]), "{word}");
        }
        for word in ["a", "b", "sit", "x"] {
            assert!(!query.names_any(&[word]), "{word}");
        }
    }

    #[test]
    fn a_value_is_of_its_type_or_refused() {
        let of = |kind| SavedQueryParameter {
            name: "p".parse().unwrap(),
            kind,
            description: None,
            default: None,
        };
        let long = "x".repeat(SavedQueryParameter::LONGEST_VALUE + 1);
        for (kind, good, bad) in [
            (ColumnType::Text, vec!["", "' OR 1=1 --"], vec!["\0", &long]),
            (
                ColumnType::Int,
                vec!["-1", "9223372036854775807"],
                vec!["", "1.0", " 1", "1_0", "9223372036854775808"],
            ),
            (
                ColumnType::Float,
                vec!["1", "-1.5e3"],
                vec!["NaN", "inf", "1,5", ""],
            ),
            (
                ColumnType::Decimal(DecimalType::new(4, 2).unwrap()),
                vec!["1", "-1.50", "1.500", "99.99"],
                vec!["NaN", "1.505", "100", "1e1", "1,5", ""],
            ),
            (
                ColumnType::Bool,
                vec!["true", "false"],
                vec!["TRUE", "1", ""],
            ),
            (
                ColumnType::Date,
                vec!["2026-02-28"],
                vec![
                    "2026-02-29",
                    "2026-2-1",
                    "20260228",
                    "2026-02-28T0",
                    "éé26-2-1",
                ],
            ),
            (
                ColumnType::Instant,
                vec!["2026-02-28T00:00:00Z"],
                vec!["2026-02-28", "2026-02-28T00:00:00", "now"],
            ),
        ] {
            for text in good {
                assert!(of(kind).value(text).is_ok(), "{kind:?} {text}");
            }
            for text in bad {
                let refusal = of(kind).value(text).unwrap_err();
                assert_eq!(refusal.code, ErrorCode::UsageWrong, "{kind:?} {text}");
            }
        }
        let day = of(ColumnType::Date).value("1969-12-31").unwrap();
        assert_eq!(day, ParameterValue::Date(-1));
    }
}
