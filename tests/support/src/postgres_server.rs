//! A real PostgreSQL server, in a folder of its own, for as long as it is held.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that can't have its database fails"
)]

use crate::free_ports::find_free_ports;
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::Write as _;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use tempfile::TempDir;

/// A server. Its superuser is `owner`, its database `postgres`, and its texts are sorted as in a German dictionary: not by
/// their bytes.
#[derive(Debug)]
pub struct PostgresServer {
    folder: TempDir,
    programs: PathBuf,
    server: Child,
}

/// Becomes the server, and leaves a process behind that waits for the end of the pipe on stdin: the server is killed and its
/// folder removed as soon as the process that started it has gone, however it went, also where nothing of it was dropped.
const SERVER_FOR_A_PIPE: &str = r#"
folder=$1; shift
exec 3<&0
( read -r _ <&3; kill -QUIT $$; while kill -0 $$; do sleep 0.1; done; rm -rf "$folder" ) >/dev/null 2>&1 &
exec "$@" 3<&- </dev/null
"#;

impl Drop for PostgresServer {
    fn drop(&mut self) {
        drop(self.server.stdin.take());
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

impl PostgresServer {
    /// Whether the server's programs are installed.
    #[must_use]
    pub fn is_installed() -> bool {
        programs().is_some()
    }

    /// Starts one that listens on a socket alone.
    ///
    /// # Panics
    /// As [`PostgresServer::with_tls`].
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
        let [port] = find_free_ports();
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
        let words = |program: &str| {
            let as_nobody = [
                "setpriv",
                "--reuid",
                NOBODY,
                "--regid",
                NOBODY,
                "--clear-groups",
            ];
            let mut words: Vec<OsString> = Vec::new();
            if root {
                words.extend(as_nobody.map(OsString::from));
            }
            words.push(programs.join(program).into_os_string());
            words
        };
        let initdb = words("initdb");
        let made = Command::new(&initdb[0])
            .args(&initdb[1..])
            .current_dir(folder.path())
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
        let mut server = Command::new("sh");
        server
            .args(["-c", SERVER_FOR_A_PIPE, "sh"])
            .arg(folder.path())
            .args(words("postgres"))
            .current_dir(folder.path())
            .stdin(Stdio::piped());
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
        let mut postgres = Self {
            folder,
            programs,
            server: server.spawn().unwrap(),
        };
        postgres.wait(tls.map(|(.., port)| port));
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

    fn wait(&mut self, port: Option<u16>) {
        for _ in 0..600 {
            if self.try_run("SELECT 1", port).is_ok() {
                return;
            }
            if let Ok(Some(status)) = self.server.try_wait() {
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

#[cfg(test)]
mod tests {
    use super::PostgresServer;
    use crate::workflow::wait_for;
    use std::time::Duration;

    /// What a process leaves that is killed in the middle of a test: the end of its pipes, and nothing that was dropped.
    #[test]
    fn the_server_goes_with_whoever_started_it() {
        let mut postgres = PostgresServer::on_a_socket();
        let folder = postgres.socket();
        drop(postgres.server.stdin.take());
        let ended = || postgres.server.try_wait().ok().flatten();
        let _ = wait_for("the end of the server", Duration::from_secs(60), ended);
        let gone = || (!folder.exists()).then_some(());
        wait_for("the end of its folder", Duration::from_secs(60), gone);
    }
}
