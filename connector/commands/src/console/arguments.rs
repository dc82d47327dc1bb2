//! The verbs of `hansa console`.

use clap::Subcommand;
use serde::{Deserialize, Serialize};

/// `hansa console …`
#[derive(Debug, Clone, Subcommand, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConsoleCommand {
    /// Confirms an act that you have begun in the browser, which shows the number
    #[command(after_help = "Example: hansa console confirm 482913")]
    Confirm {
        /// The number on the page: six digits
        number: String,
        /// The name of a person without a Unix user here whose passkey is added; for the user that the connector runs as
        #[arg(long = "for", value_name = "NAME")]
        #[serde(default)]
        person: Option<String>,
    },
}
