//! The verbs of `hansa catalog`: what others offer.

use clap::Subcommand;
use serde::{Deserialize, Serialize};

/// `hansa catalog …`
#[derive(Debug, Clone, Subcommand, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CatalogCommand {
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
    /// The own open datasets as data portals read them
    #[command(after_help = "Example: hansa catalog export --format jsonld --profile hvd")]
    Export {
        /// ttl, jsonld or rdf
        #[arg(long, default_value = "ttl", value_parser = ["ttl", "jsonld", "rdf"])]
        format: String,
        /// hvd: the high-value ones alone
        #[arg(long, value_parser = ["hvd"])]
        profile: Option<String>,
    },
    /// Whether portals and the law on high-value datasets take them
    #[command(after_help = "Example: hansa catalog validate --fetch")]
    Validate {
        /// Asks each link of the catalogue, as anybody would, whether it answers without a login
        #[arg(long)]
        fetch: bool,
    },
}
