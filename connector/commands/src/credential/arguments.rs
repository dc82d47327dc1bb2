//! The verbs of `hansa credential`: what issuers state of this participant.

use clap::Subcommand;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// `hansa credential …`
#[derive(Debug, Clone, Subcommand, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CredentialCommand {
    /// The credentials of this participant; a question brings those along at which a clause of its contract looks
    #[command(after_help = "Example: hansa credential list")]
    List,
    /// Keeps one that an issuer has sent
    #[command(after_help = "Example: hansa credential add acme.credential")]
    Add {
        /// The file
        file: PathBuf,
    },
    /// Takes one out, so that no question brings it along any more; it counts as before wherever it was shown
    #[command(after_help = "Example: hansa credential remove 4f1c")]
    Remove {
        /// The credential, by the beginning of its digest
        statement: String,
    },
}
