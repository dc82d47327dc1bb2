//! What is typed to `hansa sql`, by a person or by a program: statements over several lines, and words with a backslash.

use hansa_query::sql::statement_splitter;
use std::collections::VecDeque;

/// What was typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum SqlInput {
    /// A whole statement, without its semicolon.
    Statement(String),
    /// `\purpose NAME`, or without a name.
    Purpose(Option<String>),
    /// `\partial`: switches partial answers on or off.
    Partial,
    /// `\d`: what can be asked.
    Catalog,
    /// `\explain SQL`
    Explain(String),
    /// `\?`
    Help,
    /// `\q`, or the end of input.
    End,
}

/// What the backslash words do.
pub(crate) const HELP: &str = "\
  SELECT …;            asks; a statement ends with a semicolon
  \\purpose NAME        declares the purpose of what follows
  \\partial             accepts answers that lack a participant, or not
  \\d                   what can be asked
  \\explain SELECT …;   what would go to whom
  \\q                   ends";

/// Lines that came, and what they say.
#[derive(Debug, Default)]
pub(crate) struct SqlInputBuffer {
    whole: VecDeque<SqlInput>,
    /// What has not ended.
    text: String,
}

impl SqlInputBuffer {
    /// The next thing that is whole.
    pub(crate) fn next(&mut self) -> Option<SqlInput> {
        self.whole.pop_front()
    }

    /// Takes a line in, with its end.
    pub(crate) fn push(&mut self, line: &str) {
        // Between statements alone: within one a line may begin with anything.
        if let Some(word) = parse_session_word(line.trim())
            && self.is_blank()
        {
            self.text.clear();
            self.whole.push_back(word);
            return;
        }
        self.text.push_str(line);
        if line.contains(';') {
            let (ended, rest) = statement_splitter::split_statements(&self.text);
            let ended = ended.into_iter().map(str::to_owned);
            self.whole.extend(ended.map(SqlInput::Statement));
            self.text = rest.to_owned();
        }
    }

    /// What is left where no line follows: the last statement needs no semicolon.
    pub(crate) fn take_remaining_input(&mut self) -> SqlInput {
        let rest = std::mem::take(&mut self.text);
        if statement_splitter::is_blank(&rest) {
            return SqlInput::End;
        }
        SqlInput::Statement(rest.trim().to_owned())
    }

    /// Whether nothing waits for its end.
    pub(crate) fn is_blank(&self) -> bool {
        statement_splitter::is_blank(&self.text)
    }

    /// Bytes of what waits for its end.
    pub(crate) const fn pending_bytes(&self) -> usize {
        self.text.len()
    }
}

/// What a line says that is no part of a statement.
fn parse_session_word(line: &str) -> Option<SqlInput> {
    let Some(words) = line.strip_prefix('\\') else {
        return match line {
            "exit" | "quit" => Some(SqlInput::End),
            "help" => Some(SqlInput::Help),
            _ => None,
        };
    };
    let (word, rest) = words.split_once(char::is_whitespace).unwrap_or((words, ""));
    let rest = rest.trim().trim_end_matches(';');
    Some(match word {
        "q" | "quit" => SqlInput::End,
        "d" => SqlInput::Catalog,
        "partial" => SqlInput::Partial,
        "purpose" => SqlInput::Purpose((!rest.is_empty()).then(|| rest.to_owned())),
        "explain" => SqlInput::Explain(rest.to_owned()),
        _ => SqlInput::Help,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn statement(sql: &str) -> SqlInput {
        SqlInput::Statement(sql.to_owned())
    }

    /// What lines say one by one, up to the end.
    fn all(text: &str) -> Vec<SqlInput> {
        let mut lines = SqlInputBuffer::default();
        let mut found = Vec::new();
        for line in text.split_inclusive('\n') {
            lines.push(line);
            found.extend(std::iter::from_fn(|| lines.next()));
        }
        match lines.take_remaining_input() {
            SqlInput::End => {}
            last => found.push(last),
        }
        found
    }

    #[test]
    fn each_statement_is_taken_by_itself() {
        let text =
            "SELECT 1; SELECT ';\n\\q;' -- and;\n;\n\\purpose planning\n\\partial\n;;\n SELECT\n2";
        let found = [
            statement("SELECT 1"),
            statement("SELECT ';\n\\q;' -- and;"),
            SqlInput::Purpose(Some("planning".to_owned())),
            SqlInput::Partial,
            statement("SELECT\n2"),
        ];
        assert_eq!(all(text), found);
        assert_eq!(all(""), []);
        assert_eq!(all("SELECT 1;\n-- that was all\n"), [statement("SELECT 1")]);
        assert_eq!(all("SELECT 'open; "), [statement("SELECT 'open;")]);
        assert_eq!(
            all("SELECT\nexit\n;\nhelp"),
            [statement("SELECT\nexit"), SqlInput::Help]
        );
    }

    #[test]
    fn what_has_ended_does_not_wait_for_what_goes_on() {
        let mut lines = SqlInputBuffer::default();
        lines.push("SELECT 1; SELECT 2; SELECT ';\n");
        assert_eq!(lines.next(), Some(statement("SELECT 1")));
        assert_eq!(lines.next(), Some(statement("SELECT 2")));
        assert_eq!(lines.next(), None);
        assert!(!lines.is_blank());
        lines.push("';\n");
        assert_eq!(lines.next(), Some(statement("SELECT ';\n'")));
        assert!(lines.is_blank());
    }
}
