//! Conversion of LIKE patterns with ESCAPE to the escape character of the engine, the backslash.

use crate::sql::refused_construct::{add_location, not_allowed};
use datafusion::sql::sqlparser::ast::{
    Expr, Query, Spanned as _, Value, ValueWithSpan, VisitMut as _, VisitorMut,
};
use hansa_policy::refusal::{ErrorCode, Refusal};
use std::ops::ControlFlow;

/// Converts every pattern of `query` to the backslash.
///
/// # Errors
/// `CONSTRUCT_NOT_ALLOWED` if a pattern with ESCAPE is no text literal; `SQL_INVALID` if the escape character is invalid, or if a
/// pattern ends with it.
pub(super) fn write_with_backslash(query: &mut Query) -> Result<(), Refusal> {
    match query.visit(&mut PatternRewriter) {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(refusal) => Err(*refusal),
    }
}

struct PatternRewriter;

impl VisitorMut for PatternRewriter {
    type Break = Box<Refusal>;

    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<Box<Refusal>> {
        let start = expr.span().start;
        let (Expr::Like {
            pattern,
            escape_char,
            ..
        }
        | Expr::ILike {
            pattern,
            escape_char,
            ..
        }) = expr
        else {
            return ControlFlow::Continue(());
        };
        let escape = match escape_char.take() {
            None => Some('\\'),
            Some(value) => match escape_of(&value) {
                Ok(escape) => escape,
                Err(refusal) => return ControlFlow::Break(Box::new(add_location(refusal, start))),
            },
        };
        if let Expr::Value(ValueWithSpan {
            value: Value::SingleQuotedString(text) | Value::EscapedStringLiteral(text),
            ..
        }) = pattern.as_mut()
        {
            return match with_backslash(text, escape) {
                Ok(written) => {
                    *text = written;
                    ControlFlow::Continue(())
                }
                Err(refusal) => ControlFlow::Break(Box::new(add_location(refusal, start))),
            };
        }
        if escape == Some('\\') {
            return ControlFlow::Continue(());
        }
        let refusal = not_allowed("ESCAPE after a pattern that is no text");
        let help = "leave ESCAPE out and write the backslash into the pattern";
        ControlFlow::Break(Box::new(add_location(refusal.with_help(help), start)))
    }
}

/// Escape character, or `None` if ESCAPE is empty.
fn escape_of(value: &ValueWithSpan) -> Result<Option<char>, Refusal> {
    let no_character = || Refusal::new(ErrorCode::SqlInvalid, "ESCAPE takes one character");
    let (Value::SingleQuotedString(text) | Value::EscapedStringLiteral(text)) = &value.value else {
        return Err(no_character());
    };
    let mut letters = text.chars();
    match (letters.next(), letters.next()) {
        (escape, None) => Ok(escape),
        _ => Err(no_character()),
    }
}

/// Pattern with the backslash in place of `escape`.
fn with_backslash(pattern: &str, escape: Option<char>) -> Result<String, Refusal> {
    let mut written = String::with_capacity(pattern.len());
    let mut letters = pattern.chars();
    while let Some(letter) = letters.next() {
        if Some(letter) == escape {
            let meant = letters.next().ok_or_else(|| {
                Refusal::new(
                    ErrorCode::SqlInvalid,
                    "a pattern of LIKE ends with its escape character",
                )
            })?;
            push_itself(&mut written, meant);
        } else if letter == '\\' {
            push_itself(&mut written, letter);
        } else {
            written.push(letter);
        }
    }
    Ok(written)
}

/// Appends a literal character.
fn push_itself(written: &mut String, letter: char) {
    if matches!(letter, '%' | '_' | '\\') {
        written.push('\\');
    }
    written.push(letter);
}

#[cfg(test)]
mod tests {
    use super::with_backslash;

    #[test]
    fn escapes_become_backslashes() {
        for (pattern, escape, expected) in [
            ("gamma!%", Some('!'), "gamma\\%"),
            ("a!!b!_", Some('!'), "a!b\\_"),
            ("a\\%", Some('\\'), "a\\%"),
            ("a\\b", Some('\\'), "ab"),
            ("a\\b%", None, "a\\\\b%"),
            ("a\\!", Some('!'), ""),
        ] {
            match with_backslash(pattern, escape) {
                Ok(written) => assert_eq!(written, expected, "{pattern}"),
                Err(_) => assert_eq!(expected, "", "{pattern}"),
            }
        }
    }
}
