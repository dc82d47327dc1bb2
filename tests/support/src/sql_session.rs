//! `hansa sql` that stays: questions through its pipe, each answered before the next is written.

use crate::participant::{CommandOutput, TestParticipant};
use serde_json::Value;
use std::io::{BufRead, BufReader, Read as _, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Stdio};

/// One command for many questions, as JSON.
#[derive(Debug)]
pub struct SqlSession {
    command: String,
    child: Child,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
}

impl TestParticipant {
    /// Begins `hansa --json sql` with these arguments.
    ///
    /// # Panics
    /// When it can't be started.
    #[must_use]
    #[track_caller]
    #[expect(clippy::expect_used, reason = "a test can't go on without the binary")]
    pub fn session(&self, args: &[&str]) -> SqlSession {
        let args = [&["--json", "sql"], args].concat();
        let mut child = self
            .command(&args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary starts");
        SqlSession {
            command: format!("hansa {}", args.join(" ")),
            to: child.stdin.take().expect("stdin is piped"),
            from: BufReader::new(child.stdout.take().expect("stdout is piped")),
            child,
        }
    }
}

impl SqlSession {
    /// Writes a statement and reads to the object that ends its answer.
    ///
    /// # Panics
    /// When the command is gone, or a line is no JSON.
    #[track_caller]
    #[expect(clippy::expect_used, reason = "a harness reports by failing the test")]
    pub fn ask(&mut self, sql: &str) -> Vec<Value> {
        writeln!(self.to, "{sql};").expect("the command reads");
        let mut lines = Vec::new();
        loop {
            let mut line = String::new();
            let read = self.from.read_line(&mut line).expect("stdout can be read");
            assert!(read > 0, "`{}` went away behind {lines:?}", self.command);
            let line: Value = serde_json::from_str(&line).expect("a line is an object");
            let ends = line.get("hansa").is_some();
            lines.push(line);
            if ends {
                return lines;
            }
        }
    }

    /// Its process.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Closes its pipe; what it wrote then, and how it ended.
    ///
    /// # Panics
    /// When it can't be waited for.
    #[must_use]
    #[expect(clippy::expect_used, reason = "a harness reports by failing the test")]
    pub fn end(mut self) -> CommandOutput {
        drop(self.to);
        let mut out = String::new();
        self.from
            .read_to_string(&mut out)
            .expect("stdout can be read");
        let output = self.child.wait_with_output().expect("it can be waited for");
        CommandOutput {
            command: self.command,
            status: output.status.code(),
            out,
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}
