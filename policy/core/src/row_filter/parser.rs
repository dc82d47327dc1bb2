//! Parser of row filters: a tokenizer, then recursive descent through OR, AND, NOT and comparisons.

use super::{
    ComparisonOperator, DEEPEST, FilterOperand, MOST_CHARACTERS, PolicyLiteral, RowFilter,
};
use crate::id::SqlIdentifier;
use crate::refusal::{ErrorCode, Refusal};

pub(super) fn parse_filter_text(text: &str) -> Result<RowFilter, Refusal> {
    if text.len() > MOST_CHARACTERS {
        return Err(Refusal::new(
            ErrorCode::TermIllTyped,
            format!("the row filter is longer than {MOST_CHARACTERS} characters"),
        ));
    }
    let mut parser = FilterParser {
        tokens: split_tokens(text)?,
        next: 0,
        end: text.chars().count(),
    };
    let filter = parser.any_of(0)?;
    if let Some(token) = parser.peek() {
        return Err(parser.unknown_construct_refusal(&format!("`{}`", token.format_token())));
    }
    filter.check()?;
    Ok(filter)
}

#[derive(Debug, Clone, PartialEq)]
enum FilterToken {
    Word(String),
    Text(String),
    Number(String),
    Sign(&'static str),
    Consumer,
}

impl FilterToken {
    fn format_token(&self) -> String {
        match self {
            Self::Word(word) | Self::Number(word) => word.clone(),
            Self::Text(text) => format!("'{text}'"),
            Self::Sign(sign) => (*sign).to_owned(),
            Self::Consumer => "{{consumer}}".to_owned(),
        }
    }
}

const SIGNS: [&str; 11] = ["<>", "!=", "<=", ">=", "<", ">", "=", "(", ")", ",", "-"];

fn split_tokens(text: &str) -> Result<Vec<(usize, FilterToken)>, Refusal> {
    let mut out = Vec::new();
    let mut rest = text;
    let mut place = 1;
    while let Some(head) = rest.chars().next() {
        let (token, taken) = if head.is_ascii_whitespace() {
            (None, 1)
        } else if let Some(inner) = rest.strip_prefix('\'') {
            let (value, taken) = read_quoted_text(inner)
                .ok_or_else(|| refusal_at_place(place, "a text is not closed"))?;
            (Some(FilterToken::Text(value)), taken)
        } else if rest.starts_with("{{consumer}}") {
            (Some(FilterToken::Consumer), "{{consumer}}".len())
        } else if head.is_ascii_digit() {
            let taken = prefix_length(rest, |c| c.is_ascii_alphanumeric() || c == '.');
            (
                rest.get(..taken).map(|t| FilterToken::Number(t.to_owned())),
                taken,
            )
        } else if head.is_ascii_alphabetic() || head == '_' {
            let taken = prefix_length(rest, |c| c.is_ascii_alphanumeric() || c == '_');
            (
                rest.get(..taken).map(|t| FilterToken::Word(t.to_owned())),
                taken,
            )
        } else if let Some(sign) = SIGNS.into_iter().find(|sign| rest.starts_with(sign)) {
            (Some(FilterToken::Sign(sign)), sign.len())
        } else {
            return Err(refusal_at_place(
                place,
                &format!("`{head}` is not understood"),
            ));
        };
        if let Some(token) = token {
            out.push((place, token));
        }
        let (done, left) = rest.split_at_checked(taken).unwrap_or((rest, ""));
        place += done.chars().count();
        rest = left;
    }
    Ok(out)
}

/// Value of a quoted text after its opening quote, and the number of bytes with both quotes.
fn read_quoted_text(inner: &str) -> Option<(String, usize)> {
    let mut value = String::new();
    let mut chars = inner.char_indices().peekable();
    while let Some((index, c)) = chars.next() {
        if c != '\'' {
            value.push(c);
        } else if chars.next_if(|(_, next)| *next == '\'').is_some() {
            value.push('\'');
        } else {
            return Some((value, index + 2));
        }
    }
    None
}

fn prefix_length(text: &str, wanted: impl Fn(char) -> bool) -> usize {
    text.find(|c| !wanted(c)).unwrap_or(text.len())
}

fn refusal_at_place(place: usize, sentence: &str) -> Refusal {
    Refusal::new(
        ErrorCode::TermIllTyped,
        format!("row filter, character {place}: {sentence}"),
    )
}

struct FilterParser {
    tokens: Vec<(usize, FilterToken)>,
    next: usize,
    end: usize,
}

impl FilterParser {
    fn peek(&self) -> Option<&FilterToken> {
        self.tokens.get(self.next).map(|(_, token)| token)
    }

    fn take_token(&mut self) -> Option<FilterToken> {
        let token = self.tokens.get(self.next).map(|(_, token)| token.clone());
        self.next += usize::from(token.is_some());
        token
    }

    fn place(&self) -> usize {
        self.tokens
            .get(self.next)
            .map_or(self.end + 1, |(place, _)| *place)
    }

    fn syntax_refusal(&self, sentence: &str) -> Refusal {
        refusal_at_place(self.place(), sentence)
    }

    fn unknown_construct_refusal(&self, what: &str) -> Refusal {
        Refusal::new(
            ErrorCode::TermUnknown,
            format!(
                "row filter, character {}: {what} is not part of the grammar",
                self.place()
            ),
        )
        .with_help("use columns, literals, = <> < <= > >=, IN, BETWEEN, IS NULL, AND, OR, NOT and {{consumer}}")
    }

    fn take_keyword(&mut self, wanted: &str) -> bool {
        let found = matches!(self.peek(), Some(FilterToken::Word(word)) if word.eq_ignore_ascii_case(wanted));
        self.next += usize::from(found);
        found
    }

    fn sign(&mut self, wanted: &str) -> bool {
        let found = matches!(self.peek(), Some(FilterToken::Sign(sign)) if *sign == wanted);
        self.next += usize::from(found);
        found
    }

    fn expect_sign(&mut self, wanted: &str) -> Result<(), Refusal> {
        if self.sign(wanted) {
            Ok(())
        } else {
            Err(self.syntax_refusal(&format!("`{wanted}` is missing")))
        }
    }

    fn any_of(&mut self, depth: usize) -> Result<RowFilter, Refusal> {
        self.parse_joined_parts(depth, "OR", Self::all_of, |part| match part {
            RowFilter::Or(parts) => Ok(parts),
            other => Err(other),
        })
        .map(|parts| one_or(parts, RowFilter::Or))
    }

    fn all_of(&mut self, depth: usize) -> Result<RowFilter, Refusal> {
        self.parse_joined_parts(depth, "AND", Self::parse_negation, |part| match part {
            RowFilter::And(parts) => Ok(parts),
            other => Err(other),
        })
        .map(|parts| one_or(parts, RowFilter::And))
    }

    /// Parts joined by `word`. A parenthesised part with the same word is flattened, so that one meaning has one tree.
    fn parse_joined_parts(
        &mut self,
        depth: usize,
        word: &str,
        part: fn(&mut Self, usize) -> Result<RowFilter, Refusal>,
        open: fn(RowFilter) -> Result<Vec<RowFilter>, RowFilter>,
    ) -> Result<Vec<RowFilter>, Refusal> {
        let mut parts = Vec::new();
        loop {
            let next = part(self, depth)?;
            parts.push(next);
            if !self.take_keyword(word) {
                break;
            }
        }
        if parts.len() == 1 {
            return Ok(parts);
        }
        let mut flat = Vec::with_capacity(parts.len());
        for part in parts {
            match open(part) {
                Ok(inner) => flat.extend(inner),
                Err(other) => flat.push(other),
            }
        }
        Ok(flat)
    }

    fn parse_negation(&mut self, depth: usize) -> Result<RowFilter, Refusal> {
        // Redundant parentheses count too, since they deepen the recursion of the parser.
        if depth > DEEPEST {
            return Err(self.syntax_refusal(&format!("nested deeper than {DEEPEST}")));
        }
        if self.take_keyword("NOT") {
            let part = self.parse_negation(depth + 1)?;
            return Ok(RowFilter::Not(Box::new(part)));
        }
        if self.sign("(") {
            let inner = self.any_of(depth + 1)?;
            self.expect_sign(")")?;
            return Ok(inner);
        }
        self.parse_condition()
    }

    fn parse_condition(&mut self) -> Result<RowFilter, Refusal> {
        let place = self.next;
        let column = match self.take_token() {
            Some(FilterToken::Word(word)) => {
                word.parse::<SqlIdentifier>().map_err(|malformed| {
                    self.next = place;
                    self.syntax_refusal(&format!("`{word}` is no column: {malformed}"))
                })?
            }
            Some(other) => {
                self.next = place;
                return Err(self.syntax_refusal(&format!(
                    "a condition starts with a column, not with `{}`",
                    other.format_token()
                )));
            }
            None => return Err(self.syntax_refusal("a condition is missing")),
        };
        if self.sign("(") {
            self.next = place;
            return Err(self.unknown_construct_refusal(&format!("the function `{column}`")));
        }
        if self.take_keyword("IS") {
            let negated = self.take_keyword("NOT");
            if !self.take_keyword("NULL") {
                return Err(self.syntax_refusal("`NULL` is missing after IS"));
            }
            return Ok(RowFilter::IsNull { column, negated });
        }
        let negated = self.take_keyword("NOT");
        if self.take_keyword("IN") {
            let list = self.parse_list()?;
            return Ok(RowFilter::In {
                column,
                negated,
                list,
            });
        }
        if self.take_keyword("BETWEEN") {
            let low = self.parse_operand()?;
            if !self.take_keyword("AND") {
                return Err(self.syntax_refusal("`AND` is missing after BETWEEN"));
            }
            let high = self.parse_operand()?;
            return Ok(RowFilter::Between {
                column,
                negated,
                low,
                high,
            });
        }
        if negated {
            return Err(self.unknown_construct_refusal("NOT in this place"));
        }
        let op = self.parse_comparison()?;
        let with = self.parse_operand()?;
        Ok(RowFilter::Compare { column, op, with })
    }

    fn parse_comparison(&mut self) -> Result<ComparisonOperator, Refusal> {
        let op = match self.peek() {
            Some(FilterToken::Sign("=")) => ComparisonOperator::Eq,
            Some(FilterToken::Sign("<>" | "!=")) => ComparisonOperator::NotEq,
            Some(FilterToken::Sign("<")) => ComparisonOperator::Lt,
            Some(FilterToken::Sign("<=")) => ComparisonOperator::LtEq,
            Some(FilterToken::Sign(">")) => ComparisonOperator::Gt,
            Some(FilterToken::Sign(">=")) => ComparisonOperator::GtEq,
            Some(other) => {
                return Err(self.unknown_construct_refusal(&format!("`{}`", other.format_token())));
            }
            None => return Err(self.syntax_refusal("a comparison is missing")),
        };
        self.next += 1;
        Ok(op)
    }

    fn parse_list(&mut self) -> Result<Vec<FilterOperand>, Refusal> {
        self.expect_sign("(")?;
        let mut list = Vec::new();
        loop {
            list.push(self.parse_operand()?);
            if !self.sign(",") {
                break;
            }
        }
        self.expect_sign(")")?;
        Ok(list)
    }

    fn parse_operand(&mut self) -> Result<FilterOperand, Refusal> {
        let place = self.next;
        let negative = self.sign("-");
        let literal = match self.take_token() {
            Some(FilterToken::Number(digits)) => parse_number(negative, &digits),
            Some(FilterToken::Text(text)) if !negative => Some(PolicyLiteral::Text(text)),
            Some(FilterToken::Consumer) if !negative => return Ok(FilterOperand::Consumer),
            Some(FilterToken::Word(word)) if !negative && word.eq_ignore_ascii_case("true") => {
                Some(PolicyLiteral::Bool(true))
            }
            Some(FilterToken::Word(word)) if !negative && word.eq_ignore_ascii_case("false") => {
                Some(PolicyLiteral::Bool(false))
            }
            Some(FilterToken::Word(word)) => {
                self.next = place;
                return Err(
                    self.unknown_construct_refusal(&format!("`{word}` in place of a literal"))
                );
            }
            Some(_) | None => None,
        };
        literal.map(FilterOperand::Literal).ok_or_else(|| {
            self.next = place;
            self.syntax_refusal("a literal is missing or can't be read")
        })
    }
}

/// Integer, or decimal in its canonical notation.
fn parse_number(negative: bool, digits: &str) -> Option<PolicyLiteral> {
    let sign = if negative { "-" } else { "" };
    let text = format!("{sign}{digits}");
    if digits.contains('.') {
        return super::is_decimal(&text).then_some(PolicyLiteral::Decimal(text));
    }
    text.parse().ok().map(PolicyLiteral::Int)
}

fn one_or(mut parts: Vec<RowFilter>, join: fn(Vec<RowFilter>) -> RowFilter) -> RowFilter {
    if parts.len() == 1
        && let Some(only) = parts.pop()
    {
        return only;
    }
    join(parts)
}
