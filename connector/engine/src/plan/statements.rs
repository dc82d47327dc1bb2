//! Cuts a text that goes on into its statements.

use datafusion::sql::sqlparser::dialect::GenericDialect;
use datafusion::sql::sqlparser::tokenizer::{Location, Token, Tokenizer};

/// The first statement of a text without its semicolon, and what follows it. None while none has ended: also inside a text, a
/// quoted name or a remark that goes on.
#[must_use]
pub fn first(text: &str) -> Option<(&str, &str)> {
    let tokens = Tokenizer::new(&GenericDialect, text)
        .tokenize_with_location()
        .ok()?;
    let end = tokens
        .iter()
        .find(|token| token.token == Token::SemiColon)?;
    let (statement, rest) = text.split_at_checked(offset(text, end.span.start)?)?;
    Some((statement, rest.strip_prefix(';')?))
}

/// Whether a text has no word: blanks and remarks alone.
#[must_use]
pub fn is_blank(text: &str) -> bool {
    let tokens = Tokenizer::new(&GenericDialect, text).tokenize();
    let blank = |token: &Token| matches!(token, Token::Whitespace(_) | Token::EOF);
    tokens.is_ok_and(|tokens| tokens.iter().all(blank))
}

/// Where in the text a place is, in bytes: lines and characters are counted from one.
fn offset(text: &str, place: Location) -> Option<usize> {
    let line = usize::try_from(place.line).ok()?.checked_sub(1)?;
    let column = usize::try_from(place.column).ok()?.checked_sub(1)?;
    let before: usize = text.split_inclusive('\n').take(line).map(str::len).sum();
    let (within, _) = text.get(before..)?.char_indices().nth(column)?;
    before.checked_add(within)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All statements of a text, and what is left of it.
    fn all(mut text: &str) -> (Vec<&str>, &str) {
        let mut found = Vec::new();
        while let Some((statement, rest)) = first(text) {
            found.push(statement.trim());
            text = rest;
        }
        (found, text.trim())
    }

    #[test]
    fn statements_end_where_the_parser_would_end_them() {
        assert_eq!(all("SELECT 1; SELECT 2"), (vec!["SELECT 1"], "SELECT 2"));
        assert_eq!(
            all("SELECT\n 'ä;b',\n \"ü;\" -- so;\n;;x"),
            (vec!["SELECT\n 'ä;b',\n \"ü;\" -- so;", ""], "x")
        );
        assert_eq!(
            all("/* a; /* b; */ ; */ SELECT 1 ;\r\n"),
            (vec!["/* a; /* b; */ ; */ SELECT 1"], "")
        );
        assert_eq!(
            all("SELECT 'it''s; ' ; SELECT $$a;b$$;"),
            (vec!["SELECT 'it''s; '", "SELECT $$a;b$$"], "")
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
            assert_eq!(first(text), None, "{text}");
        }
    }

    #[test]
    fn remarks_are_no_words() {
        assert!(is_blank(" \n-- that is all;\n/* really */ "));
        assert!(!is_blank("SELECT"));
        assert!(!is_blank("'"));
    }
}
