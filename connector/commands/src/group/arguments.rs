//! The verbs of `hansa group`: the groups that contracts of ours may be for.

use clap::Subcommand;
use serde::{Deserialize, Serialize};

/// `hansa group …`
#[derive(Debug, Clone, Subcommand, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GroupCommand {
    /// The groups of this participant
    #[command(after_help = "Example: hansa group list")]
    List,
    /// Who belongs to a group, and how long its list counts
    #[command(after_help = "Example: hansa group show hanse-cities")]
    Show {
        /// The group
        group: String,
    },
    /// Adds participants to a group, which is made where there is none; its list is signed and renewed by itself
    #[command(after_help = "Example: hansa group add hanse-cities tallinn.example riga.example")]
    Add {
        /// The group
        group: String,
        /// Participants of the league: domain, identity or alias
        #[arg(required = true)]
        participants: Vec<String>,
    },
    /// Removes participants from a group; their running answers under it are cut
    #[command(after_help = "Example: hansa group remove hanse-cities riga.example")]
    Remove {
        /// The group
        group: String,
        /// Members
        #[arg(required = true)]
        participants: Vec<String>,
    },
}
