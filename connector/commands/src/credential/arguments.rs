//! The verbs of `hansa credential`: what issuers state of this participant.

use clap::Subcommand;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// `hansa credential …`
#[derive(Debug, Clone, Subcommand, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CredentialCommand {
    /// Lists this participant's credentials; a question presents those that a clause of its contract demands
    #[command(after_help = "Example: hansa credential list")]
    List,
    /// Stores a credential that an issuer has sent
    #[command(after_help = "Example: hansa credential add acme.credential")]
    Add {
        /// The file
        file: PathBuf,
    },
    /// Removes a credential, so that questions no longer present it; where it was shown it stays valid
    #[command(after_help = "Example: hansa credential remove 4f1c")]
    Remove {
        /// The credential, by the beginning of its digest
        statement: String,
    },
}
