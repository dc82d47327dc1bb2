//! The verbs of `hansa peer`: the participants that this one talks to.

use clap::Subcommand;
use serde::{Deserialize, Serialize};

/// `hansa peer …`
#[derive(Debug, Clone, Subcommand, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PeerCommand {
    /// Lists the peers as they are known here; `hansa doctor` calls them
    #[command(
        after_help = "Example: hansa peer list\nExample: hansa peer list --after munster --limit 50"
    )]
    List {
        /// Only those behind this one: its alias
        #[arg(long, value_name = "ALIAS")]
        after: Option<String>,
        /// At most so many
        #[arg(long, value_name = "NUMBER")]
        limit: Option<usize>,
    },
    /// Adds a peer by its address, or a member of the league by its identity
    #[command(
        after_help = "Example: hansa peer add munster.example\nExample: hansa peer add data.munster.example:8814 --id munster.example"
    )]
    Add {
        /// host:port; or the identity of a member, whose address the league has
        address: String,
        /// Its identity; absent: the host name
        #[arg(long)]
        id: Option<String>,
        /// Its alias in SQL; absent: the first label of its domain
        #[arg(long)]
        alias: Option<String>,
    },
    /// Shows one peer
    #[command(after_help = "Example: hansa peer show ottawa")]
    Show {
        /// Alias or identity
        peer: String,
    },
    /// Removes a peer
    #[command(after_help = "Example: hansa peer remove ottawa")]
    Remove {
        /// Alias or identity
        peer: String,
    },
}
