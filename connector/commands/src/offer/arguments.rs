//! The verbs of `hansa offer`: which own dataset is offered to whom.

use clap::Subcommand;
use serde::{Deserialize, Serialize};

/// `hansa offer …`
#[derive(Debug, Clone, Subcommand, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OfferCommand {
    /// Offers a dataset on the terms of a policy
    #[command(
        after_help = "Example: hansa offer add bike_counts --policy mobility-research --to league"
    )]
    Add {
        /// The dataset's name
        dataset: String,
        /// The policy: its name, or its file below the folder of the configuration
        #[arg(long)]
        policy: String,
        /// league, public, or the domains of participants
        #[arg(
            long,
            value_name = "PARTICIPANT",
            value_delimiter = ',',
            default_value = "league"
        )]
        to: Vec<String>,
        /// The connector signs each contract by itself, without a person
        #[arg(long)]
        auto: bool,
        /// SHA-256 of the configuration that the change is made from, as hansa config show --json tells
        #[arg(long, value_name = "SHA256")]
        if_digest: Option<String>,
    },
    /// Ends an offer; contracts that were made on it stay
    #[command(after_help = "Example: hansa offer remove bike_counts --policy mobility-research")]
    Remove {
        /// The dataset's name
        dataset: String,
        /// The policy: its name or file; needed where the dataset is offered on several
        #[arg(long)]
        policy: Option<String>,
        /// Those to whom it is offered; needed where the offers differ in this alone
        #[arg(long, value_name = "PARTICIPANT", value_delimiter = ',')]
        to: Vec<String>,
        /// SHA-256 of the configuration that the change is made from, as hansa config show --json tells
        #[arg(long, value_name = "SHA256")]
        if_digest: Option<String>,
    },
}
