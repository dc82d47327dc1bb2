//! The verbs of `hansa catalog`: what others offer.

use clap::Subcommand;
use serde::{Deserialize, Serialize};

/// `hansa catalog …`
#[derive(Debug, Clone, Subcommand, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CatalogCommand {
    /// Lists the datasets that are offered to this participant
    #[command(after_help = "Example: hansa catalog list munster")]
    List {
        /// One participant only
        participant: Option<String>,
    },
    /// Finds datasets whose name, title or columns hold all these words
    #[command(after_help = "Example: hansa catalog search bicycle counts")]
    Search {
        /// The words
        #[arg(required = true)]
        words: Vec<String>,
    },
    /// Shows one dataset, with its terms in plain language
    #[command(after_help = "Example: hansa catalog show munster.bike_counts")]
    Show {
        /// participant.dataset
        dataset: String,
    },
    /// Writes the catalogue of the own open datasets for data portals
    #[command(after_help = "Example: hansa catalog export --format jsonld --profile hvd")]
    Export {
        /// ttl, jsonld or rdf
        #[arg(long, default_value = "ttl", value_parser = ["ttl", "jsonld", "rdf"])]
        format: String,
        /// hvd: only the high-value datasets
        #[arg(long, value_parser = ["hvd"])]
        profile: Option<String>,
    },
    /// Checks that portals and the law on high-value datasets accept the open datasets
    #[command(after_help = "Example: hansa catalog validate --fetch")]
    Validate {
        /// Checks that each link of the catalogue answers without a login
        #[arg(long)]
        fetch: bool,
    },
}
