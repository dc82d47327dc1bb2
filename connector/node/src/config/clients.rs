//! `[clients]` and `[web]`: addresses for client programs, by Flight SQL and by HTTP.

use crate::config::reader::ConfigSection;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

/// `[clients]` or `[web]`
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ClientsConfig {
    /// Address to listen on; absent: nothing is served.
    pub listen: Option<SocketAddr>,
    /// Certificate chain and key of the listener; absent: those of the participant in its league.
    pub certificate: Option<(PathBuf, PathBuf)>,
}

/// Reads the section.
pub(super) fn read_clients_config(section: ConfigSection<'_>, folder: &Path) -> ClientsConfig {
    let listen = section.parse_value("listen");
    let certificate = section.text("certificate");
    let key = section.text("key");
    let certificate = match (certificate, key) {
        (Some(certificate), Some(key)) => Some((folder.join(certificate), folder.join(key))),
        (None, None) => None,
        (Some(_), None) => {
            section.report_problem("certificate", "a certificate needs its `key` beside it");
            None
        }
        (None, Some(_)) => {
            section.report_problem("key", "a key needs its `certificate` beside it");
            None
        }
    };
    section.finish();
    ClientsConfig {
        listen,
        certificate,
    }
}
