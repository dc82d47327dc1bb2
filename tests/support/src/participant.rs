//! One participant: its folder, its process, and the commands that are run on it.

use serde_json::Value;
use std::ffi::{OsStr, OsString};
use std::io::{BufRead, BufReader};
use std::net::{SocketAddr, TcpListener};
use std::os::fd::OwnedFd;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// What a command did.
#[derive(Debug)]
pub struct CommandOutput {
    /// The command, for messages.
    pub command: String,
    /// Its exit status; absent when it was killed.
    pub status: Option<i32>,
    /// What it wrote to stdout.
    pub out: String,
    /// What it wrote to stderr.
    pub err: String,
}

impl CommandOutput {
    /// The outcome, if the command ended with 0.
    ///
    /// # Panics
    /// When it did not, with all that it wrote.
    #[track_caller]
    pub fn must(self) -> Self {
        self.ends(0)
    }

    /// The outcome, if the command ended with `status`.
    ///
    /// # Panics
    /// When it did not, with all that it wrote.
    #[track_caller]
    #[expect(clippy::panic, reason = "a harness reports by failing the test")]
    pub fn ends(self, status: i32) -> Self {
        if self.status != Some(status) {
            panic!(
                "`{}` ended with {:?} instead of {status}\nstdout: {}\nstderr: {}",
                self.command, self.status, self.out, self.err
            );
        }
        self
    }

    /// The outcome, if the command was refused with this code and exit status.
    ///
    /// # Panics
    /// When it was not.
    #[track_caller]
    #[expect(clippy::panic, reason = "a harness reports by failing the test")]
    pub fn refused(self, code: &str, status: i32) -> Self {
        let outcome = self.ends(status);
        if !outcome.err.contains(&format!("error[{code}]"))
            && !outcome.err.contains(&format!("\"code\":\"{code}\""))
        {
            panic!("`{}` did not say {code}:\n{}", outcome.command, outcome.err);
        }
        outcome
    }

    /// Each line of stdout as JSON.
    ///
    /// # Panics
    /// When a line is no JSON.
    #[must_use]
    #[track_caller]
    #[expect(clippy::panic, reason = "a harness reports by failing the test")]
    pub fn lines(&self) -> Vec<Value> {
        self.out
            .lines()
            .map(|line| {
                serde_json::from_str(line)
                    .unwrap_or_else(|fault| panic!("`{}`: {fault}: {line}", self.command))
            })
            .collect()
    }

    /// The rows of an answer: its lines but for what is told below them.
    ///
    /// # Panics
    /// When a line is no JSON.
    #[must_use]
    #[track_caller]
    pub fn rows(&self) -> Vec<Value> {
        let mut lines = self.lines();
        lines.retain(|line| line.get("hansa").is_none());
        lines
    }

    /// Each line without what is another one of every answer: the token of where the next one goes on.
    ///
    /// # Panics
    /// When a line is no JSON.
    #[must_use]
    #[track_caller]
    pub fn lines_without_token(&self) -> Vec<Value> {
        let mut lines = self.lines();
        for line in &mut lines {
            if let Some(below) = line.get_mut("hansa").and_then(Value::as_object_mut) {
                below.remove("token");
            }
        }
        lines
    }

    /// The only line of stdout as JSON.
    ///
    /// # Panics
    /// When there is none, or more.
    #[must_use]
    #[track_caller]
    #[expect(clippy::panic, reason = "a harness reports by failing the test")]
    pub fn json(&self) -> Value {
        let mut lines = self.lines();
        match (lines.pop(), lines.is_empty()) {
            (Some(line), true) => line,
            (_, _) => panic!("`{}` did not write one line: {}", self.command, self.out),
        }
    }
}

/// Runs the binary to its end.
///
/// # Panics
/// When it can't be started.
#[must_use]
pub fn run(binary: &Path, folder: &Path, args: &[&str]) -> CommandOutput {
    let mut command = Command::new(binary);
    command.args(args);
    finished(
        in_folder(command, folder),
        format!("hansa {}", args.join(" ")),
    )
}

/// The command in a folder, with no configuration but the folder's, no colour and no terminal.
fn in_folder(mut command: Command, folder: &Path) -> Command {
    command
        .current_dir(folder)
        .env_remove("HANSA_CONFIG")
        .env("NO_COLOR", "1")
        .stdin(Stdio::null());
    command
}

#[expect(clippy::expect_used, reason = "a test can't go on without the binary")]
fn finished(mut command: Command, text: String) -> CommandOutput {
    let output = command.output().expect("the binary starts");
    CommandOutput {
        command: text,
        status: output.status.code(),
        out: String::from_utf8_lossy(&output.stdout).into_owned(),
        err: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// A participant's folder and, while it serves, its process.
#[derive(Debug)]
pub struct TestParticipant {
    binary: PathBuf,
    folder: PathBuf,
    id: String,
    serving: Option<ServerProcess>,
    /// Variables of the environment of its serving processes.
    environment: Vec<(&'static str, OsString)>,
}

#[derive(Debug)]
struct ServerProcess {
    child: Child,
    address: Option<String>,
    /// Held open: a serving process whose stdout closes would get a broken pipe.
    _out: BufReader<std::process::ChildStdout>,
}

impl TestParticipant {
    /// A participant whose folder is there already.
    #[must_use]
    pub fn new(binary: &Path, folder: PathBuf, id: &str) -> Self {
        Self {
            binary: binary.to_path_buf(),
            folder,
            id: id.to_owned(),
            serving: None,
            environment: Vec::new(),
        }
    }

    /// Its folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Its domain.
    #[must_use]
    pub fn domain(&self) -> &str {
        &self.id
    }

    /// Runs a command on it.
    #[must_use]
    pub fn hansa(&self, args: &[&str]) -> CommandOutput {
        run(&self.binary, &self.folder, args)
    }

    /// Runs a command on it as another Unix user, who reaches the binary over a link in the folder above; only root can.
    ///
    /// # Panics
    /// When it can't be started.
    #[must_use]
    #[expect(clippy::expect_used, reason = "a test can't go on without the binary")]
    pub fn hansa_as(&self, user: u32, args: &[&str]) -> CommandOutput {
        let league = self.folder.parent().expect("a folder of the league");
        let binary = league.join("hansa-for-all");
        if !binary.exists() {
            let linked = std::fs::hard_link(&self.binary, &binary);
            linked
                .or_else(|_| std::fs::copy(&self.binary, &binary).map(|_| ()))
                .expect("a binary for all");
        }
        for folder in [league, &self.folder] {
            std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o755))
                .expect("the folder is open");
        }
        let mut command = Command::new(&binary);
        command.args(args).uid(user);
        finished(
            in_folder(command, &self.folder),
            format!("hansa {} (as {user})", args.join(" ")),
        )
    }

    /// A command to be started by the test itself, so that it can be killed in mid-flight.
    #[must_use]
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(&self.binary);
        command.args(args);
        in_folder(command, &self.folder)
    }

    /// Appends to the configuration.
    ///
    /// # Panics
    /// When the file can't be written.
    #[expect(clippy::expect_used, reason = "a test can't go on without its files")]
    pub fn configure(&self, toml: &str) {
        let file = self.folder.join("hansa.toml");
        let mut text = std::fs::read_to_string(&file).expect("the configuration is there");
        text.push('\n');
        text.push_str(toml);
        std::fs::write(&file, text).expect("the configuration can be written");
    }

    /// Writes a file below its folder.
    ///
    /// # Panics
    /// When it can't be written.
    #[expect(clippy::expect_used, reason = "a test can't go on without its files")]
    pub fn write(&self, name: &str, content: &str) {
        let file = self.folder.join(name);
        if let Some(parent) = file.parent() {
            std::fs::create_dir_all(parent).expect("the folder can be made");
        }
        std::fs::write(file, content).expect("the file can be written");
    }

    /// `hansa serve`; comes back when it is ready.
    ///
    /// # Panics
    /// When it ends before it is ready.
    #[track_caller]
    pub fn serve(&mut self) {
        let command = self.command(&["--json", "serve"]);
        self.serve_by(command);
    }

    /// The same, where no file can grow beyond so many blocks of 512 bytes, and stderr takes nothing any more: what a full disk
    /// looks like to a process whose complaints go to a file on it.
    ///
    /// # Panics
    /// When it ends before it is ready.
    #[track_caller]
    pub fn serve_within(&mut self, blocks: u64) {
        let mut command = Command::new("sh");
        command
            .args([
                "-c",
                "ulimit -f \"$1\" && exec \"$0\" --json serve 2>/dev/full",
            ])
            .arg(&self.binary)
            .arg(blocks.to_string());
        self.serve_by(in_folder(command, &self.folder));
    }

    /// Gives its serving processes a variable of the environment, from the next start on.
    pub fn serves_with(&mut self, name: &'static str, value: &OsStr) {
        self.environment.push((name, value.to_owned()));
    }

    /// Has it listen at this address from its next start on.
    ///
    /// # Panics
    /// When its configuration can't be written.
    #[expect(clippy::expect_used, reason = "a test can't go on without its files")]
    pub fn listens_at(&self, address: SocketAddr) {
        let file = self.folder.join("hansa.toml");
        let text = std::fs::read_to_string(&file).expect("the configuration is there");
        let text = text.replace("\"127.0.0.1:0\"", &format!("\"{address}\""));
        std::fs::write(&file, text).expect("the configuration can be written");
    }

    /// `hansa serve` with a listener that stays open when it ends, as a service manager holds one.
    ///
    /// # Panics
    /// When it ends before it is ready.
    #[track_caller]
    #[expect(clippy::expect_used, reason = "a harness reports by failing the test")]
    pub fn serve_at(&mut self, listener: &TcpListener) {
        let held = listener.try_clone().expect("a listener can be cloned");
        let mut command = Command::new("sh");
        command
            .args([
                "-c",
                "exec 3<&0 < /dev/null; exec env LISTEN_PID=$$ LISTEN_FDS=1 \"$0\" --json serve 2>> serve.err",
            ])
            .arg(&self.binary);
        let mut command = in_folder(command, &self.folder);
        command.stdin(Stdio::from(OwnedFd::from(held)));
        self.serve_by(command);
    }

    #[track_caller]
    #[expect(
        clippy::expect_used,
        clippy::panic,
        reason = "a harness reports by failing the test"
    )]
    fn serve_by(&mut self, mut command: Command) {
        let mut child = command
            .envs(self.environment.iter().cloned())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the binary starts");
        let mut out = BufReader::new(child.stdout.take().expect("stdout is piped"));
        let mut line = String::new();
        out.read_line(&mut line).expect("stdout can be read");
        let ready: Value = serde_json::from_str(&line)
            .unwrap_or_else(|_| panic!("`{}` did not become ready: {line}", self.id));
        let address = ready
            .get("listen")
            .and_then(Value::as_str)
            .map(str::to_owned);
        self.serving = Some(ServerProcess {
            child,
            address,
            _out: out,
        });
    }

    /// The address under which it listens.
    ///
    /// # Panics
    /// When it does not serve, or has no inbound port.
    #[must_use]
    #[track_caller]
    #[expect(clippy::panic, reason = "a harness reports by failing the test")]
    pub fn address(&self) -> &str {
        match self
            .serving
            .as_ref()
            .and_then(|serving| serving.address.as_deref())
        {
            Some(address) => address,
            None => panic!("`{}` does not listen", self.id),
        }
    }

    /// The process, to watch or to signal it.
    #[must_use]
    pub fn pid(&self) -> Option<u32> {
        self.serving.as_ref().map(|serving| serving.child.id())
    }

    /// kill -9.
    pub fn kill(&mut self) {
        if let Some(mut serving) = self.serving.take() {
            let _ = serving.child.kill();
            let _ = serving.child.wait();
        }
    }

    /// SIGTERM, and waits for the end.
    pub fn stop(&mut self) {
        self.tell_to_stop();
        let _ = self.await_end();
    }

    /// SIGTERM, without a wait.
    pub fn tell_to_stop(&self) {
        if let Some(pid) = self.pid() {
            let _ = Command::new("kill")
                .args(["-TERM", &pid.to_string()])
                .status();
        }
    }

    /// Waits for the end of its process, and gives its status.
    pub fn await_end(&mut self) -> Option<i32> {
        let mut serving = self.serving.take()?;
        serving.child.wait().ok()?.code()
    }

    /// Sets a key of `[limits]`, from its next start on.
    ///
    /// # Panics
    /// When its configuration can't be written.
    #[expect(clippy::expect_used, reason = "a test can't go on without its files")]
    pub fn set_limit(&self, key: &str, value: &str) {
        let file = self.folder.join("hansa.toml");
        let text = std::fs::read_to_string(&file).expect("the configuration is there");
        let text = text.replacen("[limits]", &format!("[limits]\n{key} = \"{value}\"\n#"), 1);
        std::fs::write(&file, text).expect("the configuration can be written");
    }

    /// Another handle of the same folder, which does not end its process.
    #[must_use]
    pub fn make_watcher(&self) -> Self {
        Self::new(&self.binary, self.folder.clone(), &self.id)
    }
}

impl Drop for TestParticipant {
    fn drop(&mut self) {
        self.kill();
    }
}
