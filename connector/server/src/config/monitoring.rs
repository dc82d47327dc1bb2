//! `[monitoring]`: where metrics and readiness are read.

use crate::config::reader::ConfigSection;
use hansa_policy::refusal::{ErrorCode, Refusal};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

/// `[monitoring]`
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct MonitoringConfig {
    /// The address; absent: nothing is served.
    pub(crate) listen: Option<SocketAddr>,
    /// The file with the token of whoever reads metrics; needed where others reach the address.
    pub(crate) token_file: Option<PathBuf>,
}

/// Reads it.
pub(super) fn read(
    mut section: ConfigSection<'_, '_>,
    folder: &Path,
    faults: &mut Vec<Refusal>,
) -> MonitoringConfig {
    let listen: Option<SocketAddr> = section.parsed("listen", faults);
    let token = section.text("token_file", faults);
    let line = section.line();
    if listen.is_some_and(|address| !address.ip().is_loopback()) && token.is_none() {
        let sentence =
            "metrics name peers and datasets: an address that other machines reach needs a token";
        let refusal = section.problem(
            ErrorCode::ConfigInvalid,
            sentence.to_owned(),
            line,
            "token_file",
        );
        faults.push(refusal.with_help("set token_file, or listen = \"127.0.0.1:9464\""));
    }
    section.finish(faults);
    MonitoringConfig {
        listen,
        token_file: token.map(|file| folder.join(file)),
    }
}
