//! Arrow Flight of the C++ library as a process, where it is installed.

use std::collections::BTreeMap;
use std::io::BufRead as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// The server's process.
pub(crate) struct Flight {
    child: Child,
    address: String,
    _out: std::io::BufReader<std::process::ChildStdout>,
}

impl Flight {
    /// Serves these files with the provider's certificate; nothing where `python` has no pyarrow.
    pub(crate) fn start(
        league: &Path,
        files: &BTreeMap<&'static str, Vec<PathBuf>>,
        python: &str,
    ) -> Option<Self> {
        let keys = crate::governed::files(&league.join("north"));
        let told = serde_json::json!({
            "files": files,
            "tls_key": keys.tls_key, "tls_cert": keys.tls_cert,
            "bundle": keys.bundle,
        });
        let script =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/ratios/anchors/flight.py");
        let mut child = Command::new(python)
            .arg(script)
            .arg(told.to_string())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .ok()?;
        let mut out = std::io::BufReader::new(child.stdout.take()?);
        let mut port = String::new();
        out.read_line(&mut port).ok()?;
        let Ok(port) = port.trim().parse::<u16>() else {
            let _ = child.wait();
            return None;
        };
        Some(Self {
            child,
            address: format!("127.0.0.1:{port}"),
            _out: out,
        })
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// Its process.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
