//! The verbs of `hansa backup` beside the copy itself.

use clap::Subcommand;
use serde::{Deserialize, Serialize};

/// `hansa backup …`
#[derive(Debug, Clone, Copy, Subcommand, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BackupCommand {
    /// Lists the copies that were made here, the newest first, each with its last rehearsal
    #[command(after_help = "Example: hansa backup list")]
    List,
}
