//! The commands that a connector carries out for its people: the running one through its socket, or one inside the command.

use clap::{Args, Subcommand};
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
    /// The permitted view of one dataset
    #[command(after_help = "Example: hansa get munster.bike_counts -o bikes.parquet")]
    Get(GetArgs),
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

/// `hansa catalog …`
#[derive(Debug, Clone, Subcommand, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum CatalogVerb {
    /// What is offered to us
    #[command(after_help = "Example: hansa catalog list munster")]
    List {
        /// One participant only
        participant: Option<String>,
    },
    /// Datasets whose name, title or columns hold all these words
    #[command(after_help = "Example: hansa catalog search bicycle counts")]
    Search {
        /// The words
        #[arg(required = true)]
        words: Vec<String>,
    },
    /// One dataset, with the terms in plain language
    #[command(after_help = "Example: hansa catalog show munster.bike_counts")]
    Show {
        /// participant.dataset
        dataset: String,
    },
}

/// `hansa policy …`
#[derive(Debug, Clone, Subcommand, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum PolicyVerb {
    /// The policies of the own offers
    #[command(after_help = "Example: hansa policy list")]
    List,
    /// One of them as plain language
    #[command(after_help = "Example: hansa policy show mobility-research --odrl")]
    Show {
        /// The policy's name or file
        policy: String,
        /// As ODRL
        #[arg(long)]
        odrl: bool,
    },
    /// Lints policies
    #[command(after_help = "Example: hansa policy check policies/mobility-research.toml")]
    Check {
        /// Files; absent: those of all offers
        policies: Vec<String>,
    },
}

/// `hansa contract …`
#[derive(Debug, Clone, Subcommand, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ContractVerb {
    /// Contracts and negotiations
    #[command(after_help = "Example: hansa contract list --json")]
    List,
    /// Requests a contract for a dataset
    #[command(after_help = "Example: hansa contract request munster.bike_counts --sign")]
    Request {
        /// participant.dataset
        dataset: String,
        /// Sign beforehand, for exactly the offer as it stands
        #[arg(long)]
        sign: bool,
        /// Ask for these terms instead of the offer's
        #[arg(long, value_name = "FILE")]
        policy: Option<PathBuf>,
        /// The terms' text; filled in by the command line
        #[arg(skip)]
        policy_text: Option<String>,
        /// Which of several offers
        #[arg(long)]
        offer: Option<String>,
    },
    /// Clauses, signatures and their check, budgets used
    #[command(after_help = "Example: hansa contract show 7f3a")]
    Show {
        /// Any unique prefix
        id: String,
        /// What changed since the last message, clause by clause
        #[arg(long)]
        diff: bool,
        /// As ODRL
        #[arg(long)]
        odrl: bool,
    },
    /// Answers with changed terms
    #[command(after_help = "Example: hansa contract counter n-3c51 --policy policies/wider.toml")]
    Counter {
        /// The negotiation
        id: String,
        /// The changed terms
        #[arg(long, value_name = "FILE")]
        policy: PathBuf,
        /// The terms' text; filled in by the command line
        #[arg(skip)]
        policy_text: Option<String>,
    },
    /// Does the signing step that is due
    #[command(after_help = "Example: hansa contract sign n-3c51")]
    Sign {
        /// The negotiation
        id: String,
    },
    /// Declines
    #[command(
        after_help = "Example: hansa contract decline n-3c51 --reason \"not for this purpose\""
    )]
    Decline {
        /// The negotiation
        id: String,
        /// Why
        #[arg(long, default_value = "declined")]
        reason: String,
    },
    /// Ends a contract
    #[command(after_help = "Example: hansa contract withdraw 7f3a --reason \"the pilot is over\"")]
    Withdraw {
        /// The contract
        id: String,
        /// Why
        #[arg(long)]
        reason: String,
    },
    /// Checks a contract file; needs no connector
    #[command(
        after_help = "Example: hansa contract verify contract.json --bundle trust/bundle.json"
    )]
    Verify {
        /// The file
        file: PathBuf,
        /// The trust bundle to check the keys against
        #[arg(long)]
        bundle: Option<PathBuf>,
    },
    /// Writes the signed contract
    #[command(after_help = "Example: hansa contract export 7f3a --output contract.json")]
    Export {
        /// The contract
        id: String,
        /// Where to; absent: standard output
        #[arg(short, long)]
        output: Option<PathBuf>,
    },
}

/// `hansa sql`
#[derive(Debug, Clone, Args, Serialize, Deserialize)]
pub(crate) struct SqlArgs {
    /// The question; absent: an interactive prompt
    pub(crate) sql: Option<String>,
    /// What for
    #[arg(long)]
    pub(crate) purpose: Option<String>,
    /// Under this contract; may be repeated
    #[arg(long)]
    pub(crate) contract: Vec<String>,
    /// Accept an answer that lacks a participant
    #[arg(long)]
    pub(crate) partial: bool,
    /// Write to this file; its ending decides the format
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// The format
    #[arg(long, value_enum)]
    pub(crate) format: Option<Format>,
}

/// How rows are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Format {
    /// A table for people.
    Table,
    /// Comma-separated, with a header.
    Csv,
    /// One JSON object a line.
    Json,
    /// An Arrow IPC stream.
    Arrow,
    /// A Parquet file.
    Parquet,
}

/// `hansa explain`
#[derive(Debug, Clone, Args, Serialize, Deserialize)]
pub(crate) struct ExplainArgs {
    /// The question
    pub(crate) sql: String,
    /// What for
    #[arg(long)]
    pub(crate) purpose: Option<String>,
    /// Under this contract; may be repeated
    #[arg(long)]
    pub(crate) contract: Vec<String>,
}

/// `hansa get`
#[derive(Debug, Clone, Args, Serialize, Deserialize)]
pub(crate) struct GetArgs {
    /// participant.dataset
    pub(crate) dataset: String,
    /// Write to this file; its ending decides the format
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// What for
    #[arg(long)]
    pub(crate) purpose: Option<String>,
    /// Under this contract
    #[arg(long)]
    pub(crate) contract: Vec<String>,
}

/// `hansa peer …`
#[derive(Debug, Clone, Subcommand, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum PeerVerb {
    /// The peers
    #[command(after_help = "Example: hansa peer list")]
    List,
    /// Adds one by its address
    #[command(after_help = "Example: hansa peer add data.munster.example:8814")]
    Add {
        /// host:port
        address: String,
        /// Its identity; absent: the host name
        #[arg(long)]
        id: Option<String>,
        /// Its alias in SQL; absent: the first label of its domain
        #[arg(long)]
        alias: Option<String>,
    },
    /// One of them
    #[command(after_help = "Example: hansa peer show ottawa")]
    Show {
        /// Alias or identity
        peer: String,
    },
    /// Forgets one
    #[command(after_help = "Example: hansa peer remove ottawa")]
    Remove {
        /// Alias or identity
        peer: String,
    },
}

/// `hansa audit …`
#[derive(Debug, Clone, Subcommand, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum AuditVerb {
    /// Records, newest last
    #[command(after_help = "Example: hansa audit list --participant acme.example --outcome refuse")]
    List(AuditFilter),
    /// One record, with what closed it
    #[command(after_help = "Example: hansa audit show 118")]
    Show {
        /// The record's index, or a question's identity
        id: String,
    },
    /// Checks a log; offline on a copied log or bundle
    #[command(after_help = "Example: hansa audit verify copied-log")]
    Verify {
        /// A copied log folder or an exported bundle; absent: the own log
        file: Option<PathBuf>,
        /// The newest head known, as a file
        #[arg(long)]
        head: Option<PathBuf>,
    },
    /// Writes records as CSV or a bundle that `verify` reads
    #[command(after_help = "Example: hansa audit export --output audit.csv --dataset bike_counts")]
    Export {
        /// Where to; `.csv` for a spreadsheet, else a bundle folder
        #[arg(short, long)]
        output: PathBuf,
        /// Which records
        #[command(flatten)]
        filter: AuditFilter,
    },
    /// Compares both sides' receipts
    #[command(after_help = "Example: hansa audit reconcile munster")]
    Reconcile {
        /// Alias or identity
        participant: String,
    },
}

/// Which records.
#[derive(Debug, Clone, Default, Args, Serialize, Deserialize)]
pub(crate) struct AuditFilter {
    /// By participant
    #[arg(long)]
    pub(crate) participant: Option<String>,
    /// By dataset
    #[arg(long)]
    pub(crate) dataset: Option<String>,
    /// By contract
    #[arg(long)]
    pub(crate) contract: Option<String>,
    /// Not before this instant or day
    #[arg(long)]
    pub(crate) from: Option<String>,
    /// Before this instant or day
    #[arg(long)]
    pub(crate) to: Option<String>,
    /// By type or outcome, such as permit, refuse, done, cut
    #[arg(long)]
    pub(crate) outcome: Option<String>,
    /// At most so many, the newest
    #[arg(long, default_value_t = 100)]
    pub(crate) last: usize,
}

/// `hansa config …`
#[derive(Debug, Clone, Subcommand, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ConfigVerb {
    /// The configuration in force
    #[command(after_help = "Example: hansa config show")]
    Show,
    /// Every key
    #[command(after_help = "Example: hansa config reference")]
    Reference,
}
