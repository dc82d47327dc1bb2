//! `[trust]`: paths of keys, certificate and trust bundle.

use crate::config::reader::ConfigSection;
use hansa_identity::participant_identity::IdentityFiles;
use std::path::{Path, PathBuf};

/// `[trust]`: paths of keys, certificate and trust bundle.
#[derive(Debug, Clone)]
pub struct TrustConfig {
    /// The signed trust bundle of the league.
    pub bundle: PathBuf,
    /// Certificate chain for TLS.
    pub tls_cert: PathBuf,
    /// Private key of the TLS certificate.
    pub(crate) tls_key: PathBuf,
    /// Private key that signs contracts.
    pub(crate) signing_key: PathBuf,
    /// Private key that signs the heads of the log.
    pub(crate) note_key: PathBuf,
}

impl TrustConfig {
    /// Returns the files from which the identity of the participant is read.
    pub fn identity_files(&self) -> IdentityFiles {
        IdentityFiles {
            signing_key: self.signing_key.clone(),
            note_key: self.note_key.clone(),
            tls_key: self.tls_key.clone(),
            tls_cert: self.tls_cert.clone(),
            bundle: self.bundle.clone(),
        }
    }
}

/// Reads the section. Absent paths default to those of `hansa init`.
pub(super) fn read_trust_config(section: ConfigSection<'_>, folder: &Path) -> TrustConfig {
    let path = |key: &'static str, default: &str| {
        folder.join(section.text(key).unwrap_or_else(|| default.to_owned()))
    };
    let trust = TrustConfig {
        bundle: path("bundle", "trust/bundle.json"),
        tls_cert: path("tls_cert", "keys/tls.crt"),
        tls_key: path("tls_key", "keys/tls.key"),
        signing_key: path("signing_key", "keys/signing.key"),
        note_key: path("note_key", "keys/note.key"),
    };
    section.finish();
    trust
}
