//! SQL texts with long lists of keys. A text with a few values for each list is written and checked like any text. Then all values
//! are inserted, and the tokens of the text are compared: the values of an IN list can't change the meaning of the surrounding
//! text.

use super::RemoteSqlWriter;
use crate::federation::query_ir::RemoteSelect;
use crate::federation::remote_sql::verified_sql::{UnsupportedExpr, VerifiedSql};
use crate::sql::dialect::StatementDialect;
use datafusion::common::ScalarValue;
use datafusion::logical_expr::{Expr, lit};
use datafusion::sql::sqlparser::keywords::Keyword;
use datafusion::sql::sqlparser::tokenizer::{Token, Tokenizer};
use std::fmt::Write as _;

/// IN condition with many values.
#[derive(Debug, Clone)]
pub(in crate::federation) struct InListPredicate {
    /// Expression that is compared with the values.
    pub(in crate::federation) what: Expr,
    /// Distinct values.
    pub(in crate::federation) values: Vec<ScalarValue>,
}

/// Number of values that represent a list. A list with less than twice as many is written completely. It exceeds the number that
/// the engine expands to comparisons.
const FEW: usize = 16;

impl RemoteSqlWriter {
    /// Writes a query with these lists among its conditions. The text equals that of [`RemoteSqlWriter::write`] with all values.
    pub(in crate::federation) fn write_among(
        &self,
        query: &RemoteSelect,
        lists: &[InListPredicate],
    ) -> Result<VerifiedSql, UnsupportedExpr> {
        match self.by_place(query, lists)? {
            Some(text) => Ok(text),
            None => self.write(&add_conditions(
                query,
                lists.iter().map(InListPredicate::to_expr),
            )),
        }
    }

    /// Text with all values, if each long list has a position that parses back separately.
    fn by_place(
        &self,
        query: &RemoteSelect,
        lists: &[InListPredicate],
    ) -> Result<Option<VerifiedSql>, UnsupportedExpr> {
        let lists_in_order = lists.iter().enumerate();
        let parts = lists_in_order.map(|(at, list)| ListSlot::for_list(at, list));
        let parts: Vec<Option<ListSlot>> = parts.collect();
        if parts.iter().all(Option::is_none) {
            return Ok(None);
        }
        let conditions = lists.iter().zip(&parts).map(|(list, part)| match part {
            Some(part) => list.expr_with_values(part.few),
            None => list.to_expr(),
        });
        let mut text = self.write(&add_conditions(query, conditions))?;
        let Some(mut meant) = tokenize_sql(&text.sql) else {
            return Ok(None);
        };
        for part in parts.iter().flatten() {
            let mut places = text.sql.match_indices(&part.stands);
            let (Some((place, _)), None) = (places.next(), places.next()) else {
                return Ok(None);
            };
            let end = place.saturating_add(part.stands.len());
            text.sql.replace_range(place..end, &part.all);
            if !part.put_values(&mut meant) {
                return Ok(None);
            }
        }
        if text.sql.len() > self.limits.bytes || self.limits.count_tokens(meant.iter()).is_err() {
            return Err(UnsupportedExpr(format!("{} bytes of keys", text.sql.len())));
        }
        // The parser sees tokens only. The tokens must be those of the checked text with the values at the position of the list.
        let same = tokenize_sql(&text.sql).is_some_and(|tokens| tokens == meant);
        Ok(same.then_some(text))
    }
}

fn add_conditions(query: &RemoteSelect, conditions: impl Iterator<Item = Expr>) -> RemoteSelect {
    let mut query = query.clone();
    query.conjuncts.extend(conditions);
    query
}

impl InListPredicate {
    fn to_expr(&self) -> Expr {
        self.expr_with_values(&self.values)
    }

    fn expr_with_values(&self, values: &[ScalarValue]) -> Expr {
        let values = values.iter().cloned().map(lit).collect();
        self.what.clone().in_list(values, false)
    }
}

/// Long list at its position in the text.
struct ListSlot<'a> {
    /// Values that represent the list while the text is written.
    few: &'a [ScalarValue],
    /// Text of these values.
    stands: String,
    standing: Vec<Token>,
    /// Text of all values.
    all: String,
    values: Vec<Token>,
}

impl<'a> ListSlot<'a> {
    /// None where a list is short, or holds values that are not plain: such a text is written and read back whole. Lists that
    /// begin alike are told apart by where the values are taken from.
    fn for_list(at: usize, list: &'a InListPredicate) -> Option<Self> {
        let from = at.checked_mul(FEW)?;
        let few = list.values.get(from..from.checked_add(FEW)?)?;
        if list.values.len() < FEW.saturating_mul(2) {
            return None;
        }
        let (stands, all) = (format_value_list(few)?, format_value_list(&list.values)?);
        Some(Self {
            few,
            standing: read_list_tokens(&stands, few)?,
            values: read_list_tokens(&all, &list.values)?,
            stands,
            all,
        })
    }

    /// Replaces the representative values by all values, if they occur exactly once, after IN.
    fn put_values(&self, tokens: &mut Vec<Token>) -> bool {
        let size = self.standing.len();
        let found = tokens.windows(size).enumerate();
        let mut found = found.filter(|(_, window)| *window == self.standing.as_slice());
        let (Some((at, _)), None) = (found.next(), found.next()) else {
            return false;
        };
        let before = at.checked_sub(1).and_then(|before| tokens.get(before));
        let is_in = matches!(before, Some(Token::Word(word)) if word.keyword == Keyword::IN);
        if is_in {
            let end = at.saturating_add(size);
            tokens.splice(at..end, self.values.iter().cloned());
        }
        is_in
    }
}

/// Text of the values in an SQL list: non-negative integers and texts.
fn format_value_list(values: &[ScalarValue]) -> Option<String> {
    let mut text = String::from("(");
    for (at, value) in values.iter().enumerate() {
        if at > 0 {
            text.push_str(", ");
        }
        match to_plain_literal(value)? {
            PlainLiteral::Number(number) => write!(text, "{number}").ok()?,
            PlainLiteral::Text(word) => write!(text, "'{}'", word.replace('\'', "''")).ok()?,
        }
    }
    text.push(')');
    Some(text)
}

/// Value whose literal needs no type.
#[derive(PartialEq)]
enum PlainLiteral<'a> {
    Number(i64),
    Text(&'a str),
}

fn to_plain_literal(value: &ScalarValue) -> Option<PlainLiteral<'_>> {
    let number = match value {
        ScalarValue::Int8(Some(number)) => i64::from(*number),
        ScalarValue::Int16(Some(number)) => i64::from(*number),
        ScalarValue::Int32(Some(number)) => i64::from(*number),
        ScalarValue::Int64(Some(number)) => *number,
        ScalarValue::UInt8(Some(number)) => i64::from(*number),
        ScalarValue::UInt16(Some(number)) => i64::from(*number),
        ScalarValue::UInt32(Some(number)) => i64::from(*number),
        ScalarValue::UInt64(Some(number)) => i64::try_from(*number).ok()?,
        ScalarValue::Utf8(Some(text))
        | ScalarValue::LargeUtf8(Some(text))
        | ScalarValue::Utf8View(Some(text)) => return Some(PlainLiteral::Text(text)),
        _ => return None,
    };
    (number >= 0).then_some(PlainLiteral::Number(number))
}

/// Tokens of a list, if it parses to exactly these values.
fn read_list_tokens(text: &str, values: &[ScalarValue]) -> Option<Vec<Token>> {
    let tokens = tokenize_sql(text)?;
    let (first, rest) = tokens.split_first()?;
    let last = values.len().checked_sub(1)?;
    let is_pair = |(at, (pair, value)): (usize, (&[Token], &ScalarValue))| {
        let [token, behind] = pair else {
            return false;
        };
        let ends = if at == last {
            Token::RParen
        } else {
            Token::Comma
        };
        let is_value = match (token, to_plain_literal(value)) {
            (Token::Number(digits, false), Some(PlainLiteral::Number(number))) => {
                digits.parse() == Ok(number)
            }
            (Token::SingleQuotedString(word), Some(PlainLiteral::Text(text))) => word == text,
            _ => false,
        };
        is_value && *behind == ends
    };
    let whole = *first == Token::LParen && rest.len() == values.len().saturating_mul(2);
    let mut pairs = rest.chunks(2).zip(values).enumerate();
    (whole && pairs.all(is_pair)).then_some(tokens)
}

/// Tokens of a text, or `None` if it can't be tokenised.
fn tokenize_sql(sql: &str) -> Option<Vec<Token>> {
    let mut tokens = Tokenizer::new(&StatementDialect, sql).tokenize().ok()?;
    tokens.retain(|token| !matches!(token, Token::Whitespace(_) | Token::EOF));
    Some(tokens)
}

#[cfg(test)]
mod tests;
