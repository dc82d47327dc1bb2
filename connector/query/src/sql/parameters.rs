//! Parameters of a statement: each value is inserted into the text as one literal.
//!
//! A statement is sent to other participants as text, and the decision depends on the text. Therefore the text with inserted values
//! is executed. A value can't become any other syntax: the parser expects an expression at each placeholder, and the inserted text
//! is one literal, or a cast of one literal, in parentheses.

use crate::limits::SqlStatementLimits;
use crate::sql::allowlist;
use crate::sql::dialect::StatementDialect;
use arrow_array::cast::AsArray as _;
use arrow_array::types::{
    Date32Type, Decimal128Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type,
    Int64Type, TimestampMicrosecondType, TimestampMillisecondType, TimestampNanosecondType,
    TimestampSecondType, UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use arrow_array::{Array, RecordBatch};
use arrow_schema::{DataType, TimeUnit};
use datafusion::sql::sqlparser::tokenizer::{Location, Token, Tokenizer};
use hansa_policy::id::SqlIdentifier;
use hansa_policy::refusal::{ErrorCode, Refusal};
use std::collections::BTreeSet;

/// Statement with known placeholder positions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParameterizedStatement {
    /// Text between the placeholders; one piece more than there are placeholders.
    pieces: Vec<String>,
    /// Parameter of each placeholder, from 0.
    places: Vec<usize>,
    count: usize,
}

/// Maximum number of parameters of a statement.
const MOST: usize = 1_000;

impl ParameterizedStatement {
    /// Finds the placeholders: `?` in order, or `$1`, `$2` and so on by number. A text with placeholders is parsed, which needs the
    /// stack of [`planner_threads`](crate::sql::planner_threads).
    ///
    /// # Errors
    /// `SQL_SYNTAX` if both kinds are mixed, if a placeholder has another name, or if one is at a position without an expression;
    /// `SQL_TOO_LARGE` if there are too many; errors of the parser. A text that can't be tokenised has no placeholders; the parser
    /// reports its error later.
    pub fn parse(sql: &str, limits: &SqlStatementLimits) -> Result<Self, Refusal> {
        let text = PlacedText::parse(sql, limits)?;
        let mut statement = Self {
            pieces: text.pieces,
            places: Vec::new(),
            count: 0,
        };
        let mut are_numbered = None;
        for name in text.names {
            let place = match name.strip_prefix('$') {
                Some(number) => number
                    .parse::<usize>()
                    .ok()
                    .filter(|number| (1..=MOST).contains(number))
                    .map(|number| number.saturating_sub(1)),
                None => (name == "?").then_some(statement.places.len()),
            };
            let is_numbered = name.starts_with('$');
            let (Some(place), false) = (
                place,
                are_numbered.is_some_and(|before| before != is_numbered),
            ) else {
                return Err(not_understood(&name)
                    .with_help("write all of them as ?, or all as $1, $2 and so on"));
            };
            are_numbered = Some(is_numbered);
            statement.places.push(place);
            statement.count = statement.count.max(place.saturating_add(1));
        }
        Ok(statement)
    }

    /// Finds the placeholders of a text with named parameters such as `$site`, and the names in order of their first occurrence. It
    /// needs the stack of [`planner_threads`](crate::sql::planner_threads), as [`Self::parse`] does.
    ///
    /// # Errors
    /// `SQL_SYNTAX` if a parameter has no name; errors of [`Self::parse`].
    pub fn from_named_parameters(
        sql: &str,
        limits: &SqlStatementLimits,
    ) -> Result<(Self, Vec<SqlIdentifier>), Refusal> {
        let text = PlacedText::parse(sql, limits)?;
        let mut names: Vec<SqlIdentifier> = Vec::new();
        let mut places = Vec::new();
        for written in &text.names {
            let name = written.strip_prefix('$').map(str::parse::<SqlIdentifier>);
            let Some(Ok(name)) = name else {
                return Err(not_understood(written)
                    .with_help("write each with a name of a-z, 0-9 and _, such as $site"));
            };
            let known = names.iter().position(|other| *other == name);
            places.push(known.unwrap_or(names.len()));
            if known.is_none() {
                names.push(name);
            }
        }
        let statement = Self {
            pieces: text.pieces,
            places,
            count: names.len(),
        };
        Ok((statement, names))
    }

    /// Number of parameters.
    #[must_use]
    pub const fn count(&self) -> usize {
        self.count
    }

    /// Text with a NULL at each placeholder, for checks before the values are known.
    #[must_use]
    pub fn without_values(&self) -> String {
        self.fill_places(&vec!["NULL".to_owned(); self.count])
    }

    /// Text with numbered parameters `$1` and so on, whatever their original notation.
    #[must_use]
    pub fn to_numbered_text(&self) -> String {
        let numbers: Vec<String> = (1..=self.count)
            .map(|number| format!("${number}"))
            .collect();
        self.fill_places(&numbers)
    }

    /// Parameters after LIMIT and OFFSET, numbered from 1. A plan does not determine their type.
    #[must_use]
    pub fn row_counts(&self) -> BTreeSet<usize> {
        let places = self.places.iter().zip(&self.pieces);
        places
            .filter(|(_, before)| {
                let word = before.split_whitespace().next_back().unwrap_or_default();
                word.eq_ignore_ascii_case("limit") || word.eq_ignore_ascii_case("offset")
            })
            .map(|(place, _)| place.saturating_add(1))
            .collect()
    }

    /// Text with the values from the single row of `parameters`, one column for each parameter.
    ///
    /// # Errors
    /// `USAGE` if the number of values or a type does not match.
    pub fn with_values(&self, parameters: Option<&RecordBatch>) -> Result<String, Refusal> {
        let given = parameters.map_or(0, RecordBatch::num_columns);
        if given != self.count {
            return Err(Refusal::new(
                ErrorCode::UsageWrong,
                format!(
                    "the statement has {} parameters, and values came for {given}",
                    self.count
                ),
            )
            .with_help("bind one value to each parameter"));
        }
        let Some(parameters) = parameters else {
            return Ok(self.fill_places(&[]));
        };
        if parameters.num_rows() != 1 {
            return Err(Refusal::new(
                ErrorCode::UsageWrong,
                "a statement takes one row of parameters at a time",
            ));
        }
        let values: Result<Vec<String>, Refusal> = (1_usize..)
            .zip(parameters.columns())
            .map(|(number, column)| {
                format_literal(column).ok_or_else(|| {
                    Refusal::new(
                        ErrorCode::UsageWrong,
                        format!(
                            "parameter {number} has a value of the type {}, which can't be written in a statement",
                            column.data_type()
                        ),
                    )
                    .with_help("bind text, a number, a truth value, a date or an instant")
                })
            })
            .collect();
        Ok(self.fill_places(&values?))
    }

    fn fill_places(&self, values: &[String]) -> String {
        let mut pieces = self.pieces.iter();
        let mut text = pieces.next().cloned().unwrap_or_default();
        for (place, piece) in self.places.iter().zip(pieces) {
            // INVARIANT: values-stay-values. Each value is one literal in parentheses, at a position of an expression.
            let value = values.get(*place).map_or("NULL", String::as_str);
            text.push_str(&format!("({value})"));
            text.push_str(piece);
        }
        text
    }
}

fn not_understood(name: &str) -> Refusal {
    Refusal::new(
        ErrorCode::SqlSyntax,
        format!("`{name}` is no parameter that is understood here"),
    )
}

/// Text split at its placeholders.
struct PlacedText {
    /// Text between the placeholders; one piece more than there are placeholders.
    pieces: Vec<String>,
    /// Name of each placeholder.
    names: Vec<String>,
}

impl PlacedText {
    /// Splits a text. One that can't be tokenised has no placeholders.
    fn parse(sql: &str, limits: &SqlStatementLimits) -> Result<Self, Refusal> {
        let mut tokens = Vec::new();
        let read =
            Tokenizer::new(&StatementDialect, sql).tokenize_with_location_into_buf(&mut tokens);
        let mut found = Vec::new();
        if read.is_ok() {
            let places = tokens.into_iter().filter_map(|token| match token.token {
                Token::Placeholder(name) => Some((name, token.span.start)),
                _ => None,
            });
            found.extend(places);
        }
        if found.len() > MOST {
            return Err(Refusal::new(
                ErrorCode::SqlTooLarge,
                format!("the statement has more than {MOST} parameters"),
            ));
        }
        if !found.is_empty() {
            // The text without values must be a valid statement, so each placeholder is at the position of an expression.
            let _statement = allowlist::parse_statement(sql, limits)?;
        }
        let mut text = Self {
            pieces: Vec::new(),
            names: Vec::new(),
        };
        let mut rest = sql;
        let mut at = Location::new(1, 1);
        for (name, start) in found {
            let (before, behind) = split_at_location(rest, at, start);
            let Some(behind) = behind.strip_prefix(name.as_str()) else {
                return Err(not_understood(&name));
            };
            text.pieces.push(before.to_owned());
            let width = u64::try_from(name.chars().count()).unwrap_or(u64::MAX);
            at = Location::new(start.line, start.column.saturating_add(width));
            rest = behind;
            text.names.push(name);
        }
        text.pieces.push(rest.to_owned());
        Ok(text)
    }
}

/// Splits a text that starts at `from` before the character at `to`. Lines and characters count from 1.
pub(super) fn split_at_location(text: &str, from: Location, to: Location) -> (&str, &str) {
    let (mut line, mut column) = (from.line, from.column);
    for (at, letter) in text.char_indices() {
        if (line, column) == (to.line, to.column) {
            return text.split_at_checked(at).unwrap_or((text, ""));
        }
        (line, column) = match letter {
            '\n' => (line.saturating_add(1), 1),
            _ => (line, column.saturating_add(1)),
        };
    }
    (text, "")
}

/// First value of a column as one literal, or `None` for an unsupported type.
fn format_literal(column: &dyn Array) -> Option<String> {
    if *column.data_type() == DataType::Null || column.is_null(0) {
        return Some("NULL".to_owned());
    }
    match column.data_type() {
        DataType::Utf8 => quote_text(column.as_string::<i32>().value(0)),
        DataType::LargeUtf8 => quote_text(column.as_string::<i64>().value(0)),
        DataType::Utf8View => quote_text(column.as_string_view().value(0)),
        DataType::Boolean => {
            let word = match column.as_boolean().value(0) {
                true => "TRUE",
                false => "FALSE",
            };
            Some(word.to_owned())
        }
        DataType::Int8 => Some(format_number(column.as_primitive::<Int8Type>().value(0))),
        DataType::Int16 => Some(format_number(column.as_primitive::<Int16Type>().value(0))),
        DataType::Int32 => Some(format_number(column.as_primitive::<Int32Type>().value(0))),
        DataType::Int64 => Some(format_number(column.as_primitive::<Int64Type>().value(0))),
        DataType::UInt8 => Some(format_number(column.as_primitive::<UInt8Type>().value(0))),
        DataType::UInt16 => Some(format_number(column.as_primitive::<UInt16Type>().value(0))),
        DataType::UInt32 => Some(format_number(column.as_primitive::<UInt32Type>().value(0))),
        DataType::UInt64 => Some(format_number(column.as_primitive::<UInt64Type>().value(0))),
        DataType::Float32 => Some(format_float(f64::from(
            column.as_primitive::<Float32Type>().value(0),
        ))),
        DataType::Float64 => Some(format_float(column.as_primitive::<Float64Type>().value(0))),
        DataType::Decimal128(precision, scale) => {
            let value = column.as_primitive::<Decimal128Type>().value_as_string(0);
            Some(format!("CAST('{value}' AS DECIMAL({precision}, {scale}))"))
        }
        DataType::Date32 => {
            let day = column.as_primitive::<Date32Type>().value_as_date(0)?;
            Some(format!("CAST('{day}' AS DATE)"))
        }
        DataType::Timestamp(unit, zone) => format_instant(column, *unit, zone.is_some()),
        _ => None,
    }
}

/// Text in quotation marks. Only the quotation mark itself ends the literal, since the dialect has no escape character.
fn quote_text(text: &str) -> Option<String> {
    (!text.contains('\0')).then(|| format!("'{}'", text.replace('\'', "''")))
}

fn format_number(value: impl std::fmt::Display) -> String {
    value.to_string()
}

/// Literal that parses back to the exact floating-point number: the shortest decimal digits, in a notation that is no integer.
fn format_float(value: f64) -> String {
    format!("CAST('{value:?}' AS DOUBLE)")
}

fn format_instant(column: &dyn Array, unit: TimeUnit, has_zone: bool) -> Option<String> {
    let value = match unit {
        TimeUnit::Second => column
            .as_primitive::<TimestampSecondType>()
            .value_as_datetime(0),
        TimeUnit::Millisecond => column
            .as_primitive::<TimestampMillisecondType>()
            .value_as_datetime(0),
        TimeUnit::Microsecond => column
            .as_primitive::<TimestampMicrosecondType>()
            .value_as_datetime(0),
        TimeUnit::Nanosecond => column
            .as_primitive::<TimestampNanosecondType>()
            .value_as_datetime(0),
    }?;
    // A timestamp with a zone has its value in UTC.
    Some(match has_zone {
        true => format!("CAST('{value}Z' AS TIMESTAMP WITH TIME ZONE)"),
        false => format!("CAST('{value}' AS TIMESTAMP)"),
    })
}

#[cfg(test)]
mod tests;
