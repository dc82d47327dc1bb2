//! The verbs of `hansa running`: answers that run now.

use clap::Subcommand;
use serde::{Deserialize, Serialize};

/// `hansa running …`
#[derive(Debug, Clone, Subcommand, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunningCommand {
    /// Lists the answers that run now, the oldest first
    #[command(after_help = "Example: hansa running list")]
    List,
    /// Ends one running answer; the rows that left stay with their reader
    #[command(after_help = "Example: hansa running cancel 4f1c0a9b22d7")]
    Cancel {
        /// Its question, by the beginning of its identity
        question: String,
    },
}
