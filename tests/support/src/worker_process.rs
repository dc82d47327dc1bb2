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

    /// Starts a worker that has its certificate already.
    ///
    /// # Panics
    /// When it ends before it is ready.
    #[must_use]
    #[track_caller]
    pub fn again(city: &TestParticipant, name: &str) -> Self {
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

    /// How many questions it has taken part in.
    ///
    /// # Panics
    /// When its trace can't be read.
    #[must_use]
    #[expect(clippy::expect_used, reason = "a test can't go on without its files")]
    pub fn questions(&self) -> usize {
        let trace = std::fs::read_to_string(&self.trace).expect("the trace is there");
        trace.matches("runs tasks of a question").count()
    }

    /// How many rows of its tasks it has given to other workers.
    ///
    /// # Panics
    /// When its trace can't be read.
    #[must_use]
    #[expect(clippy::expect_used, reason = "a test can't go on without its files")]
    pub fn exchanged(&self) -> u64 {
        let trace = std::fs::read_to_string(&self.trace).expect("the trace is there");
        let rows = trace.split("to_workers=").skip(1);
        let rows = rows.filter_map(|rest| rest.split(' ').next()?.parse::<u64>().ok());
        rows.sum()
    }

    /// Whether it runs no task.
    ///
    /// # Panics
    /// When its trace can't be read.
    #[must_use]
    #[expect(clippy::expect_used, reason = "a test can't go on without its files")]
    pub fn is_idle(&self) -> bool {
        let trace = std::fs::read_to_string(&self.trace).expect("the trace is there");
        self.questions() == trace.matches("the tasks of a question are over").count()
    }

    /// The process.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The time that it has computed so far, in hundredths of a second (proc(5), `utime` and `stime`).
    ///
    /// # Panics
    /// When it does not run.
    #[must_use]
    #[expect(clippy::expect_used, reason = "a test can't go on without it")]
    pub fn cpu_ticks(&self) -> u64 {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.pid()));
        let stat = stat.expect("the process runs");
        let behind_name = stat.rsplit(')').next().unwrap_or_default();
        let ticks = behind_name.split_whitespace().skip(11).take(2);
        ticks.filter_map(|ticks| ticks.parse::<u64>().ok()).sum()
    }

    /// Bytes of it in memory now, and at most so far (proc(5), `VmRSS` and `VmHWM`).
    ///
    /// # Panics
    /// When it does not run.
    #[must_use]
    #[expect(clippy::expect_used, reason = "a test can't go on without it")]
    pub fn resident(&self) -> [u64; 2] {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid()));
        let status = status.expect("the process runs");
        ["VmRSS:", "VmHWM:"].map(|name| {
            let line = status.lines().find_map(|line| line.strip_prefix(name));
            let kilobytes = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
            kilobytes.map_or(0, |kilobytes: u64| kilobytes * 1024)
        })
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
