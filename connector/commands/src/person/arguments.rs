//! The verbs of `hansa person`: the people of this participant.

use clap::Subcommand;
use serde::{Deserialize, Serialize};

/// `hansa person …`
#[derive(Debug, Clone, Subcommand, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PersonCommand {
    /// Lists the people of the configuration with their roles
    #[command(after_help = "Example: hansa person list")]
    List,
    /// Adds a person with roles to the configuration
    ///
    /// Where another person has the role operator, that person gives the same command, too, before anything changes. Where nobody has it, the
    /// Unix user that the connector runs as adds people alone.
    #[command(
        after_help = "Example: hansa person add maria --name \"Maria Santos\" --role officer --role signer --unix maria"
    )]
    Add {
        /// A short name for the configuration: a-z, 0-9, - and _
        key: String,
        /// The person's name
        #[arg(long)]
        name: String,
        /// officer, signer, analyst, auditor or operator; once for each role
        #[arg(long = "role", value_name = "ROLE", required = true)]
        roles: Vec<String>,
        /// The person's Unix user on this machine, by number or name
        #[arg(long, value_name = "USER", required_unless_present = "oidc")]
        unix: Option<String>,
        /// The person's `sub` at the issuer
        #[arg(long, value_name = "SUB")]
        oidc: Option<String>,
        /// SHA-256 of the configuration that the change is made from, as hansa config show --json tells
        #[arg(long, value_name = "SHA256")]
        if_digest: Option<String>,
    },
    /// Takes a person out of the configuration: all roles and all sessions end
    #[command(after_help = "Example: hansa person end maria")]
    End {
        /// The short name in the configuration
        key: String,
        /// SHA-256 of the configuration that the change is made from, as hansa config show --json tells
        #[arg(long, value_name = "SHA256")]
        if_digest: Option<String>,
    },
}
