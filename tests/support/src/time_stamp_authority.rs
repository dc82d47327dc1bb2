//! A time-stamp authority (RFC 3161) behind HTTP: `openssl ts` signs, and what it sends is not always what was asked for.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that can't have its authority fails"
)]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use tempfile::TempDir;

/// How an authority answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuthorityBehaviour {
    /// With a token over what was asked for.
    Honest,
    /// It hangs up.
    Silent,
    /// With the first response that it ever gave.
    Repeating,
    /// With more bytes than anybody reads.
    Endless,
}

/// A running authority with a root of its own. It ends with the value.
#[derive(Debug)]
pub struct TimeStampAuthority {
    folder: Arc<TempDir>,
    address: String,
    /// Absent: it ends.
    behaviour: Arc<Mutex<Option<AuthorityBehaviour>>>,
    serving: Option<JoinHandle<()>>,
}

/// The subject of the certificate that signs.
pub const AUTHORITY: &str = "O=Clock of the lake, CN=Time stamps";

impl TimeStampAuthority {
    /// A new one, which listens on a port of its own.
    ///
    /// # Panics
    /// When `openssl` is not installed.
    #[must_use]
    pub fn new() -> Self {
        let folder = Arc::new(tempfile::tempdir().unwrap());
        let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text);
        write("tsa.cnf", CONFIGURATION).unwrap();
        write("extensions", EXTENSIONS).unwrap();
        write("serial", "01\n").unwrap();
        for command in COMMANDS {
            openssl(folder.path(), command);
        }
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let behaviour = Arc::new(Mutex::new(Some(AuthorityBehaviour::Honest)));
        let (inner, within) = (Arc::clone(&behaviour), Arc::clone(&folder));
        let serving = std::thread::spawn(move || {
            for caller in listener.incoming() {
                let Some(behaviour) = *inner.lock().unwrap() else {
                    return;
                };
                // Whoever hangs up is served no more, and the next one is.
                let _ = caller.and_then(|caller| answer(within.path(), behaviour, caller));
            }
        });
        Self {
            folder,
            address,
            behaviour,
            serving: Some(serving),
        }
    }

    /// Its address.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}/tsa", self.address)
    }

    /// The certificate above the one that signs, in PEM.
    #[must_use]
    pub fn root(&self) -> PathBuf {
        self.folder.path().join("root.pem")
    }

    /// Behaves like this from now on.
    ///
    /// # Panics
    /// When its thread has panicked.
    pub fn behaves(&self, behaviour: AuthorityBehaviour) {
        *self.behaviour.lock().unwrap() = Some(behaviour);
    }
}

impl Default for TimeStampAuthority {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for TimeStampAuthority {
    fn drop(&mut self) {
        if let Ok(mut behaviour) = self.behaviour.lock() {
            *behaviour = None;
        }
        // It looks when somebody calls.
        drop(TcpStream::connect(&self.address));
        if let Some(serving) = self.serving.take() {
            let _ = serving.join();
        }
    }
}

fn answer(
    folder: &Path,
    behaviour: AuthorityBehaviour,
    mut caller: TcpStream,
) -> std::io::Result<()> {
    if behaviour == AuthorityBehaviour::Silent {
        return Ok(());
    }
    let mut reader = BufReader::new(caller.try_clone()?);
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let line = line.trim().to_ascii_lowercase();
        if let Some(given) = line.strip_prefix("content-length:") {
            length = given.trim().parse().unwrap_or(0);
        }
        if line.is_empty() {
            break;
        }
    }
    let mut request = vec![0; length];
    reader.read_exact(&mut request)?;
    let first = folder.join("first.tsr");
    let body = match behaviour {
        AuthorityBehaviour::Endless => vec![0x30; 1024 * 1024],
        AuthorityBehaviour::Repeating => std::fs::read(&first)?,
        AuthorityBehaviour::Honest | AuthorityBehaviour::Silent => {
            std::fs::write(folder.join("request.tsq"), &request)?;
            openssl(
                folder,
                "ts -reply -config tsa.cnf -queryfile request.tsq -out response.tsr",
            );
            if !first.exists() {
                std::fs::copy(folder.join("response.tsr"), &first)?;
            }
            std::fs::read(folder.join("response.tsr"))?
        }
    };
    write!(
        caller,
        "HTTP/1.1 200 OK\r\nContent-Type: application/timestamp-reply\r\nContent-Length: {}\r\n\
         Connection: close\r\n\r\n",
        body.len()
    )?;
    caller.write_all(&body)
}

fn openssl(folder: &Path, arguments: &str) {
    let output = Command::new("openssl")
        // A name holds blanks.
        .args(arguments.split(' ').map(|word| word.replace('_', " ")))
        .current_dir(folder)
        .output()
        .expect("openssl is installed");
    let wrong = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "openssl {arguments}: {wrong}");
}

const COMMANDS: [&str; 3] = [
    "req -x509 -newkey rsa:2048 -nodes -keyout root.key -out root.pem -days 3650 -subj /O=Clock_of_the_lake/CN=Root \
     -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign",
    "req -newkey rsa:2048 -nodes -keyout tsa.key -out tsa.csr -subj /O=Clock_of_the_lake/CN=Time_stamps",
    "x509 -req -in tsa.csr -CA root.pem -CAkey root.key -CAcreateserial -days 3649 -extfile extensions -out tsa.pem",
];

const EXTENSIONS: &str = "basicConstraints = CA:FALSE\nkeyUsage = critical,digitalSignature\n\
                          extendedKeyUsage = critical,timeStamping\n";

const CONFIGURATION: &str = "[tsa]\ndefault_tsa = clock\n[clock]\nserial = serial\ncrypto_device = builtin\n\
                             signer_cert = tsa.pem\ncerts = root.pem\nsigner_key = tsa.key\nsigner_digest = sha256\n\
                             default_policy = 1.2.3.4.1\nother_policies = 1.2.3.4.2\ndigests = sha256\n\
                             accuracy = secs:1\nordering = no\ntsa_name = yes\ness_cert_id_chain = no\n\
                             ess_cert_id_alg = sha256\n";
