//! A worker of a city as a process of its own.

use crate::participant::TestParticipant;
use serde_json::Value;
use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Stdio};

/// `hansa serve --role worker`; killed when it goes.
#[derive(Debug)]
pub struct WorkerProcess {
    name: String,
    child: Child,
    address: String,
    trace: PathBuf,
    _out: BufReader<ChildStdout>,
}

impl WorkerProcess {
    /// Gives a worker its certificate, starts it, and comes back when it is ready.
    ///
    /// # Panics
    /// When it ends before it is ready.
    #[must_use]
    #[track_caller]
    pub fn of(city: &TestParticipant, name: &str) -> Self {
        city.hansa(&["cluster", "add", name]).must();
        Self::begin(city, &city.folder().join("hansa.toml"), name)
    }

    /// The same in a folder of its own, with copies of what a worker needs, and the snapshots under another path.
    ///
    /// # Panics
    /// When something of it can't be copied, or it ends before it is ready.
    #[must_use]
    #[track_caller]
    #[expect(clippy::expect_used, reason = "a test can't go on without its files")]
    pub fn elsewhere(city: &TestParticipant, name: &str) -> Self {
        city.hansa(&["cluster", "add", name]).must();
        let (from, to) = (city.folder(), city.folder().join(format!("{name}.machine")));
        for folder in ["trust", "cluster", "state"] {
            std::fs::create_dir_all(to.join(folder)).expect("a folder can be made");
        }
        for file in [
            "trust/bundle.json",
            "cluster/ca.crt",
            &format!("cluster/{name}.crt"),
            &format!("cluster/{name}.key"),
            "state/schema.secret",
        ] {
            std::fs::copy(from.join(file), to.join(file)).expect("a file can be copied");
        }
        let datasets = from.join("state/datasets");
        std::os::unix::fs::symlink(datasets, to.join("state/datasets")).expect("a link");
        let text = std::fs::read_to_string(from.join("hansa.toml")).expect("the configuration");
        let own = text
            .split("\n[")
            .find(|table| table.trim_start_matches('[').starts_with("participant]"));
        let own = own.expect("it says who it is").trim_start_matches('[');
        std::fs::write(to.join("hansa.toml"), format!("[{own}\n")).expect("there is room");
        Self::begin(city, &to.join("hansa.toml"), name)
    }

    #[track_caller]
    #[expect(
        clippy::expect_used,
        clippy::panic,
        reason = "a harness reports by failing the test"
    )]
    fn begin(city: &TestParticipant, config: &Path, name: &str) -> Self {
        let trace = city.folder().join(format!("{name}.trace"));
        let config = config.to_str().expect("temporary folders have plain names");
        let mut command = city.command(&[
            "-v",
            "--json",
            "--config",
            config,
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

    /// The process.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// kill -9.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for WorkerProcess {
    fn drop(&mut self) {
        self.kill();
    }
}
