//! The verbs of `hansa worker`: the machines among which a connector splits questions.

use clap::Subcommand;
use serde::{Deserialize, Serialize};

/// `hansa worker …`
#[derive(Debug, Clone, Subcommand, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WorkerCommand {
    /// Lists the workers, each as it is known from the last question; `hansa doctor` calls them
    #[command(after_help = "Example: hansa worker list")]
    List,
}
