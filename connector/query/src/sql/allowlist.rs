//! Allowlist of SQL: one query that consists of the listed syntax nodes and is within the limits. Any other node is refused.
//!
//! Each node is destructured completely, so that a new field in the parser's tree causes a compile error.

mod expr;
mod function_call;
mod query;
pub(super) mod relation;
mod statement_size;

use crate::limits::SqlStatementLimits;
use crate::sql::dialect::StatementDialect;
use crate::sql::refused_construct::{add_location, not_allowed};
use crate::sql::resolver::TableResolver;
use datafusion::sql::sqlparser::ast::{Query, Statement};
use datafusion::sql::sqlparser::keywords::Keyword;
use datafusion::sql::sqlparser::parser::{Parser, ParserError};
use datafusion::sql::sqlparser::tokenizer::{Location, Token, TokenWithSpan, Tokenizer};
use hansa_policy::refusal::{ErrorCode, Refusal};

/// Parses and checks the single query of `sql`. Also returns a flag for EXPLAIN.
///
/// # Errors
/// `SQL_TOO_LARGE`, `SQL_TOO_DEEP`, `SQL_SYNTAX`, `ONE_STATEMENT_ONLY`, `STATEMENT_NOT_ALLOWED`, `CONSTRUCT_NOT_ALLOWED`,
/// `DATASET_UNKNOWN`, `FUNCTION_UNKNOWN`.
pub fn parse_allowed_query(
    sql: &str,
    limits: &SqlStatementLimits,
    tables: &dyn TableResolver,
) -> Result<(Box<Query>, bool), Refusal> {
    let (query, explain) = parse_query(sql, limits)?;
    let mut walk = AllowlistVisitor::new(limits, tables);
    walk.check_query(&query)?;
    Ok((query, explain))
}

/// The one query of `sql` before it is held against the list, and whether it is to be explained.
///
/// # Errors
/// Those of [`parse_statement`].
pub(super) fn parse_query(
    sql: &str,
    limits: &SqlStatementLimits,
) -> Result<(Box<Query>, bool), Refusal> {
    query_of(parse_statement(sql, limits)?)
}

/// Where a query that is not explained names tables of the resolver, in the order of the text.
///
/// # Errors
/// Those of [`parse_allowed_query`].
pub(super) fn table_places(
    sql: &str,
    limits: &SqlStatementLimits,
    tables: &dyn TableResolver,
) -> Result<Vec<Location>, Refusal> {
    let (query, explain) = parse_query(sql, limits)?;
    if explain {
        return Err(not_a_query("EXPLAIN"));
    }
    let mut walk = AllowlistVisitor::new(limits, tables);
    walk.check_query(&query)?;
    let mut places = walk.places;
    places.sort_by_key(|place| (place.line, place.column));
    places.dedup();
    Ok(places)
}

/// Parses the single statement of `sql`, within the size limits and without a check of its nodes.
///
/// # Errors
/// `SQL_TOO_LARGE`, `SQL_TOO_DEEP`, `SQL_SYNTAX`, `ONE_STATEMENT_ONLY`, `STATEMENT_NOT_ALLOWED`.
pub(super) fn parse_statement(
    sql: &str,
    limits: &SqlStatementLimits,
) -> Result<Statement, Refusal> {
    if sql.len() > limits.bytes {
        return Err(too_large(&format!(
            "the statement has {} bytes, {} are accepted",
            sql.len(),
            limits.bytes
        )));
    }
    let tokens = Tokenizer::new(&StatementDialect, sql)
        .tokenize_with_location()
        .map_err(|error| syntax_refusal(&error.message, error.location))?;
    limits.count_tokens(tokens.iter().map(|token| &token.token))?;
    check_parser_depth(&tokens, limits)?;
    let mut parser = Parser::new(&StatementDialect)
        .with_recursion_limit(limits.nesting.saturating_mul(4))
        .with_tokens_with_locations(tokens);
    if let Some(word) = forbidden_start(&mut parser) {
        return Err(not_a_query(&word));
    }
    let parsed = parser.parse_statement();
    let statement = parsed.map_err(|error| parser_error(&error, text_end(sql)))?;
    let mut closed = false;
    while parser.consume_token(&Token::SemiColon) {
        closed = true;
    }
    let rest = parser.peek_token();
    if rest.token != Token::EOF {
        if closed {
            return Err(Refusal::new(
                ErrorCode::OneStatementOnly,
                "the text holds more than one statement",
            ));
        }
        return Err(syntax_refusal(
            &format!("unexpected `{}`", rest.token),
            rest.span.start,
        ));
    }
    Ok(statement)
}

/// Checks that `sql` is one query without EXPLAIN. The allowlist is not checked, since that depends on the tables.
///
/// # Errors
/// Those of [`parse_statement`], and `STATEMENT_NOT_ALLOWED`.
pub(super) fn one_query(sql: &str, limits: &SqlStatementLimits) -> Result<(), Refusal> {
    match parse_query(sql, limits)? {
        (_, false) => Ok(()),
        (_, true) => Err(not_a_query("EXPLAIN")),
    }
}

/// Refuses texts that would recurse too deeply in the parser: parentheses, CASE expressions, and chains of signs and NOT.
fn check_parser_depth(
    tokens: &[TokenWithSpan],
    limits: &SqlStatementLimits,
) -> Result<(), Refusal> {
    let (mut open, mut cases, mut prefixes) = (0_usize, 0_usize, 0_usize);
    for token in tokens {
        prefixes = match &token.token {
            Token::Whitespace(_) => prefixes,
            Token::Minus | Token::Plus | Token::Tilde => prefixes.saturating_add(1),
            Token::Word(word) if word.keyword == Keyword::NOT => prefixes.saturating_add(1),
            _ => 0,
        };
        match &token.token {
            Token::LParen | Token::LBracket | Token::LBrace => open = open.saturating_add(1),
            Token::RParen | Token::RBracket | Token::RBrace => open = open.saturating_sub(1),
            Token::Word(word) if word.keyword == Keyword::CASE => cases = cases.saturating_add(1),
            Token::Word(word) if word.keyword == Keyword::END => cases = cases.saturating_sub(1),
            _ => {}
        }
        if open.max(cases).max(prefixes) > limits.nesting {
            return Err(too_deep(limits));
        }
    }
    Ok(())
}

fn query_of(statement: Statement) -> Result<(Box<Query>, bool), Refusal> {
    match statement {
        Statement::Query(query) => Ok((query, false)),
        Statement::Explain {
            describe_alias: _,
            analyze: false,
            verbose: false,
            query_plan: false,
            estimate: false,
            statement,
            format: None,
            options: None,
        } => match *statement {
            Statement::Query(query) => Ok((query, true)),
            _ => Err(not_a_query("EXPLAIN of this statement")),
        },
        Statement::Explain { .. } => Err(not_a_query("EXPLAIN with options")),
        _ => Err(not_a_query("this statement")),
    }
}

/// First word, if it starts a statement that is no query. The statement then need not be parsed.
fn forbidden_start(parser: &mut Parser<'_>) -> Option<String> {
    let Token::Word(word) = parser.peek_token().token else {
        return None;
    };
    if word.quote_style.is_some() {
        return None;
    }
    let first = word.value.to_ascii_uppercase();
    match first.as_str() {
        "SELECT" | "WITH" | "VALUES" | "TABLE" | "EXPLAIN" | "FROM" => None,
        _ if STATEMENTS.contains(&first.as_str()) => Some(first),
        _ => None,
    }
}

const STATEMENTS: [&str; 38] = [
    "ALTER",
    "ANALYZE",
    "ATTACH",
    "BEGIN",
    "CALL",
    "CLUSTER",
    "COMMENT",
    "COMMIT",
    "COPY",
    "CREATE",
    "DEALLOCATE",
    "DECLARE",
    "DELETE",
    "DESC",
    "DESCRIBE",
    "DETACH",
    "DROP",
    "EXECUTE",
    "FETCH",
    "GRANT",
    "INSERT",
    "INSTALL",
    "KILL",
    "LOAD",
    "MERGE",
    "OPTIMIZE",
    "PRAGMA",
    "PREPARE",
    "REFRESH",
    "RESET",
    "REVOKE",
    "ROLLBACK",
    "SET",
    "SHOW",
    "TRUNCATE",
    "UPDATE",
    "USE",
    "VACUUM",
];

pub(crate) struct AllowlistVisitor<'a> {
    limits: &'a SqlStatementLimits,
    tables: &'a dyn TableResolver,
    operators: usize,
    /// Number of table references so far. Those of a CTE count at each reference to the CTE.
    references: usize,
    /// Number of list values so far. Those of a CTE count at each reference to the CTE.
    values: usize,
    joins: usize,
    arms: usize,
    depth: usize,
    /// CTEs in scope.
    ctes: Vec<CteSize>,
    /// Positions of tables of the resolver, in the order of the walk.
    places: Vec<Location>,
}

impl<'a> AllowlistVisitor<'a> {
    const fn new(limits: &'a SqlStatementLimits, tables: &'a dyn TableResolver) -> Self {
        Self {
            limits,
            tables,
            operators: 0,
            references: 0,
            values: 0,
            joins: 0,
            arms: 0,
            depth: 0,
            ctes: Vec::new(),
            places: Vec::new(),
        }
    }
}

/// CTE with its size.
#[derive(Debug)]
struct CteSize {
    name: String,
    tables: usize,
    values: usize,
}

impl AllowlistVisitor<'_> {
    fn count_operator(&mut self) -> Result<(), Refusal> {
        self.operators = self.operators.saturating_add(1);
        check_limit(self.operators, self.limits.operators, "operators")
    }

    fn count_arm(&mut self) -> Result<(), Refusal> {
        self.arms = self.arms.saturating_add(1);
        check_limit(
            self.arms,
            self.limits.arms.saturating_sub(1),
            "set operations",
        )
    }

    fn count_join(&mut self) -> Result<(), Refusal> {
        self.joins = self.joins.saturating_add(1);
        check_limit(self.joins, self.limits.joins, "joins")
    }

    fn count_reference(&mut self, weight: usize) -> Result<(), Refusal> {
        self.references = self.references.saturating_add(weight);
        check_limit(self.references, self.limits.tables, "table references")
    }

    fn count_values(&mut self, count: usize) -> Result<(), Refusal> {
        self.values = self.values.saturating_add(count);
        let what = "values in lists, where each CTE is named";
        check_limit(self.values, self.limits.spread, what)
    }

    fn enter_level<T>(
        &mut self,
        inside: impl FnOnce(&mut Self) -> Result<T, Refusal>,
    ) -> Result<T, Refusal> {
        self.depth = self.depth.saturating_add(1);
        if self.depth > self.limits.nesting {
            return Err(too_deep(self.limits));
        }
        let result = inside(self);
        self.depth = self.depth.saturating_sub(1);
        result
    }
}

fn check_limit(count: usize, limit: usize, what: &str) -> Result<(), Refusal> {
    if count > limit {
        return Err(too_large(&format!(
            "the statement has more than {limit} {what}"
        )));
    }
    Ok(())
}

fn too_large(sentence: &str) -> Refusal {
    Refusal::new(ErrorCode::SqlTooLarge, sentence)
}

fn too_deep(limits: &SqlStatementLimits) -> Refusal {
    Refusal::new(
        ErrorCode::SqlTooDeep,
        format!(
            "the statement is nested deeper than {} levels",
            limits.nesting
        ),
    )
}

fn not_a_query(what: &str) -> Refusal {
    Refusal::new(
        ErrorCode::StatementNotAllowed,
        format!("only queries are answered, not {what}"),
    )
}

fn refuse_part<T>(part: &Option<T>, what: &str) -> Result<(), Refusal> {
    match part {
        None => Ok(()),
        Some(_) => Err(not_allowed(what)),
    }
}

fn refuse_parts<T>(parts: &[T], what: &str) -> Result<(), Refusal> {
    if parts.is_empty() {
        Ok(())
    } else {
        Err(not_allowed(what))
    }
}

fn parser_error(error: &ParserError, end: Location) -> Refusal {
    match error {
        ParserError::RecursionLimitExceeded => {
            Refusal::new(ErrorCode::SqlTooDeep, "the statement is nested too deeply")
        }
        ParserError::ParserError(text) | ParserError::TokenizerError(text) => {
            let (message, source_location) = match text.rsplit_once(" at Line: ") {
                Some((message, place)) => (message, parse_location(place)),
                None => (text.as_str(), None),
            };
            syntax_refusal(
                message,
                source_location
                    .filter(|source_location| source_location.line > 0)
                    .unwrap_or(end),
            )
        }
    }
}

/// Position after the last character.
fn text_end(sql: &str) -> Location {
    let column = sql
        .lines()
        .next_back()
        .map_or(0, |line| line.chars().count());
    let count = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
    Location {
        line: count(sql.lines().count().max(1)),
        column: count(column.saturating_add(1)),
    }
}

/// Position from a text such as `3, Column: 14`.
fn parse_location(text: &str) -> Option<Location> {
    let (line, column) = text.split_once(", Column: ")?;
    Some(Location {
        line: line.trim().parse().ok()?,
        column: column.trim().parse().ok()?,
    })
}

fn syntax_refusal(message: &str, location: Location) -> Refusal {
    let message = message.trim_start_matches("sql parser error: ");
    let mut letters = message.chars();
    let message: String = letters
        .next()
        .into_iter()
        .flat_map(char::to_lowercase)
        .chain(letters)
        .collect();
    add_location(
        Refusal::new(ErrorCode::SqlSyntax, message.trim_end_matches('.')),
        location,
    )
}
