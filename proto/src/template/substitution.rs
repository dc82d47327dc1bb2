//! Parameters in values: their places and their substitution.

use super::ParameterType;
use hansa_policy::safe_text::to_printable;
use std::collections::{BTreeMap, BTreeSet};
use toml::Value;
use toml::value::Datetime;

/// Checks that a name in braces is bound by each question, and is no parameter of a template.
pub(super) fn is_bound_later(name: &str) -> bool {
    name == "consumer" || name.starts_with("consumer.")
}

/// Collects the names in braces in a value.
pub(super) fn collect_parameter_names(value: &Value, names: &mut BTreeSet<String>) {
    match value {
        Value::String(text) => {
            for piece in split_pieces(text) {
                if let TextSegment::Hole(name) = piece {
                    names.insert(name.to_owned());
                }
            }
        }
        Value::Array(items) => items
            .iter()
            .for_each(|item| collect_parameter_names(item, names)),
        Value::Table(table) => table
            .values()
            .for_each(|item| collect_parameter_names(item, names)),
        Value::Integer(_) | Value::Float(_) | Value::Boolean(_) | Value::Datetime(_) => {}
    }
}

/// Part of a text.
enum TextSegment<'t> {
    Plain(&'t str),
    Hole(&'t str),
}

fn split_pieces(text: &str) -> Vec<TextSegment<'_>> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("{{") {
        let Some((name, behind)) = after.split_once("}}") else {
            break;
        };
        found.extend([TextSegment::Plain(before), TextSegment::Hole(name.trim())]);
        rest = behind;
    }
    found.push(TextSegment::Plain(rest));
    found
}

/// First parameter of a row filter that is no complete literal, because it is within quotes or beside letters. Its value would be
/// read as part of another token.
pub(super) fn no_literal(filter: &str) -> Option<&str> {
    let pieces = split_pieces(filter);
    let (mut single, mut double) = (false, false);
    let mut before = None;
    for (at, piece) in pieces.iter().enumerate() {
        match piece {
            TextSegment::Plain(plain) => {
                for letter in plain.chars() {
                    match letter {
                        '\'' if !double => single = !single,
                        '"' if !single => double = !double,
                        _ => {}
                    }
                }
                before = plain.chars().next_back();
            }
            TextSegment::Hole(name) => {
                let after = match pieces.get(at.saturating_add(1)) {
                    Some(TextSegment::Plain(plain)) => plain.chars().next(),
                    Some(TextSegment::Hole(_)) | None => None,
                };
                // Between two adjacent parameters is an empty text, which does not separate them.
                let parameter_before = at > 1 && before.is_none();
                let touches = |letter: Option<char>| {
                    letter.is_some_and(|l| l.is_alphanumeric() || "_'\".".contains(l))
                };
                if single || double || parameter_before || touches(before) || touches(after) {
                    return Some(name);
                }
            }
        }
    }
    None
}

/// Converts a text to a value for a parameter.
pub(super) fn convert_value(kind: ParameterType, text: &str) -> Result<Value, String> {
    let line = |text: &str| -> Result<String, String> {
        let text = text.trim();
        if text.is_empty() || to_printable(text) != text || text.contains("{{") {
            return Err("it is filled with one line of text".to_owned());
        }
        Ok(text.to_owned())
    };
    match kind {
        ParameterType::Text => line(text).map(Value::String),
        ParameterType::Integer { least, most } => match text.trim().replace('_', "").parse::<i64>()
        {
            Ok(number) if (least..=most).contains(&number) => Ok(Value::Integer(number)),
            _ => Err(format!(
                "`{}` is no {}",
                to_printable(text),
                kind.description()
            )),
        },
        ParameterType::Date => match text.trim().parse::<Datetime>() {
            Ok(day) if day.date.is_some() && day.time.is_none() && day.offset.is_none() => {
                Ok(Value::Datetime(day))
            }
            _ => Err(format!(
                "`{}` is no day such as 2027-12-31",
                to_printable(text)
            )),
        },
        ParameterType::List => {
            let items: Result<Vec<Value>, String> = text
                .split(',')
                .map(|item| line(item).map(Value::String))
                .collect();
            items.map(Value::Array)
        }
    }
}

/// Context of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ParameterContext {
    /// Row filter, in which a value is a literal.
    Filter,
    /// Any other context.
    Plain,
}

impl ParameterContext {
    /// Returns the context of a policy key.
    pub(super) fn of(key: &str) -> Self {
        if key == "rows" {
            Self::Filter
        } else {
            Self::Plain
        }
    }
}

/// Returns the value with its parameters filled. Unfilled ones stay and are reported elsewhere.
pub(super) fn fill_parameters(
    value: &Value,
    context: ParameterContext,
    values: &BTreeMap<String, Value>,
) -> Result<Value, String> {
    match value {
        Value::String(text) => filled_text(text, context, values),
        Value::Array(items) => {
            let items: Result<_, _> = items
                .iter()
                .map(|item| fill_parameters(item, context, values))
                .collect();
            items.map(Value::Array)
        }
        Value::Table(table) => {
            let entries: Result<_, String> = table
                .iter()
                .map(|(key, item)| Ok((key.clone(), fill_parameters(item, context, values)?)))
                .collect();
            entries.map(Value::Table)
        }
        Value::Integer(_) | Value::Float(_) | Value::Boolean(_) | Value::Datetime(_) => {
            Ok(value.clone())
        }
    }
}

fn filled_text(
    text: &str,
    context: ParameterContext,
    values: &BTreeMap<String, Value>,
) -> Result<Value, String> {
    let pieces = split_pieces(text);
    if let (
        [
            TextSegment::Plain(""),
            TextSegment::Hole(name),
            TextSegment::Plain(""),
        ],
        ParameterContext::Plain,
    ) = (pieces.as_slice(), context)
        && let Some(value) = values.get(*name)
    {
        return Ok(value.clone());
    }
    let mut whole = String::new();
    for piece in pieces {
        match piece {
            TextSegment::Plain(plain) => whole.push_str(plain),
            TextSegment::Hole(name) => match values.get(name) {
                None => whole.push_str(&format!("{{{{{name}}}}}")),
                Some(value) => whole.push_str(&format_value(value, context)?),
            },
        }
    }
    Ok(Value::String(whole))
}

/// Formats a value inside a text.
fn format_value(value: &Value, context: ParameterContext) -> Result<String, String> {
    match (value, context) {
        (Value::String(text), ParameterContext::Filter) => Ok(sql_literal(text)),
        (Value::Datetime(day), ParameterContext::Filter) => Ok(sql_literal(&day.to_string())),
        (Value::Integer(number), _) => Ok(number.to_string()),
        (Value::String(text), ParameterContext::Plain) => Ok(text.clone()),
        (Value::Datetime(day), ParameterContext::Plain) => Ok(day.to_string()),
        (Value::Array(items), ParameterContext::Filter) => {
            let items: Result<Vec<String>, String> = items
                .iter()
                .map(|item| format_value(item, context))
                .collect();
            items.map(|items| items.join(", "))
        }
        _ => Err("a list fills a whole value, or stands in a row filter".to_owned()),
    }
}

/// Formats a text as an SQL literal.
fn sql_literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}
