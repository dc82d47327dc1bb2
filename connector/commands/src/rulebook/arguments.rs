//! The verbs of `hansa rulebook`: the rules of the league to which this participant belongs.

use clap::Subcommand;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// `hansa rulebook …`
#[derive(Debug, Clone, Subcommand, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RulebookCommand {
    /// Installs a version of the rulebook that the league has sent; it has no effect until it is accepted
    #[command(after_help = "Example: hansa rulebook install rulebook.json")]
    Install {
        /// The file
        file: PathBuf,
        /// Its content; filled in by the command line
        #[arg(skip)]
        content: Option<String>,
    },
    /// Shows the rules, their first day, what changes, and which own offers break them
    #[command(
        after_help = "Example: hansa rulebook show\nExample: hansa rulebook show --version 1 --text"
    )]
    Show {
        /// An earlier version; absent: the newest
        #[arg(long = "version", value_name = "NUMBER")]
        number: Option<u64>,
        /// Also shows the rulebook's text
        #[arg(long)]
        text: bool,
    },
    /// Accepts the newest version with a signed statement for the league; offers are checked against it from its first day on
    #[command(after_help = "Example: hansa rulebook accept --output lindau.accepted")]
    Accept {
        /// Where to write the statement for the league
        #[arg(short, long, value_name = "FILE")]
        output: Option<PathBuf>,
        /// The digest of the rulebook that was shown; filled in by the command line
        #[arg(skip)]
        rulebook: Option<String>,
    },
}
