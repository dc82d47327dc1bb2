//! Size of a statement: its tokens, and separately the values of IN lists, which cost far less than other tokens.

use super::too_large;
use crate::limits::SqlStatementLimits;
use datafusion::sql::sqlparser::keywords::Keyword;
use datafusion::sql::sqlparser::tokenizer::Token;
use hansa_policy::refusal::Refusal;

impl SqlStatementLimits {
    /// Counts the tokens of a statement, and separately the values of IN lists.
    ///
    /// # Errors
    /// `SQL_TOO_LARGE` if a limit is exceeded.
    pub(crate) fn count_tokens<'t>(
        &self,
        tokens: impl Iterator<Item = &'t Token>,
    ) -> Result<(), Refusal> {
        let (mut counted, mut values, mut place) = (0_usize, 0_usize, TokenRole::Elsewhere);
        for token in tokens {
            if matches!(token, Token::Whitespace(_) | Token::EOF) {
                continue;
            }
            place = place.next_role(token);
            match (place, token) {
                (TokenRole::Value, _) => values = values.saturating_add(1),
                (TokenRole::Signed, _) | (TokenRole::Open, Token::Comma) => {}
                _ => counted = counted.saturating_add(1),
            }
        }
        for (counted, most, what) in [
            (counted, self.tokens, "tokens"),
            (values, self.values, "values in lists"),
        ] {
            if counted > most {
                return Err(too_large(&format!(
                    "the statement has {counted} {what}, {most} are accepted"
                )));
            }
        }
        Ok(())
    }
}

/// Role of a token in a statement.
#[derive(Clone, Copy, PartialEq, Eq)]
enum TokenRole {
    Elsewhere,
    /// Keyword IN.
    In,
    /// Parenthesis after IN, or comma after a value of the list.
    Open,
    /// Sign of a number in the list.
    Signed,
    /// Value in a list that so far contains only values and commas.
    Value,
}

impl TokenRole {
    const fn next_role(self, token: &Token) -> Self {
        match (self, token) {
            (_, Token::Word(word)) if matches!(word.keyword, Keyword::IN) => Self::In,
            (Self::In, Token::LParen) | (Self::Value, Token::Comma) => Self::Open,
            (Self::Open, Token::Minus) => Self::Signed,
            (Self::Open | Self::Signed, Token::Number(..))
            | (Self::Open, Token::SingleQuotedString(_)) => Self::Value,
            _ => Self::Elsewhere,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::SqlStatementLimits;
    use crate::sql::dialect::StatementDialect;
    use datafusion::sql::sqlparser::tokenizer::Tokenizer;

    /// Checks that a text has exactly these numbers of tokens and values.
    #[track_caller]
    fn has(sql: &str, tokens: usize, values: usize) {
        let all = Tokenizer::new(&StatementDialect, sql).tokenize().unwrap();
        let within = |tokens, values| {
            let limits = SqlStatementLimits {
                tokens,
                values,
                ..SqlStatementLimits::default()
            };
            limits.count_tokens(all.iter()).is_ok()
        };
        assert!(within(tokens, values), "{sql}");
        assert!(!within(tokens - 1, values), "{sql}");
        assert!(values == 0 || !within(tokens, values - 1), "{sql}");
    }

    #[test]
    fn values_behind_in_are_counted_apart() {
        has("SELECT 1, 2", 4, 0);
        has("SELECT a IN (1, 2, 'x') FROM t", 7, 3);
        has("a NOT IN\n( 1 , 2 ) AND b IN (3)", 10, 3);
        has("a IN (-1, 2, -3)", 4, 3);
        // From the first item that is no value, all tokens count.
        has("a IN (1, f(-2), 3)", 11, 1);
        has("a IN (1, - -2, 3)", 8, 1);
        has("a IN (1 - 2, 3)", 8, 1);
        has("a IN (1, f(2, 3), 4)", 12, 1);
        has("a IN ((1, 2))", 9, 0);
        has("f(1, 2, 3) IN (4)", 11, 1);
        has("a IN (SELECT 1, 2)", 8, 0);
    }
}
