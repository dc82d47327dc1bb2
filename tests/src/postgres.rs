//! A real PostgreSQL server, in a folder of its own, for as long as it is held.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that can't have its database fails"
)]

use std::fs::{self, File};
use std::io::Write as _;
use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;
use tempfile::TempDir;

/// A server. Its superuser is `owner`, its database `postgres`, and its texts are sorted as in a German dictionary: not by
/// their bytes.
#[derive(Debug)]
pub struct Postgres {
    folder: TempDir,
    programs: PathBuf,
    // Dropping it ends the thread that the server lives with.
    _end: mpsc::Sender<()>,
}

impl Postgres {
    /// Whether the server's programs are installed.
    #[must_use]
    pub fn is_installed() -> bool {
        programs().is_some()
    }

    /// Starts one that listens on a socket alone.
    ///
    /// # Panics
    /// As [`Postgres::with_tls`].
    #[must_use]
    pub fn on_a_socket() -> Self {
        Self::start(None)
    }

    /// Starts one that listens on a port of this machine, too, with this certificate and key (PEM): there it asks for
    /// passwords.
    ///
    /// # Panics
    /// When the server's programs are not installed (Debian: `postgresql`), or it does not start.
    #[must_use]
    pub fn with_tls(certificate: &str, key: &str) -> Self {
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = free.local_addr().unwrap().port();
        drop(free);
        Self::start(Some((certificate, key, port)))
    }

    fn start(tls: Option<(&str, &str, u16)>) -> Self {
        let programs = programs().expect("these tests need the programs of a PostgreSQL server (Debian: apt-get install postgresql)");
        let folder = tempfile::tempdir().unwrap();
        // Whoever runs the tests as root runs the server as nobody: it refuses to be root.
        let root = fs::metadata(folder.path()).unwrap().uid() == 0;
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let data = folder.path().join("data");
        fs::create_dir(&data).unwrap();
        own(root, &data);
        let run = |program: &str| {
            let program = programs.join(program);
            let mut command = Command::new(if root { Path::new("setpriv") } else { &program });
            if root {
                command.args(["--reuid", NOBODY, "--regid", NOBODY, "--clear-groups"]);
                command.arg(&program);
            }
            command.current_dir(folder.path());
            command
        };
        let made = run("initdb")
            .args(["-A", "trust", "-U", "owner", "-E", "UTF8", "--no-sync"])
            .args([
                "--locale",
                "C",
                "--locale-provider",
                "icu",
                "--icu-locale",
                "de",
            ])
            .arg("-D")
            .arg(&data)
            .output()
            .unwrap();
        assert!(
            made.status.success(),
            "{}",
            String::from_utf8_lossy(&made.stderr)
        );
        let mut server = run("postgres");
        server.arg("-D").arg(&data).arg("-k").arg(&data);
        let mut settings = vec![
            "fsync=off".to_owned(),
            "log_statement=all".to_owned(),
            "max_connections=60".to_owned(),
        ];
        match tls {
            None => settings.push("listen_addresses=".to_owned()),
            Some((certificate, key, port)) => {
                for (name, text) in [("server.crt", certificate), ("server.key", key)] {
                    let path = data.join(name);
                    fs::write(&path, text).unwrap();
                    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
                    own(root, &path);
                }
                let rules = "local all all trust\nhostssl all all 127.0.0.1/32 scram-sha-256\n";
                fs::write(data.join("pg_hba.conf"), rules).unwrap();
                settings.extend([
                    "listen_addresses=127.0.0.1".to_owned(),
                    format!("port={port}"),
                    "ssl=on".to_owned(),
                ]);
            }
        }
        for setting in &settings {
            server.args(["-c", setting]);
        }
        let log = File::create(folder.path().join("log")).unwrap();
        server.stdout(Stdio::null()).stderr(log);
        let (end, ended) = mpsc::channel::<()>();
        let mut child = server.spawn().unwrap();
        let postgres = Self {
            folder,
            programs,
            _end: end,
        };
        postgres.wait(&mut child, tls.map(|(.., port)| port));
        std::thread::spawn(move || {
            // Nothing is ever sent: it ends with the sender.
            let _ = ended.recv();
            let _ = child.kill();
            let _ = child.wait();
        });
        postgres
    }

    /// The port that it listens on, or by which its socket is called.
    ///
    /// # Panics
    /// When it listens on none.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.named().unwrap()
    }

    /// The folder of its socket, which is a `host`.
    #[must_use]
    pub fn socket(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Runs statements as its owner.
    ///
    /// # Panics
    /// When one fails.
    pub fn run(&self, sql: &str) -> String {
        self.try_run(sql, None)
            .unwrap_or_else(|why| panic!("{why}"))
    }

    /// What it has logged so far: each statement that it was asked.
    #[must_use]
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap()
    }

    fn try_run(&self, sql: &str, port: Option<u16>) -> Result<String, String> {
        let mut command = Command::new(self.programs.join("psql"));
        command.args([
            "-X",
            "-q",
            "-A",
            "-t",
            "-v",
            "ON_ERROR_STOP=1",
            "-U",
            "owner",
            "-d",
            "postgres",
        ]);
        command.arg("-h").arg(self.socket());
        if let Some(port) = port.or_else(|| self.named()) {
            command.arg("-p").arg(port.to_string());
        }
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| error.to_string())?;
        let mut stdin = child.stdin.take().unwrap();
        stdin
            .write_all(sql.as_bytes())
            .map_err(|error| error.to_string())?;
        drop(stdin);
        let output = child
            .wait_with_output()
            .map_err(|error| error.to_string())?;
        if output.status.success() {
            Ok(String::from_utf8_lossy(&output.stdout).into_owned())
        } else {
            Err(String::from_utf8_lossy(&output.stderr).into_owned())
        }
    }

    /// The port in the name of its socket.
    fn named(&self) -> Option<u16> {
        let entries = fs::read_dir(self.socket()).ok()?;
        let names = entries
            .flatten()
            .filter_map(|entry| entry.file_name().into_string().ok());
        names
            .filter_map(|name| name.strip_prefix(".s.PGSQL.")?.parse().ok())
            .next()
    }

    fn wait(&self, child: &mut Child, port: Option<u16>) {
        for _ in 0..600 {
            if self.try_run("SELECT 1", port).is_ok() {
                return;
            }
            if let Ok(Some(status)) = child.try_wait() {
                panic!("the server ended with {status}: {}", self.log());
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        panic!("the server does not start: {}", self.log());
    }
}

fn own(root: bool, path: &Path) {
    if root {
        let nobody = NOBODY.parse().unwrap();
        chown(path, Some(nobody), Some(nobody)).unwrap();
    }
}

/// Where the programs of the newest version are.
fn programs() -> Option<PathBuf> {
    let mut found: Vec<PathBuf> = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path().join("bin"))
        .filter(|folder| folder.join("initdb").exists())
        .collect();
    found.sort();
    found.pop().or_else(|| {
        let path = std::env::var_os("PATH").unwrap_or_default();
        std::env::split_paths(&path).find(|folder| folder.join("initdb").exists())
    })
}

const NOBODY: &str = "65534";
