//! The verbs of `hansa person`: the people of this participant.

use clap::Subcommand;
use serde::{Deserialize, Serialize};

/// `hansa person …`
#[derive(Debug, Clone, Subcommand, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PersonCommand {
    /// Lists the people of the configuration with their roles
    #[command(after_help = "Example: hansa person list")]
    List,
}
