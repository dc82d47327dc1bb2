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
        #[arg(long, conflicts_with = "toml")]
        odrl: bool,
        /// As it is written
        #[arg(long)]
        toml: bool,
        /// A draft that no offer uses yet, as it would be over this own dataset
        #[arg(long)]
        dataset: Option<String>,
    },
    /// What a change would let out or take away, clause by clause and contract by contract
    #[command(
        after_help = "Example: hansa policy diff mobility-research policies/wider.toml --dataset bike_counts"
    )]
    Diff {
        /// The policy as it is: its name or file
        old: String,
        /// The policy as it would be
        new: String,
        /// Drafts that no offer uses yet, as they would be over this own dataset
        #[arg(long)]
        dataset: Option<String>,
    },
    /// Every term that a policy can hold, where it is executed, and the code with which it refuses
    #[command(after_help = "Example: hansa policy terms --json")]
    Terms,
    /// Lints policies
    #[command(
        after_help = "Example: hansa policy check policies/mobility-research.toml --dataset bike_counts"
    )]
    Check {
        /// Files; absent: those of all offers
        policies: Vec<String>,
        /// Drafts that no offer uses yet, as they would be over this own dataset
        #[arg(long, requires = "policies")]
        dataset: Option<String>,
    },
}
