//! What comes through a pipe to `hansa sql`: each statement is taken as soon as its semicolon is there.

use crate::question::sql_input::{SqlInput, SqlInputBuffer};
use hansa_policy::refusal::{ErrorCode, Refusal};
use std::io::{BufRead, Read as _};

/// Bytes of one statement that are taken in; connectors accept less.
const LONGEST: usize = 1024 * 1024;

/// The statements of a pipe.
#[derive(Debug)]
pub(crate) struct PipedStatements<R> {
    from: R,
    lines: SqlInputBuffer,
}

impl<R: BufRead> PipedStatements<R> {
    /// What comes from there.
    pub(crate) fn new(from: R) -> Self {
        let lines = SqlInputBuffer::default();
        Self { from, lines }
    }

    /// The next one; the last needs no semicolon.
    ///
    /// # Errors
    /// `USAGE`: a pipe that can't be read, or that brings what is too long for a statement.
    pub(crate) fn next(&mut self) -> Result<SqlInput, Refusal> {
        loop {
            if let Some(typed) = self.lines.next() {
                return Ok(typed);
            }
            let line = self.read_next_line()?;
            if line.is_empty() {
                return Ok(self.lines.take_remaining_input());
            }
            self.lines.push(&line);
        }
    }

    /// The next line with its end; an empty one where none comes any more.
    fn read_next_line(&mut self) -> Result<String, Refusal> {
        let room = LONGEST.saturating_sub(self.lines.pending_bytes());
        let mut line = String::new();
        let mut from = (&mut self.from).take(u64::try_from(room).unwrap_or(u64::MAX));
        let read = from
            .read_line(&mut line)
            .map_err(|fault| usage_refusal(format!("stdin can't be read: {fault}")))?;
        if read == room {
            let sentence = format!("a statement on stdin has more than {LONGEST} bytes");
            return Err(usage_refusal(sentence).with_help("end each statement with a semicolon"));
        }
        Ok(line)
    }
}

fn usage_refusal(sentence: String) -> Refusal {
    Refusal::new(ErrorCode::UsageWrong, sentence)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_is_there_before_the_pipe_ends() {
        // Whoever writes waits for the answer before the next question.
        let (mut write, read) = std::os::unix::net::UnixStream::pair().unwrap();
        let mut piped = PipedStatements::new(std::io::BufReader::new(read));
        for sql in ["SELECT 1", "SELECT 2"] {
            std::io::Write::write_all(&mut write, format!("{sql};\n").as_bytes()).unwrap();
            assert_eq!(piped.next().unwrap(), SqlInput::Statement(sql.to_owned()));
        }
        std::io::Write::write_all(&mut write, b"SELECT 3").unwrap();
        drop(write);
        let last = SqlInput::Statement("SELECT 3".to_owned());
        assert_eq!(piped.next().unwrap(), last);
        assert_eq!(piped.next().unwrap(), SqlInput::End);
    }

    #[test]
    fn what_never_ends_is_not_kept() {
        let endless = std::io::BufReader::new(std::io::repeat(b'x'));
        let refusal = PipedStatements::new(endless).next().unwrap_err();
        assert_eq!(refusal.code, ErrorCode::UsageWrong);
    }
}
