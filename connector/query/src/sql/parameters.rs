//! Parameters of a statement: their values take their places in the text, each as one literal.
//!
//! A statement travels to other participants as text, and is decided by what it says. So what is executed is the text with the values
//! in it. A value can't become anything but a value: each place stands where the parser takes an expression, and what is put there is
//! one literal, or one within a cast, in parentheses.

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

/// A statement whose places are known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParameterizedStatement {
    /// The text between the places; one more than there are places.
    pieces: Vec<String>,
    /// Which parameter each place takes, from 0.
    places: Vec<usize>,
    count: usize,
}

/// The most parameters of a statement.
const MOST: usize = 1_000;

impl ParameterizedStatement {
    /// Finds the places: `?` in their order, or `$1`, `$2` and so on by number. Parses a text that has any, and needs the stack of
    /// [`planner_threads`](crate::sql::planner_threads) for it.
    ///
    /// # Errors
    /// `SQL_SYNTAX` where both kinds are mixed, one is named otherwise, or one stands where no expression can; `SQL_TOO_LARGE` where
    /// there are too many; those of the parser. A text that can't be cut into words has no places: whoever parses it says what is wrong.
    pub fn of(sql: &str, limits: &SqlStatementLimits) -> Result<Self, Refusal> {
        let text = PlacedText::of(sql, limits)?;
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

    /// Finds the places of a text with named parameters, `$site`, and the names in the order in which they first stand there. Needs
    /// the stack of [`planner_threads`](crate::sql::planner_threads), as [`of`](Self::of).
    ///
    /// # Errors
    /// `SQL_SYNTAX` where a parameter has no name; those of [`of`](Self::of).
    pub fn from_named_parameters(
        sql: &str,
        limits: &SqlStatementLimits,
    ) -> Result<(Self, Vec<SqlIdentifier>), Refusal> {
        let text = PlacedText::of(sql, limits)?;
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

    /// How many values it takes.
    #[must_use]
    pub const fn count(&self) -> usize {
        self.count
    }

    /// The text with a value that is lacking in each place, for what can be told of a statement before its values are known.
    #[must_use]
    pub fn without_values(&self) -> String {
        self.fill_places(&vec!["NULL".to_owned(); self.count])
    }

    /// The text with numbered parameters, `$1` and so on, whichever way they were written.
    #[must_use]
    pub fn to_numbered_text(&self) -> String {
        let numbers: Vec<String> = (1..=self.count)
            .map(|number| format!("${number}"))
            .collect();
        self.fill_places(&numbers)
    }

    /// Which parameters say how many rows there are, from 1: those behind LIMIT and OFFSET, of which a plan tells no type.
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

    /// The text with the values of the one row of `parameters`, column by column.
    ///
    /// # Errors
    /// `USAGE` where their number or a type does not fit.
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
                literal(column).ok_or_else(|| {
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
            // INVARIANT: values-stay-values. One literal, in parentheses, where an expression can stand.
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

/// A text cut at the places of its parameters.
struct PlacedText {
    /// What stands between the places; one more than there are places.
    pieces: Vec<String>,
    /// What stands at each place.
    names: Vec<String>,
}

impl PlacedText {
    /// A text that can't be cut into words has no places.
    fn of(sql: &str, limits: &SqlStatementLimits) -> Result<Self, Refusal> {
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
            // What has no values yet is a statement already: so each place stands where an expression can.
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

/// Cuts a text that begins at `from` before the letter at `to`; lines and letters are counted from one.
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

/// The first value of a column as one literal; nothing for a type that has none.
fn literal(column: &dyn Array) -> Option<String> {
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
        DataType::Int8 => Some(number(column.as_primitive::<Int8Type>().value(0))),
        DataType::Int16 => Some(number(column.as_primitive::<Int16Type>().value(0))),
        DataType::Int32 => Some(number(column.as_primitive::<Int32Type>().value(0))),
        DataType::Int64 => Some(number(column.as_primitive::<Int64Type>().value(0))),
        DataType::UInt8 => Some(number(column.as_primitive::<UInt8Type>().value(0))),
        DataType::UInt16 => Some(number(column.as_primitive::<UInt16Type>().value(0))),
        DataType::UInt32 => Some(number(column.as_primitive::<UInt32Type>().value(0))),
        DataType::UInt64 => Some(number(column.as_primitive::<UInt64Type>().value(0))),
        DataType::Float32 => Some(float(f64::from(
            column.as_primitive::<Float32Type>().value(0),
        ))),
        DataType::Float64 => Some(float(column.as_primitive::<Float64Type>().value(0))),
        DataType::Decimal128(precision, scale) => {
            let value = column.as_primitive::<Decimal128Type>().value_as_string(0);
            Some(format!("CAST('{value}' AS DECIMAL({precision}, {scale}))"))
        }
        DataType::Date32 => {
            let day = column.as_primitive::<Date32Type>().value_as_date(0)?;
            Some(format!("CAST('{day}' AS DATE)"))
        }
        DataType::Timestamp(unit, zone) => instant(column, *unit, zone.is_some()),
        _ => None,
    }
}

/// Text between quotes. Only the quote itself ends it: the dialect knows no escape.
fn quote_text(text: &str) -> Option<String> {
    (!text.contains('\0')).then(|| format!("'{}'", text.replace('\'', "''")))
}

fn number(value: impl std::fmt::Display) -> String {
    value.to_string()
}

/// A float that is read as itself again: the shortest decimals that say so, in a form that is no whole number.
fn float(value: f64) -> String {
    format!("CAST('{value:?}' AS DOUBLE)")
}

fn instant(column: &dyn Array, unit: TimeUnit, has_zone: bool) -> Option<String> {
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
    // Of one with a zone the value counts in UTC.
    Some(match has_zone {
        true => format!("CAST('{value}Z' AS TIMESTAMP WITH TIME ZONE)"),
        false => format!("CAST('{value}' AS TIMESTAMP)"),
    })
}

#[cfg(test)]
mod tests;
