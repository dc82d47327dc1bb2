//! Splits a text that is still being entered into its statements.

use crate::sql::dialect::StatementDialect;
use datafusion::sql::sqlparser::tokenizer::{Location, Token, Tokenizer};

/// Complete statements of a text, without their semicolons, and the rest after the last one. A semicolon in an unterminated text,
/// quoted name or comment ends no statement. A part without words is no statement.
#[must_use]
pub fn split_statements(text: &str) -> (Vec<&str>, &str) {
    let mut tokens = Vec::new();
    // The unterminated part is at the end; everything before was tokenised.
    let _goes_on =
        Tokenizer::new(&StatementDialect, text).tokenize_with_location_into_buf(&mut tokens);
    let mut has_words = false;
    let mut ends = Vec::new();
    for token in tokens {
        match token.token {
            Token::SemiColon => ends.push((token.span.start, std::mem::take(&mut has_words))),
            Token::Whitespace(_) => {}
            _ => has_words = true,
        }
    }
    let mut ends = ends.into_iter().peekable();
    let (mut found, mut from) = (Vec::new(), 0);
    // Lines and characters count from 1.
    let (mut line, mut column) = (1_u64, 1_u64);
    for (at, letter) in text.char_indices() {
        let end = ends.next_if(|(end, _)| *end == Location::new(line, column));
        if let Some((_, has_words)) = end {
            found.extend(text.get(from..at).filter(|_| has_words).map(str::trim));
            from = at.saturating_add(1);
        }
        (line, column) = match letter {
            '\n' => (line.saturating_add(1), 1),
            _ => (line, column.saturating_add(1)),
        };
    }
    (found, text.get(from..).unwrap_or_default())
}

/// Checks for a text without words: blanks and comments alone.
#[must_use]
pub fn is_blank(text: &str) -> bool {
    let tokens = Tokenizer::new(&StatementDialect, text).tokenize();
    let blank = |token: &Token| matches!(token, Token::Whitespace(_) | Token::EOF);
    tokens.is_ok_and(|tokens| tokens.iter().all(blank))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn has(text: &str, statements: &[&str], rest: &str) {
        let (found, behind) = split_statements(text);
        assert_eq!((found.as_slice(), behind.trim()), (statements, rest));
    }

    #[test]
    fn statements_end_where_the_parser_would_end_them() {
        has("SELECT 1; SELECT 2", &["SELECT 1"], "SELECT 2");
        has(
            "SELECT\n 'ä;b',\n \"ü;\" -- so;\n;;x",
            &["SELECT\n 'ä;b',\n \"ü;\" -- so;"],
            "x",
        );
        has(
            "/* a; /* b; */ ; */ SELECT 1 ;\r\n",
            &["/* a; /* b; */ ; */ SELECT 1"],
            "",
        );
        has(
            "SELECT 'it''s; ' ; -- no more;\n; SELECT $$a;b$$;",
            &["SELECT 'it''s; '", "SELECT $$a;b$$"],
            "",
        );
    }

    #[test]
    fn what_goes_on_has_not_ended() {
        for text in [
            "SELECT 'a;",
            "SELECT \"a;",
            "SELECT /* ;",
            "SELECT 1 -- ;",
            "",
            "SELECT $$;",
        ] {
            has(text, &[], text);
            has(&format!("SELECT 'ö';{text}"), &["SELECT 'ö'"], text);
        }
    }

    #[test]
    fn remarks_are_no_words() {
        assert!(is_blank(" \n-- that is all;\n/* really */ "));
        assert!(!is_blank("SELECT"));
        assert!(!is_blank("'"));
    }
}
