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
pub(super) fn read(section: ConfigSection<'_>, folder: &Path) -> MonitoringConfig {
    let listen: Option<SocketAddr> = section.parsed("listen");
    let token = section.text("token_file");
    if listen.is_some_and(|address| !address.ip().is_loopback()) && token.is_none() {
        let sentence =
            "metrics name peers and datasets: an address that other machines reach needs a token";
        let refusal = Refusal::new(ErrorCode::ConfigInvalid, sentence);
        let help = "set token_file, or listen = \"127.0.0.1:9464\"";
        section.refuse("token_file", refusal.with_help(help));
    }
    section.finish();
    MonitoringConfig {
        listen,
        token_file: token.map(|file| folder.join(file)),
    }
}
