//! What the tests of whole cities do again and again: publish, offer, contract, ask, read the log, wait.

use crate::participant::{CommandOutput, TestParticipant};
use serde_json::Value;
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStderr, ChildStdout, Stdio};
use std::time::{Duration, Instant};

/// The purpose of all questions in these tests.
pub const PURPOSE: &str = "dpv:ResearchAndDevelopment";

/// Waits until `seen` gives something.
///
/// # Panics
/// When it does not within `limit`.
#[track_caller]
#[expect(clippy::panic, reason = "a harness reports by failing the test")]
pub fn wait_for<T>(what: &str, limit: Duration, mut seen: impl FnMut() -> Option<T>) -> T {
    let started = Instant::now();
    loop {
        if let Some(found) = seen() {
            return found;
        }
        if started.elapsed() > limit {
            panic!("{what}: not seen within {limit:?}");
        }
        std::thread::park_timeout(Duration::from_millis(20));
    }
}

impl TestParticipant {
    /// Adds a CSV dataset to the configuration, as `dataset add` sees it; `more` goes into its entry.
    pub fn holds(&self, name: &str, csv: &str, more: &str) {
        let file = format!("data/{name}.csv");
        self.write(&file, csv);
        self.hansa(&[
            "dataset",
            "add",
            &file,
            "--name",
            name,
            "--title",
            "A test table",
            "--licence",
            "proprietary",
        ])
        .must();
        // `dataset add` appends the entry at the end, so these lines belong to it.
        if !more.is_empty() {
            self.configure(more);
        }
    }

    /// The contracts with somebody, as a list shows them.
    #[must_use]
    #[track_caller]
    pub fn contracts_with(&self, whom: &str) -> Vec<serde_json::Value> {
        let mut all = self.hansa(&["contract", "list", "--json"]).must().lines();
        all.retain(|one| one.to_string().contains(whom));
        all
    }

    /// Withdraws the only contract with somebody.
    ///
    /// # Panics
    /// When there is none, or another one beside it.
    #[track_caller]
    pub fn withdraws_from(&self, whom: &str) {
        let own = self.contracts_with(whom);
        assert_eq!(own.len(), 1, "{own:#?}");
        let id = own.first().map(|one| text(one, "contract"));
        let id = id.unwrap_or_default();
        let withdraw = ["contract", "withdraw", &id, "--reason", "over", "--yes"];
        self.hansa(&withdraw).must();
    }

    /// Publishes all datasets.
    pub fn publishes(&self) {
        self.hansa(&["dataset", "publish"]).must();
    }

    /// Adds a policy and an offer of it.
    pub fn offers(&self, dataset: &str, policy: &str, terms: &str, to: &str, sign: &str) {
        self.write(
            &format!("policies/{policy}.toml"),
            &policy_text(policy, terms),
        );
        self.configure(&format!(
            "[[offer]]\ndataset = \"{dataset}\"\npolicy = \"{policy}\"\nto = {to}\nsign = \"{sign}\""
        ));
    }

    /// Publishes the two rows of `bikes` and offers them to everybody in the league under these terms.
    pub fn offers_bikes(&self, policy: &str, terms: &str, sign: &str) {
        self.holds("bikes", "site,bikes\nHafen,310\nInsel,77\n", "");
        self.publishes();
        self.offers("bikes", policy, terms, "\"league\"", sign);
    }

    /// Knows where another one is.
    pub fn knows(&self, other: &TestParticipant) {
        self.hansa(&["peer", "add", other.address(), "--id", other.domain()])
            .must();
    }

    /// Requests a contract on an offer that is signed without a person, and gives its name.
    ///
    /// # Panics
    /// When no contract comes of it.
    #[must_use]
    #[track_caller]
    pub fn contract(&self, dataset: &str) -> String {
        self.contract_by(dataset, &[])
    }

    /// The same where there are several offers: of the one with this title.
    ///
    /// # Panics
    /// When no contract comes of it.
    #[must_use]
    #[track_caller]
    pub fn contract_on(&self, dataset: &str, offer: &str) -> String {
        self.contract_by(dataset, &["--offer", offer])
    }

    #[track_caller]
    #[expect(clippy::panic, reason = "a harness reports by failing the test")]
    fn contract_by(&self, dataset: &str, more: &[&str]) -> String {
        let request = ["--json", "contract", "request", dataset, "--sign"];
        let done = self.hansa(&[&request[..], more].concat()).must().json();
        match done.get("contract").and_then(Value::as_str) {
            Some(contract) => contract.to_owned(),
            None => panic!("no contract came of it: {done}"),
        }
    }

    /// What the contract list says of negotiations and contracts, by one field.
    pub fn listed(&self, name: &str) -> Vec<String> {
        self.hansa(&["--json", "contract", "list"])
            .must()
            .lines()
            .iter()
            .map(|line| text(line, name))
            .filter(|found| !found.is_empty())
            .collect()
    }

    /// Asks for the usual purpose, one JSON object a row, and the footer last.
    #[must_use]
    pub fn ask(&self, sql: &str) -> CommandOutput {
        self.hansa(&["--json", "sql", sql, "--purpose", PURPOSE])
    }

    /// Publishes a long table to everybody in the league, without a person who signs.
    pub fn offers_long(&self, rows: u32, terms: &str) {
        self.holds("long", &long_table(rows), "");
        self.publishes();
        self.offers("long", "all", terms, "\"league\"", "auto");
    }

    /// Starts to ask for all of a long table of lindau, and comes back when the first row is here.
    #[must_use]
    #[track_caller]
    pub fn begins(&self) -> RunningCommand {
        let mut going = self.start(&["sql", WHOLE, "--purpose", PURPOSE, "--format", "csv"]);
        going.first_line();
        going
    }

    /// Every record of its log.
    #[must_use]
    #[track_caller]
    pub fn log(&self) -> Vec<Value> {
        let all = ["--last", "1000000", "--checkpoints"];
        self.hansa(&[&["--json", "audit", "list"], &all[..]].concat())
            .must()
            .lines()
    }

    /// The records of one kind.
    #[must_use]
    #[track_caller]
    pub fn records(&self, kind: &str) -> Vec<Value> {
        self.log()
            .into_iter()
            .filter(|record| text(record, "type") == kind)
            .collect()
    }

    /// So many days after the last record of its log, as policies write a day.
    ///
    /// # Panics
    /// When there is no such day.
    #[must_use]
    #[track_caller]
    #[expect(clippy::expect_used, reason = "a harness reports by failing the test")]
    pub fn day(&self, after: i64) -> String {
        let last = self.log().pop().map(|record| text(&record, "t"));
        let last: jiff::Timestamp = last.unwrap_or_default().parse().expect("a time");
        let day = last + jiff::Span::new().hours(after.saturating_mul(24));
        day.strftime("%Y-%m-%d").to_string()
    }

    /// Starts a command whose output is read later, or never.
    ///
    /// # Panics
    /// When it can't be started.
    #[must_use]
    #[expect(clippy::expect_used, reason = "a test can't go on without the binary")]
    pub fn start(&self, args: &[&str]) -> RunningCommand {
        let mut child = self
            .command(args)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary starts");
        let out = child.stdout.take().map(BufReader::new);
        let err = child.stderr.take();
        RunningCommand {
            command: format!("hansa {}", args.join(" ")),
            child,
            out,
            err,
            read: None,
        }
    }

    /// Checks its own log.
    #[track_caller]
    pub fn verifies(&self) {
        self.hansa(&["audit", "verify"]).must();
    }
}

/// A text field of a JSON object or of its `body`; empty when there is none.
#[must_use]
pub fn text(value: &Value, name: &str) -> String {
    field(value, name)
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned()
}

/// A number of a JSON object or of its `body`; 0 when there is none.
#[must_use]
pub fn number(value: &Value, name: &str) -> i64 {
    field(value, name)
        .and_then(Value::as_i64)
        .unwrap_or_default()
}

fn field<'a>(value: &'a Value, name: &str) -> Option<&'a Value> {
    value
        .get(name)
        .or_else(|| value.get("body").and_then(|body| body.get(name)))
}

/// A command under way.
#[derive(Debug)]
pub struct RunningCommand {
    command: String,
    child: Child,
    out: Option<BufReader<ChildStdout>>,
    err: Option<ChildStderr>,
    read: Option<std::thread::JoinHandle<Vec<u8>>>,
}

impl RunningCommand {
    /// Reads on without waiting for the end.
    pub fn read_on(&mut self) {
        self.read = self.out.take().map(|mut out| {
            std::thread::spawn(move || {
                let mut bytes = Vec::new();
                let _ = out.read_to_end(&mut bytes);
                bytes
            })
        });
    }

    /// Its process.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Whether it still runs.
    pub fn runs(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Waits for the first line that it writes; nothing more is read.
    ///
    /// # Panics
    /// When it ends without one.
    #[track_caller]
    #[expect(clippy::panic, reason = "a harness reports by failing the test")]
    pub fn first_line(&mut self) -> String {
        let mut line = String::new();
        if let Some(out) = self.out.as_mut() {
            let _ = out.read_line(&mut line);
        }
        if line.is_empty() {
            let end = self.end();
            panic!("`{}` wrote nothing: {}", self.command, end.err);
        }
        line
    }

    /// Waits for so many further lines.
    ///
    /// # Panics
    /// When it ends before.
    #[track_caller]
    pub fn read_lines(&mut self, count: u32) {
        for _ in 0..count {
            let _line = self.first_line();
        }
    }

    /// kill -9.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Reads the rest of what it writes and waits for its end.
    pub fn end(&mut self) -> CommandOutput {
        let err = self.err.take().map(|mut err| {
            std::thread::spawn(move || {
                let mut text = String::new();
                let _ = err.read_to_string(&mut text);
                text
            })
        });
        if self.read.is_none() {
            self.read_on();
        }
        let read = self.read.take().map(std::thread::JoinHandle::join);
        let bytes = read.and_then(Result::ok).unwrap_or_default();
        let status = self.child.wait().ok().and_then(|status| status.code());
        CommandOutput {
            command: self.command.clone(),
            status,
            out: String::from_utf8_lossy(&bytes).into_owned(),
            err: err
                .and_then(|reader| reader.join().ok())
                .unwrap_or_default(),
        }
    }
}

impl Drop for RunningCommand {
    fn drop(&mut self) {
        self.kill();
        if let Some(reads) = self.read.take() {
            crate::detached_thread::leave(reads);
        }
    }
}

/// How many microseconds lie between two records of a log.
#[must_use]
pub fn between(before: &Value, after: &Value) -> i64 {
    instant(after).saturating_sub(instant(before))
}

/// The time of a record, in microseconds.
///
/// # Panics
/// When it has none.
#[must_use]
#[track_caller]
#[expect(clippy::expect_used, reason = "a harness reports by failing the test")]
pub fn instant(record: &Value) -> i64 {
    let at: jiff::Timestamp = text(record, "t").parse().expect("a time");
    at.as_microsecond()
}

/// Terms that permit everything for the usual purpose.
pub const ALL: &str =
    "purpose = [\"dpv:ResearchAndDevelopment\"]\nvalid = { from = 2026-01-01, until = 2029-12-31 }";

/// The file of a policy: of each column, where the terms name none.
#[must_use]
pub fn policy_text(title: &str, terms: &str) -> String {
    let names = ["columns", "aggregate", "[aggregate"];
    let mut lines = terms.lines();
    let is_named = lines.any(|line| names.iter().any(|name| line.starts_with(name)));
    let each = if is_named { "" } else { "columns = \"all\"\n" };
    format!("title = \"{title}\"\n{each}{terms}\n")
}

/// A question whose answer is the whole of [`long_table`].
pub const WHOLE: &str = "SELECT id, note FROM lindau.long";

/// A table of `rows` rows that does not compress: `id`, `site`, `note`.
#[must_use]
pub fn long_table(rows: u32) -> String {
    let mut csv = String::from("id,site,note\n");
    let mut seed = 0x9e37_79b9_7f4a_7c15_u64;
    for id in 0..rows {
        csv.push_str(&format!("{id},s{},", id % 7));
        for _ in 0..10 {
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            csv.push_str(&format!("{seed:016x}"));
        }
        csv.push('\n');
    }
    csv
}
