//! The verbs of `hansa policy`: the terms of the own offers.

use clap::Subcommand;
use serde::{Deserialize, Serialize};

/// `hansa policy …`
#[derive(Debug, Clone, Subcommand, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum PolicyVerb {
    /// The policies of the own offers
    #[command(after_help = "Example: hansa policy list")]
    List,
    /// One of them as plain language
    #[command(after_help = "Example: hansa policy show mobility-research --odrl")]
    Show {
        /// The policy's name or file
        policy: String,
        /// As ODRL
        #[arg(long)]
        odrl: bool,
    },
    /// Lints policies
    #[command(after_help = "Example: hansa policy check policies/mobility-research.toml")]
    Check {
        /// Files; absent: those of all offers
        policies: Vec<String>,
    },
}
