//! The verbs of `hansa catalog`: what others offer.

use clap::Subcommand;
use serde::{Deserialize, Serialize};

/// `hansa catalog …`
#[derive(Debug, Clone, Subcommand, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum CatalogCommand {
    /// What is offered to us
    #[command(after_help = "Example: hansa catalog list munster")]
    List {
        /// One participant only
        participant: Option<String>,
    },
    /// Datasets whose name, title or columns hold all these words
    #[command(after_help = "Example: hansa catalog search bicycle counts")]
    Search {
        /// The words
        #[arg(required = true)]
        words: Vec<String>,
    },
    /// One dataset, with the terms in plain language
    #[command(after_help = "Example: hansa catalog show munster.bike_counts")]
    Show {
        /// participant.dataset
        dataset: String,
    },
}
