//! Saved queries: statements with named parameters that are run by name.
//!
//! A provider declares them for its own datasets. A participant may also declare them for its users, over datasets of others.

use crate::dataset::ColumnType;
use hansa_audit_log::time::UtcTimestamp;
use hansa_policy::id::SqlIdentifier;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_policy::value::decimal_type::DecimalType;
use serde::{Deserialize, Serialize};

/// Statement that is run by name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SavedQuery {
    /// Name of the query.
    pub name: SqlIdentifier,
    /// Title for people.
    pub title: String,
    /// Use of the query, in one line.
    pub description: Option<String>,
    /// SQL text, with parameters as `$name`.
    pub sql: String,
    /// Parameters of the query.
    pub parameters: Vec<SavedQueryParameter>,
}

/// Parameter of a saved query.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SavedQueryParameter {
    /// Name without the dollar sign.
    pub name: SqlIdentifier,
    /// Type of the value.
    #[serde(rename = "type")]
    pub kind: ColumnType,
    /// Meaning of the parameter, in one line.
    pub description: Option<String>,
    /// Default value; absent: a value is required.
    pub default: Option<String>,
}

impl SavedQuery {
    /// Largest size of the text, bytes.
    pub const LONGEST: usize = 16 * 1024;

    /// Largest number of parameters.
    pub const MOST_PARAMETERS: usize = 32;

    /// Names that parameters may not have, since a web address uses them for something else.
    pub const RESERVED: [&'static str; 2] = ["format", "purpose"];

    /// Largest number of saved queries of one dataset.
    pub const MOST: usize = 50;

    /// Largest size of all saved queries of one dataset, bytes, so that peers accept its entry.
    pub const LONGEST_TOGETHER: usize = 128 * 1024;

    /// Size of the query's text and descriptions, bytes.
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

    /// True if one of these words occurs in the query's text or descriptions.
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

/// Value of a parameter.
#[derive(Debug, Clone, PartialEq)]
pub enum ParameterValue {
    /// Text.
    Text(String),
    /// Integer.
    Int(i64),
    /// Finite floating-point number.
    Float(f64),
    /// Decimal number.
    Decimal {
        /// Value in units of the type's last decimal.
        units: i128,
        /// Decimal type.
        kind: DecimalType,
    },
    /// Boolean.
    Bool(bool),
    /// Days since 1970-01-01.
    Date(i32),
    /// Instant in UTC.
    Instant(UtcTimestamp),
}

/// Length of a day, microseconds.
const DAY: i64 = 86_400_000_000;

impl SavedQueryParameter {
    /// Largest number of characters in one value.
    pub const LONGEST_VALUE: usize = 1_000;

    /// Parses a value of the parameter.
    ///
    /// # Errors
    /// `USAGE` where the text is not a value of the parameter's type.
    pub fn read_value(&self, text: &str) -> Result<ParameterValue, Refusal> {
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

    /// Notation of values of the type.
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
                assert!(of(kind).read_value(text).is_ok(), "{kind:?} {text}");
            }
            for text in bad {
                let refusal = of(kind).read_value(text).unwrap_err();
                assert_eq!(refusal.code, ErrorCode::UsageWrong, "{kind:?} {text}");
            }
        }
        let day = of(ColumnType::Date).read_value("1969-12-31").unwrap();
        assert_eq!(day, ParameterValue::Date(-1));
    }
}
