//! The verbs of `hansa config`.

use clap::Subcommand;
use serde::{Deserialize, Serialize};

/// `hansa config …`
#[derive(Debug, Clone, Subcommand, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConfigCommand {
    /// The configuration in force
    #[command(after_help = "Example: hansa config show")]
    Show,
    /// Every key
    #[command(after_help = "Example: hansa config reference")]
    Reference,
}
