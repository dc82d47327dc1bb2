//! The commands that a connector carries out for its people: the running one through its socket, or one inside the command.

use crate::approval::arguments::ApprovalCommand;
use crate::audit::arguments::AuditCommand;
use crate::backup::arguments::BackupCommand;
use crate::catalog::arguments::CatalogCommand;
use crate::config::arguments::ConfigCommand;
use crate::conformance::arguments::ConformanceArgs;
use crate::connect::arguments::ConnectArgs;
use crate::console::arguments::ConsoleCommand;
use crate::contract::arguments::ContractCommand;
use crate::credential::arguments::CredentialCommand;
use crate::dataset::arguments::DatasetCommand;
use crate::delivery::arguments::DeliveryCommand;
use crate::group::arguments::GroupCommand;
use crate::model::ModelCommand;
use crate::offer::arguments::OfferCommand;
use crate::partner::arguments::PartnerCommand;
use crate::peer::arguments::PeerCommand;
use crate::person::arguments::PersonCommand;
use crate::policy::arguments::PolicyCommand;
use crate::question::arguments::{ExplainArgs, GetArgs, SimulateArgs, SqlArgs};
use crate::rulebook::arguments::RulebookCommand;
use crate::running::arguments::RunningCommand;
use crate::token::arguments::TokenCommand;
use crate::worker::arguments::WorkerCommand;
use clap::Subcommand;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// A command for a connector.
#[derive(Debug, Clone, Subcommand, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConnectorCommand {
    /// What waits for a person, then datasets, contracts, peers and log
    #[command(after_help = "Example: hansa status --check")]
    Status {
        /// Exit with 1 when something waits
        #[arg(long)]
        check: bool,
        /// The figures of each minute of the last day instead, as far as the connector has run: answers and their durations, rows,
        /// refusals, memory, disk
        #[arg(long, conflicts_with = "check")]
        minutes: bool,
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
    /// A code for one sign-in at the console, for whoever types this
    #[command(after_help = "Example: hansa console\nExample: hansa console confirm 482913")]
    Console {
        /// A further step; absent: a code
        #[command(subcommand)]
        step: Option<ConsoleCommand>,
    },
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
    /// Own offers: which dataset is offered to whom, on which policy
    #[command(subcommand)]
    Offer(OfferCommand),
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
    /// The people of this participant and their roles at the console
    #[command(subcommand)]
    Person(PersonCommand),
    /// The steps that need a second person
    #[command(subcommand)]
    Approval(ApprovalCommand),
    /// The answers that run now
    #[command(subcommand)]
    Running(RunningCommand),
    /// The messages that wait for their receivers
    #[command(subcommand)]
    Delivery(DeliveryCommand),
    /// The machines among which questions are split
    #[command(subcommand)]
    Worker(WorkerCommand),
    /// The log
    #[command(subcommand)]
    Audit(AuditCommand),
    /// A consistent copy while running
    #[command(
        args_conflicts_with_subcommands = true,
        arg_required_else_help = true,
        after_help = "Example: hansa backup munster-2026-11-20.hansa\nExample: hansa backup list"
    )]
    Backup {
        /// The file to write
        file: Option<PathBuf>,
        #[command(subcommand)]
        command: Option<BackupCommand>,
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
