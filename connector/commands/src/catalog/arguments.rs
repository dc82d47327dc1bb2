//! The verbs of `hansa catalog`: what others offer.

use clap::{Args, Subcommand};
use serde::{Deserialize, Serialize};

/// `hansa catalog list`
#[derive(Debug, Clone, Default, Args, Serialize, Deserialize)]
pub struct CatalogListArgs {
    /// One participant only
    pub participant: Option<String>,
    /// As it was last read: no participant is asked
    #[arg(long)]
    pub as_known: bool,
    /// Only those with these words in name, title or columns
    #[arg(long, value_name = "TEXT")]
    pub text: Option<String>,
    /// Only those of a participant with this text in its alias or domain
    #[arg(long, value_name = "PARTICIPANT", conflicts_with = "participant")]
    pub with: Option<String>,
    /// Only those behind this one: participant.dataset
    #[arg(long, value_name = "NAME")]
    pub after: Option<String>,
    /// At most so many
    #[arg(long, value_name = "NUMBER")]
    pub limit: Option<usize>,
    /// Without columns and terms
    #[arg(long)]
    pub brief: bool,
}

/// `hansa catalog …`
#[derive(Debug, Clone, Subcommand, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CatalogCommand {
    /// Lists the datasets that are offered to this participant
    #[command(
        after_help = "Example: hansa catalog list munster\nExample: hansa catalog list --as-known --text bicycle --limit 50"
    )]
    List(CatalogListArgs),
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
        /// As it was last read: no participant is asked
        #[arg(long)]
        as_known: bool,
        /// Language of the clauses: en, de or pt; absent: en
        #[arg(long, value_name = "LANGUAGE", value_parser = ["en", "de", "pt"])]
        language: Option<String>,
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
