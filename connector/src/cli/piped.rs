//! What comes through a pipe to `hansa sql`: statements, each taken as soon as its semicolon is there, and the words of the prompt.

use crate::cli::prompt::{Typed, word};
use engine::plan::statements;
use policy::refusal::{Code, Refusal};
use std::io::{BufRead, Read as _};

/// Bytes of one statement that are taken in; connectors accept less.
const LONGEST: usize = 1024 * 1024;

/// The statements of a pipe.
#[derive(Debug)]
pub(crate) struct Piped<R> {
    from: R,
    /// What has come and was not given on.
    text: String,
    /// Whether a statement may end in `text`: since it was looked at last, a semicolon came.
    may_end: bool,
}

impl<R: BufRead> Piped<R> {
    /// What comes from there.
    pub(crate) const fn new(from: R) -> Self {
        Self {
            from,
            text: String::new(),
            may_end: false,
        }
    }

    /// The next one; the last needs no semicolon.
    ///
    /// # Errors
    /// `USAGE`: a pipe that can't be read, or that brings what is too long for a statement.
    pub(crate) fn next(&mut self) -> Result<Typed, Refusal> {
        loop {
            if let Some(statement) = self.ended() {
                return Ok(Typed::Statement(statement));
            }
            let line = self.line()?;
            if line.is_empty() {
                let rest = std::mem::take(&mut self.text);
                return Ok(match statements::is_blank(&rest) {
                    true => Typed::End,
                    false => Typed::Statement(rest.trim().to_owned()),
                });
            }
            // Between statements alone: within one a line may begin with anything.
            if let Some(words) = line.trim().strip_prefix('\\')
                && statements::is_blank(&self.text)
            {
                self.text.clear();
                return Ok(word(words));
            }
            self.may_end = line.contains(';');
            self.text.push_str(&line);
        }
    }

    /// The first statement that is whole and has words.
    fn ended(&mut self) -> Option<String> {
        while std::mem::take(&mut self.may_end) {
            let (statement, rest) = statements::first(&self.text)?;
            let (statement, rest) = (statement.trim().to_owned(), rest.to_owned());
            self.may_end = rest.contains(';');
            self.text = rest;
            if !statements::is_blank(&statement) {
                return Some(statement);
            }
        }
        None
    }

    /// The next line with its end; an empty one where none comes any more.
    fn line(&mut self) -> Result<String, Refusal> {
        let room = LONGEST.saturating_sub(self.text.len());
        let mut line = String::new();
        let mut from = (&mut self.from).take(u64::try_from(room).unwrap_or(u64::MAX));
        let read = from
            .read_line(&mut line)
            .map_err(|fault| wrong(format!("stdin can't be read: {fault}")))?;
        if read == room {
            let sentence = format!("a statement on stdin has more than {LONGEST} bytes");
            return Err(wrong(sentence).with_help("end each statement with a semicolon"));
        }
        Ok(line)
    }
}

fn wrong(sentence: String) -> Refusal {
    Refusal::new(Code::UsageWrong, sentence)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(text: &str) -> Vec<Typed> {
        let mut piped = Piped::new(text.as_bytes());
        let mut found = Vec::new();
        loop {
            match piped.next().unwrap() {
                Typed::End => return found,
                typed => found.push(typed),
            }
        }
    }

    fn statement(sql: &str) -> Typed {
        Typed::Statement(sql.to_owned())
    }

    #[test]
    fn each_statement_is_taken_by_itself() {
        let text =
            "SELECT 1; SELECT ';\n\\q;' -- and;\n;\n\\purpose planning\n\\partial\n;;\n SELECT\n2";
        let found = [
            statement("SELECT 1"),
            statement("SELECT ';\n\\q;' -- and;"),
            Typed::Purpose(Some("planning".to_owned())),
            Typed::Partial,
            statement("SELECT\n2"),
        ];
        assert_eq!(all(text), found);
        assert_eq!(all(""), []);
        assert_eq!(all("SELECT 1;\n-- that was all\n"), [statement("SELECT 1")]);
        assert_eq!(all("SELECT 'open; "), [statement("SELECT 'open;")]);
    }

    #[test]
    fn a_statement_is_there_before_the_pipe_ends() {
        // Whoever writes waits for the answer before the next question.
        let (mut write, read) = std::os::unix::net::UnixStream::pair().unwrap();
        let mut piped = Piped::new(std::io::BufReader::new(read));
        for sql in ["SELECT 1", "SELECT 2"] {
            std::io::Write::write_all(&mut write, format!("{sql};\n").as_bytes()).unwrap();
            assert_eq!(piped.next().unwrap(), statement(sql));
        }
    }

    #[test]
    fn what_never_ends_is_not_kept() {
        let endless = std::io::BufReader::new(std::io::repeat(b'x'));
        let refusal = Piped::new(endless).next().unwrap_err();
        assert_eq!(refusal.code, Code::UsageWrong);
    }
}
