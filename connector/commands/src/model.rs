//! The verbs of `hansa model`: the shared schemas that datasets of several participants conform to.

use clap::Subcommand;
use serde::{Deserialize, Serialize};

/// `hansa model …`
#[derive(Debug, Clone, Subcommand, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ModelCommand {
    /// The models that this version knows
    #[command(after_help = "Example: hansa model list")]
    List,
    /// The columns of one, with types, units and what they mean
    #[command(after_help = "Example: hansa model show bicycle_counts")]
    Show {
        /// The model
        name: String,
    },
}
