//! A worker of a city as a process of its own.

use crate::city::City;
use serde_json::Value;
use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Stdio};

/// `hansa serve --role worker`; killed when it goes.
#[derive(Debug)]
pub struct Worker {
    name: String,
    child: Child,
    address: String,
    trace: PathBuf,
    _out: BufReader<ChildStdout>,
}

impl Worker {
    /// Gives a worker its certificate, starts it, and comes back when it is ready.
    ///
    /// # Panics
    /// When it ends before it is ready.
    #[must_use]
    #[track_caller]
    #[expect(
        clippy::expect_used,
        clippy::panic,
        reason = "a harness reports by failing the test"
    )]
    pub fn of(city: &City, name: &str) -> Self {
        city.hansa(&["cluster", "add", name]).must();
        let trace = city.folder().join(format!("{name}.trace"));
        let mut command = city.command(&[
            "-v",
            "--json",
            "serve",
            "--role",
            "worker",
            "--name",
            name,
            "--listen",
            "127.0.0.1:0",
        ]);
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(File::create(&trace).expect("a file can be made"))
            .spawn()
            .expect("the binary starts");
        let mut out = BufReader::new(child.stdout.take().expect("stdout is piped"));
        let mut line = String::new();
        out.read_line(&mut line).expect("stdout can be read");
        let ready: Value = serde_json::from_str(&line)
            .unwrap_or_else(|_| panic!("`{name}` did not become ready: {line}"));
        let address = ready.get("listen").and_then(Value::as_str);
        Self {
            name: name.to_owned(),
            child,
            address: address.expect("it says where it listens").to_owned(),
            trace,
            _out: out,
        }
    }

    /// Its `[[worker]]` table.
    #[must_use]
    pub fn table(&self) -> String {
        let (name, address) = (&self.name, &self.address);
        format!("[[worker]]\nname = \"{name}\"\naddress = \"{address}\"\n")
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// How many shares it has begun.
    ///
    /// # Panics
    /// When its trace can't be read.
    #[must_use]
    #[expect(clippy::expect_used, reason = "a test can't go on without its files")]
    pub fn shares(&self) -> usize {
        let trace = std::fs::read_to_string(&self.trace).expect("the trace is there");
        trace.matches("computes a share").count()
    }

    /// kill -9.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.kill();
    }
}
