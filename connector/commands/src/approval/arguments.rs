//! The verbs of `hansa approval`: steps that need a second person.

use clap::Subcommand;
use serde::{Deserialize, Serialize};

/// `hansa approval …`
#[derive(Debug, Clone, Subcommand, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ApprovalCommand {
    /// Lists the steps that wait for a second person, and those that were declined last
    #[command(after_help = "Example: hansa approval list")]
    List,
    /// Declines a step that waits, or takes back what one has asked for; the command of the step itself approves it
    #[command(
        after_help = "Example: hansa approval decline 7f3a91c2 --reason \"the pilot goes on\""
    )]
    Decline {
        /// Its contract or change, by the beginning of the identity
        id: String,
        /// The step, where several wait for one contract
        #[arg(long, value_name = "STEP")]
        step: Option<String>,
        /// The reason, which whoever has asked for it can read
        #[arg(long, value_name = "TEXT")]
        reason: String,
    },
}
