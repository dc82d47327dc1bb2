//! Runner of the demo: a folder, and the processes of this binary that use it. All processes end with the runner, in every case.

use crate::step_report::ExpectationError;
use hansa_commands::cli::terminal::at_end_of_input;
use hansa_node::process::thread_shutdown;
use hansa_policy::refusal::{ErrorCode, Refusal};
use parking_lot::Mutex;
use serde_json::Value;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Runner of the demo's processes.
#[derive(Debug)]
pub(super) struct DemoRunner {
    binary: PathBuf,
    folder: PathBuf,
    kept: bool,
    children: Arc<Mutex<Vec<Child>>>,
    interrupted: Arc<AtomicBool>,
}

/// Output of a command.
#[derive(Debug)]
pub(super) struct DemoCommandOutput {
    /// Command as a person would type it.
    pub(super) command: String,
    /// Exit status.
    pub(super) status: i32,
    /// Standard output, one JSON object per line.
    pub(super) lines: Vec<Value>,
    /// Standard error.
    pub(super) err: String,
}

impl DemoCommandOutput {
    /// Returns the output if the command ended with this status.
    ///
    /// # Errors
    /// Otherwise, with the text on standard error.
    pub(super) fn expect_status(self, status: i32) -> Result<Self, ExpectationError> {
        if self.status == status {
            return Ok(self);
        }
        Err(ExpectationError {
            expected: format!("`{}` ends with {status}", self.command),
            came: format!("{}: {}", self.status, self.err.trim()),
        })
    }

    /// Error that the command reported.
    pub(super) fn reported_error(&self) -> Value {
        self.err
            .lines()
            .filter_map(|line| serde_json::from_str::<Value>(line).ok())
            .find_map(|line| line.get("error").cloned())
            .unwrap_or(Value::Null)
    }

    /// Returns the first object with this member.
    ///
    /// # Errors
    /// If there is none.
    pub(super) fn object_with_member(&self, member: &str) -> Result<&Value, ExpectationError> {
        self.lines
            .iter()
            .find(|line| line.get(member).is_some())
            .ok_or_else(|| ExpectationError {
                expected: format!("`{}` tells `{member}`", self.command),
                came: format!("{} other objects", self.lines.len()),
            })
    }

    /// Returns the rows of an answer, and the report about each participant below them.
    ///
    /// # Errors
    /// If the answer is incomplete.
    pub(super) fn answer_rows(&self) -> Result<(Vec<&Value>, &Value), ExpectationError> {
        let below = self
            .object_with_member("hansa")?
            .get("hansa")
            .filter(|below| below.get("complete") == Some(&Value::Bool(true)))
            .ok_or_else(|| ExpectationError {
                expected: format!("`{}` gives a complete answer", self.command),
                came: "one that lacks a part".to_owned(),
            })?;
        let rows = self
            .lines
            .iter()
            .filter(|line| line.get("hansa").is_none())
            .collect();
        Ok((rows, below))
    }
}

impl DemoRunner {
    /// Opens a runner in this folder, or in a temporary one that is removed at the end.
    ///
    /// # Errors
    /// If the folder can't be made or is not empty.
    pub(super) fn open(dir: Option<&Path>) -> Result<Self, Refusal> {
        let broken = |fault: std::io::Error| {
            Refusal::new(
                ErrorCode::StateBroken,
                format!("no stage can be made: {fault}"),
            )
        };
        let folder = match dir {
            None => tempfile::Builder::new()
                .prefix("hansa-demo-")
                .tempdir()
                .map_err(broken)?
                .keep(),
            Some(dir) => {
                std::fs::create_dir_all(dir).map_err(broken)?;
                if std::fs::read_dir(dir).map_err(broken)?.next().is_some() {
                    return Err(Refusal::new(
                        ErrorCode::FileExists,
                        format!("`{}` is not empty", dir.display()),
                    ));
                }
                std::path::absolute(dir).map_err(broken)?
            }
        };
        let stage = Self {
            binary: std::env::current_exe().map_err(broken)?,
            folder,
            kept: dir.is_some(),
            children: Arc::default(),
            interrupted: Arc::default(),
        };
        stage.spawn_signal_listener()?;
        Ok(stage)
    }

    /// Ends the demo at an interruption.
    fn spawn_signal_listener(&self) -> Result<(), Refusal> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|fault| {
                Refusal::new(
                    ErrorCode::Internal,
                    format!("signals can't be received: {fault}"),
                )
            })?;
        let end = self.interruption_action();
        let heeds = std::thread::Builder::new().spawn(move || {
            runtime.block_on(async move {
                use tokio::signal::unix::{SignalKind, signal};
                let (Ok(mut int), Ok(mut term), Ok(mut hup)) = (
                    signal(SignalKind::interrupt()),
                    signal(SignalKind::terminate()),
                    signal(SignalKind::hangup()),
                ) else {
                    return;
                };
                loop {
                    tokio::select! {
                        _ = int.recv() => {}
                        _ = term.recv() => {}
                        _ = hup.recv() => {}
                    }
                    end();
                }
            });
        });
        let fault = |fault| {
            Refusal::new(
                ErrorCode::Internal,
                format!("signals can't be received: {fault}"),
            )
        };
        thread_shutdown::leave_thread(heeds.map_err(fault)?);
        Ok(())
    }

    /// Ends the demo when standard input ends, too.
    ///
    /// # Errors
    /// If standard input can't be watched.
    pub(super) fn end_with_input(&self) -> Result<(), Refusal> {
        at_end_of_input(self.interruption_action())
    }

    /// Action of an interruption: it unblocks waits for child processes and reads from them, and the next command ends the demo.
    fn interruption_action(&self) -> impl Fn() + Send + use<> {
        let (children, interrupted) = (Arc::clone(&self.children), Arc::clone(&self.interrupted));
        move || {
            interrupted.store(true, Ordering::SeqCst);
            end_all(&children);
        }
    }

    /// Folder of the demo.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// True if the folder is kept.
    pub(super) const fn is_folder_kept(&self) -> bool {
        self.kept
    }

    /// True after an interruption.
    pub(super) fn is_interrupted(&self) -> bool {
        self.interrupted.load(Ordering::SeqCst)
    }

    /// Ends all processes and removes the folder, unless it is kept. Returns true after an interruption.
    pub(super) fn close(&self) -> bool {
        end_all(&self.children);
        if !self.kept {
            let _ = std::fs::remove_dir_all(&self.folder);
        }
        self.is_interrupted()
    }

    /// Runs a command of `participant` with its output for people. Returns its status, standard output and standard error.
    ///
    /// # Errors
    /// If the command can't be started, or after an interruption.
    pub(super) fn run_for_people(
        &self,
        participant: &str,
        args: &[&str],
    ) -> Result<(i32, String, String), ExpectationError> {
        if self.is_interrupted() {
            return Err(command_error("the show goes on", "it was interrupted"));
        }
        let (mut command, typed) = self.command_for_people(Some(participant), args);
        let output = command
            .output()
            .map_err(|fault| command_error(&typed, fault))?;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Ok((
            output.status.code().unwrap_or(-1),
            text(&output.stdout),
            text(&output.stderr),
        ))
    }

    fn build_command(&self, participant: Option<&str>, args: &[&str]) -> (Command, String) {
        let (mut command, typed) = self.command_for_people(participant, args);
        command.arg("--json");
        (command, typed)
    }

    fn command_for_people(&self, participant: Option<&str>, args: &[&str]) -> (Command, String) {
        let mut command = Command::new(&self.binary);
        let mut typed = String::from("hansa");
        if let Some(participant) = participant {
            command.args(["--config", participant]);
            typed.push_str(&format!(" --config {participant}"));
        }
        for arg in args {
            let plain = arg
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "-_./:,".contains(c));
            typed.push_str(&if plain {
                format!(" {arg}")
            } else {
                format!(" \"{arg}\"")
            });
        }
        command
            .args(args)
            .current_dir(&self.folder)
            .env_remove("HANSA_CONFIG")
            .env_remove("HANSA_LOG")
            .stdin(Stdio::null());
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("HANSA__") {
                command.env_remove(name);
            }
        }
        (command, typed)
    }

    /// Runs a command of `participant` to its end.
    ///
    /// # Errors
    /// If the command can't be started, or after an interruption.
    pub(super) fn run(
        &self,
        participant: Option<&str>,
        args: &[&str],
    ) -> Result<DemoCommandOutput, ExpectationError> {
        if self.is_interrupted() {
            return Err(command_error("the show goes on", "it was interrupted"));
        }
        let (mut command, typed) = self.build_command(participant, args);
        let output = command
            .args(["--timeout", "45s"])
            .output()
            .map_err(|fault| command_error(&typed, fault))?;
        let text = String::from_utf8_lossy(&output.stdout);
        Ok(DemoCommandOutput {
            command: typed,
            status: output.status.code().unwrap_or(-1),
            lines: text
                .lines()
                .filter_map(|line| serde_json::from_str(line).ok())
                .collect(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
        })
    }

    /// Starts a command of `participant` in the background. Returns its output.
    ///
    /// # Errors
    /// If the command can't be started.
    pub(super) fn start(
        &self,
        participant: &str,
        args: &[&str],
        err: Option<&Path>,
    ) -> Result<(BufReader<ChildStdout>, u32), ExpectationError> {
        let (mut command, typed) = self.build_command(Some(participant), args);
        let stderr = match err {
            None => Stdio::null(),
            Some(file) => Stdio::from(
                std::fs::File::create(file).map_err(|fault| command_error(&typed, fault))?,
            ),
        };
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(stderr)
            .spawn()
            .map_err(|fault| command_error(&typed, fault))?;
        let id = child.id();
        let out = child.stdout.take();
        self.children.lock().push(child);
        match out {
            Some(out) => Ok((BufReader::new(out), id)),
            None => Err(command_error(&typed, "it has no output")),
        }
    }

    /// Waits for a started command. Returns its exit status.
    pub(super) fn wait_for_command(&self, id: u32) -> Option<i32> {
        let child = {
            let mut children = self.children.lock();
            let at = children.iter().position(|child| child.id() == id)?;
            children.swap_remove(at)
        };
        let mut child = child;
        child.wait().ok()?.code()
    }

    /// Starts the connector of `participant` and waits until it is ready.
    ///
    /// # Errors
    /// If the connector does not become ready.
    pub(super) fn serve(&self, participant: &str) -> Result<ConnectorProcess, ExpectationError> {
        // The connector ends with the demo, even if this process is killed.
        let (mut out, _) = self.start(participant, &["serve", "--until-stdin-ends"], None)?;
        let mut line = String::new();
        let read = out.read_line(&mut line);
        let ready = serde_json::from_str::<Value>(&line).ok();
        let ready = ready.filter(|event| event.get("event").is_some_and(|word| word == "ready"));
        match (read, ready) {
            (Ok(_), Some(ready)) => {
                let address = ready.get("listen").and_then(Value::as_str);
                Ok(ConnectorProcess {
                    address: address.unwrap_or_default().to_owned(),
                    _out: out,
                })
            }
            (_, _) => Err(ExpectationError {
                expected: format!("`hansa --config {participant} serve` is ready"),
                came: format!("`{}`", line.trim()),
            }),
        }
    }
}

/// Running connector.
#[derive(Debug)]
pub(super) struct ConnectorProcess {
    /// Address for peers; empty where the connector listens for none.
    pub(super) address: String,
    /// Held open, so that the connector can continue to write.
    _out: BufReader<ChildStdout>,
}

fn command_error(what: &str, came: impl std::fmt::Display) -> ExpectationError {
    ExpectationError {
        expected: what.to_owned(),
        came: came.to_string(),
    }
}

fn end_all(children: &Mutex<Vec<Child>>) {
    let mut children = children.lock();
    for child in children.iter_mut() {
        let _ = child.kill();
    }
    for mut child in children.drain(..) {
        let _ = child.wait();
    }
}

impl Drop for DemoRunner {
    fn drop(&mut self) {
        end_all(&self.children);
    }
}
