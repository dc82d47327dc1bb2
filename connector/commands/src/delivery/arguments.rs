//! The verbs of `hansa delivery`: messages that wait for their receivers.

use clap::Subcommand;
use serde::{Deserialize, Serialize};

/// `hansa delivery …`
#[derive(Debug, Clone, Subcommand, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryCommand {
    /// Lists the messages that their receivers have not acknowledged, by receiver and number
    #[command(
        after_help = "Example: hansa delivery list\nExample: hansa delivery list --after munster.example/12 --limit 50"
    )]
    List {
        /// Only those behind this one: the receiver, a slash and the number of the message
        #[arg(long, value_name = "KEY")]
        after: Option<String>,
        /// At most so many
        #[arg(long, value_name = "NUMBER")]
        limit: Option<usize>,
    },
}
