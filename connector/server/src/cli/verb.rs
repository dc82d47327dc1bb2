//! The commands that a connector carries out for its people: the running one through its socket, or one inside the command.

pub(crate) mod audit;
pub(crate) mod catalog;
pub(crate) mod cluster;
pub(crate) mod config;
pub(crate) mod contract;
pub(crate) mod credential;
pub(crate) mod dataset;
pub(crate) mod group;
pub(crate) mod key;
pub(crate) mod league;
pub(crate) mod model;
pub(crate) mod peer;
pub(crate) mod policy;
pub(crate) mod question;

use crate::cli::verb::audit::AuditVerb;
use crate::cli::verb::catalog::CatalogVerb;
use crate::cli::verb::config::ConfigVerb;
use crate::cli::verb::contract::ContractVerb;
use crate::cli::verb::credential::CredentialVerb;
use crate::cli::verb::dataset::DatasetVerb;
use crate::cli::verb::group::GroupVerb;
use crate::cli::verb::model::ModelVerb;
use crate::cli::verb::peer::PeerVerb;
use crate::cli::verb::policy::PolicyVerb;
use crate::cli::verb::question::{ExplainArgs, GetArgs, SimulateArgs, SqlArgs};
use clap::Subcommand;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// A command for a connector.
#[derive(Debug, Clone, Subcommand, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum DeskVerb {
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
        /// A participant: its alias or identity
        participant: Option<String>,
    },
    /// Reloads configuration, datasets, certificates and the trust bundle
    #[command(after_help = "Example: hansa --config munster reload")]
    Reload,
    /// Own datasets
    #[command(subcommand)]
    Dataset(DatasetVerb),
    /// What others offer
    #[command(subcommand)]
    Catalog(CatalogVerb),
    /// Own policies
    #[command(subcommand)]
    Policy(PolicyVerb),
    /// The shared schemas that one question asks of several participants at once
    #[command(subcommand)]
    Model(ModelVerb),
    /// The life of a contract
    #[command(subcommand)]
    Contract(ContractVerb),
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
    Credential(CredentialVerb),
    /// The groups that contracts of ours may be for
    #[command(subcommand)]
    Group(GroupVerb),
    /// The participants that this connector talks to
    #[command(subcommand)]
    Peer(PeerVerb),
    /// The log
    #[command(subcommand)]
    Audit(AuditVerb),
    /// A consistent copy while running
    #[command(after_help = "Example: hansa backup munster-2026-11-20.hansa")]
    Backup {
        /// The file to write
        file: PathBuf,
    },
    /// Puts a copy back
    #[command(after_help = "Example: hansa --config munster restore munster-2026-11-20.hansa")]
    Restore {
        /// The file to read
        file: PathBuf,
    },
    /// The configuration
    #[command(subcommand)]
    Config(ConfigVerb),
}
