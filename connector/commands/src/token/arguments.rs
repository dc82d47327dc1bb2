//! The verbs of `hansa token`: access tokens for the programs of analysts.

use clap::Subcommand;
use serde::{Deserialize, Serialize};

/// `hansa token …`
#[derive(Debug, Clone, Subcommand, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TokenCommand {
    /// The access tokens, without their secrets
    #[command(
        after_help = "Example: hansa token list\nExample: hansa token list --after 4f1c0a9b22d7 --limit 50"
    )]
    List {
        /// Only those behind this one: its whole id
        #[arg(long, value_name = "ID")]
        after: Option<String>,
        /// At most so many
        #[arg(long, value_name = "NUMBER")]
        limit: Option<usize>,
    },
    /// Creates a token for a person; its secret is shown only now
    #[command(
        after_help = "Example: hansa token create ida --purpose traffic-planning --days 90\nExample: hansa token create ida --purpose traffic-planning --purpose mobility-research\nExample: hansa token create \"ida of acme\" --contract 4f1c0a9b --purpose traffic-planning"
    )]
    Create {
        /// The person, by a name that this participant knows
        person: String,
        /// A purpose that a connection with it may name; it names exactly one of them
        #[arg(long)]
        purpose: Vec<String>,
        /// Days that it is valid, at most 366
        #[arg(long, default_value_t = 90)]
        days: u16,
        /// For a participant without a connector: its contract with this participant, by a prefix
        #[arg(long)]
        contract: Option<String>,
    },
    /// Revokes a token and cuts its running answers
    #[command(after_help = "Example: hansa token revoke 4f1c0a9b22d7")]
    Revoke {
        /// The token, by the beginning of its id
        token: String,
    },
}
