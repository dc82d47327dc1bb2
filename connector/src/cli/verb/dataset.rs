//! The verbs of `hansa dataset`: what a participant publishes.

use clap::Subcommand;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// `hansa dataset …`
#[derive(Debug, Clone, Subcommand, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum DatasetVerb {
    /// The own datasets
    #[command(after_help = "Example: hansa dataset list --json")]
    List,
    /// One of them
    #[command(after_help = "Example: hansa dataset show bike_counts")]
    Show {
        /// Its name
        name: String,
    },
    /// Its first rows, as they would be published
    #[command(after_help = "Example: hansa dataset sample bike_counts --rows 5")]
    Sample {
        /// Its name
        name: String,
        /// How many rows
        #[arg(long, default_value_t = 10)]
        rows: usize,
    },
    /// Looks at a file and writes a commented entry into the configuration
    #[command(
        after_help = "Example: hansa dataset add bikes.csv --name bike_counts --title \"Bicycle counts\" --licence CC-BY-4.0"
    )]
    Add {
        /// The file
        file: PathBuf,
        /// The name of the dataset; absent: from the file's name
        #[arg(long)]
        name: Option<String>,
        /// What it is, for people
        #[arg(long)]
        title: Option<String>,
        /// Its licence, such as CC-BY-4.0 or proprietary
        #[arg(long)]
        licence: Option<String>,
    },
    /// Publishes what changed
    #[command(after_help = "Example: hansa dataset publish bike_counts --dry-run")]
    Publish {
        /// Names; absent: all
        names: Vec<String>,
        /// Begins a feed again from all its source files; who follows it reads it from its beginning
        #[arg(long, requires = "names")]
        anew: bool,
    },
    /// What is refused of a dataset whatever its contracts permit; without an option what there is
    #[command(
        after_help = "Example: hansa dataset guard bike_counts --policy guards/bikes.policy.toml"
    )]
    Guard {
        /// Its name
        name: String,
        /// Sets the guard that this policy file says: it only refuses, and changes no answer
        #[arg(long, value_name = "FILE", conflicts_with = "remove")]
        policy: Option<PathBuf>,
        /// The text of that file
        #[arg(skip)]
        policy_text: Option<String>,
        /// Takes the guard away
        #[arg(long)]
        remove: bool,
    },
    /// Takes a dataset out of the catalogue
    #[command(after_help = "Example: hansa dataset withdraw bike_counts --snapshot 2026-11-20.3")]
    Withdraw {
        /// Its name
        name: String,
        /// Removes a faulty snapshot from disk
        #[arg(long, value_name = "VERSION")]
        snapshot: Option<String>,
    },
}
