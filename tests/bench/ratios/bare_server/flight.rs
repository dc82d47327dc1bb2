//! Arrow Flight of the C++ library as a process, where it is installed: the anchors that are written in Python.

use std::collections::BTreeMap;
use std::io::BufRead as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// The server's process.
pub(crate) struct CppFlightProcess {
    child: Child,
    address: String,
    _out: std::io::BufReader<std::process::ChildStdout>,
}

impl CppFlightProcess {
    /// Has `python` run a script of `anchors`, which serves these files with the provider's certificate; nothing where it lacks
    /// what the script imports.
    pub(crate) fn start(
        league: &Path,
        files: &BTreeMap<&'static str, Vec<PathBuf>>,
        (python, script): (&str, &str),
    ) -> Option<Self> {
        let keys = crate::governed_query::files(&league.join("north"));
        let report = serde_json::json!({
            "files": files,
            "tls_key": keys.tls_key, "tls_cert": keys.tls_cert,
            "bundle": keys.bundle,
        });
        let anchors =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/bench/ratios/anchors");
        let mut child = Command::new(python)
            // Scripts import each other, and what is compiled of them is not to lie among the sources.
            .arg("-B")
            .arg(anchors.join(script))
            .arg(report.to_string())
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

impl Drop for CppFlightProcess {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
