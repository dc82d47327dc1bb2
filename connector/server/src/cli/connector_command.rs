//! The commands that a connector carries out for its people: the running one through its socket, or one inside the command.

pub(crate) mod audit;
pub(crate) mod catalog;
pub(crate) mod cluster;
pub(crate) mod config;
pub(crate) mod conformance;
pub(crate) mod connect;
pub(crate) mod contract;
pub(crate) mod credential;
pub(crate) mod dataset;
pub(crate) mod group;
pub(crate) mod key;
pub(crate) mod league;
pub(crate) mod model;
pub(crate) mod offer_terms;
pub(crate) mod partner;
pub(crate) mod peer;
pub(crate) mod policy;
pub(crate) mod query;
pub(crate) mod rulebook;
pub(crate) mod token;

use crate::cli::connector_command::audit::AuditCommand;
use crate::cli::connector_command::catalog::CatalogCommand;
use crate::cli::connector_command::config::ConfigCommand;
use crate::cli::connector_command::conformance::ConformanceArgs;
use crate::cli::connector_command::connect::ConnectArgs;
use crate::cli::connector_command::contract::ContractCommand;
use crate::cli::connector_command::credential::CredentialCommand;
use crate::cli::connector_command::dataset::DatasetCommand;
use crate::cli::connector_command::group::GroupCommand;
use crate::cli::connector_command::model::ModelCommand;
use crate::cli::connector_command::partner::PartnerCommand;
use crate::cli::connector_command::peer::PeerCommand;
use crate::cli::connector_command::policy::PolicyCommand;
use crate::cli::connector_command::query::{ExplainArgs, GetArgs, SimulateArgs, SqlArgs};
use crate::cli::connector_command::rulebook::RulebookCommand;
use crate::cli::connector_command::token::TokenCommand;
use clap::Subcommand;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// A command for a connector.
#[derive(Debug, Clone, Subcommand, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ConnectorCommand {
    /// What waits for a person, then datasets, contracts, peers and log
    #[command(after_help = "Example: hansa status --check")]
    Status {
        /// Exit with 1 when something waits
        #[arg(long)]
        check: bool,
    },
    /// The running system, hop by hop
    #[command(after_help = "Example: hansa doctor munster")]
    Doctor {
        /// A participant: its alias or identity; absent: all peers
        participant: Option<String>,
        /// The same
        #[arg(
            long,
            value_name = "PARTICIPANT",
            conflicts_with = "participant",
            hide = true
        )]
        peer: Option<String>,
    },
    /// What laws and standards ask, what is done about it, and how this participant stands; no legal advice
    #[command(after_help = "Example: hansa conformance --article data-act-36 --format md")]
    Conformance(ConformanceArgs),
    /// Reloads configuration, datasets, certificates and the trust bundle
    #[command(after_help = "Example: hansa --config munster reload")]
    Reload,
    /// Own datasets
    #[command(subcommand)]
    Dataset(DatasetCommand),
    /// What others offer
    #[command(subcommand)]
    Catalog(CatalogCommand),
    /// Own policies
    #[command(subcommand)]
    Policy(PolicyCommand),
    /// The shared schemas that one question asks of several participants at once
    #[command(subcommand)]
    Model(ModelCommand),
    /// The life of a contract
    #[command(subcommand)]
    Contract(ContractCommand),
    /// Asks a question
    #[command(
        after_help = "Example: hansa sql \"SELECT count(*) FROM munster.bike_counts\" --purpose traffic-planning"
    )]
    Sql(SqlArgs),
    /// What would go to which participant, under which contract
    #[command(after_help = "Example: hansa explain \"SELECT count(*) FROM munster.bike_counts\"")]
    Explain(ExplainArgs),
    /// What a participant could see of our data, and why; nothing leaves, nothing is spent
    #[command(
        after_help = "Example: hansa simulate --as hansa://firm.example --purpose mobility-research \"SELECT * FROM bike_counts\""
    )]
    Simulate(SimulateArgs),
    /// The permitted view of one dataset
    #[command(after_help = "Example: hansa get munster.bike_counts -o bikes.parquet")]
    Get(GetArgs),
    /// What issuers state of this participant
    #[command(subcommand)]
    Credential(CredentialCommand),
    /// The groups that contracts of ours may be for
    #[command(subcommand)]
    Group(GroupCommand),
    /// The rules of the league, and their acceptance
    #[command(subcommand)]
    Rulebook(RulebookCommand),
    /// Access tokens for the programs of analysts
    #[command(subcommand)]
    Token(TokenCommand),
    /// How a program of an analyst asks here: the lines to write, filled in
    #[command(after_help = "Example: hansa connect python")]
    Connect(ConnectArgs),
    /// The participants that this connector talks to
    #[command(subcommand)]
    Peer(PeerCommand),
    /// Connectors of other makes, by the Dataspace Protocol
    #[command(subcommand)]
    Partner(PartnerCommand),
    /// The log
    #[command(subcommand)]
    Audit(AuditCommand),
    /// A consistent copy while running
    #[command(after_help = "Example: hansa backup munster-2026-11-20.hansa")]
    Backup {
        /// The file to write
        file: PathBuf,
    },
    /// Puts a copy back; or rehearses it
    #[command(
        after_help = "Example: hansa --config munster restore munster-2026-11-20.hansa --check\nExample: hansa --config munster restore munster-2026-11-20.hansa"
    )]
    Restore {
        /// The file to read
        file: PathBuf,
        /// Only rehearse it: unpack the copy, open it as a connector would, read all of it, and throw it away
        #[arg(long)]
        check: bool,
    },
    /// The configuration
    #[command(subcommand)]
    Config(ConfigCommand),
}
