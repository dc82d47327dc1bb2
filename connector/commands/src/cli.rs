//! The command line: what can be typed, and how what comes back is shown.

pub(crate) mod command_dispatch;
pub(crate) mod command_effect;
pub(crate) mod command_report;
pub(crate) mod connector_command;
pub(crate) mod consent;
pub mod diagnostics;
pub(crate) mod error_reference;
pub(crate) mod exported_file;
pub(crate) mod manual;
pub mod output;
pub(crate) mod result_printer;
pub(crate) mod shell_word;
pub mod terminal;
#[cfg(test)]
pub(crate) mod tests;
pub mod top_level_dispatch;

use crate::cli::connector_command::ConnectorCommand;
use crate::cluster::arguments::{ClusterCommand, ServeArgs};
use crate::key::arguments::{KeyCommand, SigningAlgorithm};
use crate::league::arguments::{
    LeagueKeyArgs, LeagueMandatesArgs, LeagueRulebookArgs, LeagueSealArgs,
};
use clap::{Args, Parser, Subcommand};
use std::path::PathBuf;
use std::time::Duration;

/// A federated data space connector for cities.
#[derive(Debug, Parser)]
#[command(
    name = "hansa",
    version,
    about = "A federated data space connector for cities",
    after_help = "Example: hansa demo --exit\nEvery command has its own --help with an example."
)]
pub struct CommandLine {
    /// Settings of every command.
    #[command(flatten)]
    pub global: GlobalArgs,
    /// The command.
    #[command(subcommand)]
    pub(crate) verb: TopLevelCommand,
}

/// Settings of every command.
#[derive(Debug, Clone, Args)]
pub struct GlobalArgs {
    /// The configuration file; else HANSA_CONFIG, ./hansa.toml, the XDG folder, /etc/hansa/hansa.toml
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// One JSON object, or one a line for lists and streams
    #[arg(long, global = true)]
    pub json: bool,
    /// Say less
    #[arg(short, long, global = true)]
    pub quiet: bool,
    /// Say more; twice for the trace
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
    /// Answer yes to every question
    #[arg(long, global = true)]
    pub(crate) yes: bool,
    /// Say what would be done, change nothing
    #[arg(long, global = true)]
    pub(crate) dry_run: bool,
    /// Give up after this time, such as 30s or 5m
    #[arg(long, global = true, value_name = "TIME", value_parser = parse_time)]
    pub(crate) timeout: Option<Duration>,
}

fn parse_time(text: &str) -> Result<Duration, String> {
    hansa_node::config::unit::parse_duration(text)
        .ok_or_else(|| format!("`{text}` is not a time such as 30s or 5m"))
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum TopLevelCommand {
    /// The whole story on this machine, on real data
    #[command(after_help = "Example: hansa demo --exit\nExample: hansa demo --stage --dir stage")]
    Demo(DemoArgs),
    /// One governed answer from one command: a city, a firm and their contract, on real data
    #[command(after_help = "Example: hansa try")]
    Try(TryArgs),
    /// A new participant: configuration, keys, certificate request, house policy, empty state
    #[command(
        after_help = "Example: hansa init munster --id munster.example --name \"Stadt Münster\""
    )]
    Init(InitArgs),
    /// Installs what the league sent back
    #[command(after_help = "Example: hansa --config munster/hansa.toml join munster.example.join")]
    Join {
        /// The .join file, which may be /dev/stdin
        file: PathBuf,
        /// Fingerprint of the league, as its operator reads it to you; absent: it is shown for confirmation
        #[arg(long, value_name = "DIGITS")]
        fingerprint: Option<String>,
    },
    /// The request that `init` wrote for the league, on standard output
    #[command(after_help = "Example: hansa --config munster/hansa.toml request")]
    Request,
    /// Makes a new signing key and a request for it; `join` activates the key
    #[command(after_help = "Example: hansa rekey --output munster.example.request")]
    Rekey {
        /// Where to write the request
        #[arg(short, long)]
        output: PathBuf,
    },
    /// Keys that conclude contracts and can be stored on another machine
    #[command(subcommand)]
    Key(KeyCommand),
    /// A league's own certificate authority and signed trust bundle
    #[command(subcommand)]
    League(LeagueCommand),
    /// Machines that run stages of the own answers
    #[command(subcommand)]
    Cluster(ClusterCommand),
    /// Runs the connector, or several in one process, or a worker of one
    #[command(
        after_help = "Example: hansa --config munster/hansa.toml serve\nExample: hansa --config munster/hansa.toml serve --role worker --name one --listen 10.0.0.11:8815"
    )]
    Serve(ServeArgs),
    /// Checks configuration, keys, certificates, sources and policies; changes nothing
    #[command(after_help = "Example: hansa check")]
    Check,
    /// Completions for a shell, on standard output
    #[command(after_help = "Example: hansa completions bash")]
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Manual pages of all commands, into a folder
    #[command(hide = true, after_help = "Example: hansa manual man1")]
    Manual {
        /// The folder, which is made
        folder: PathBuf,
    },
    /// Explains an error code
    #[command(after_help = "Example: hansa error PURPOSE_NOT_COVERED")]
    Error {
        /// The code; absent: all of them
        code: Option<String>,
    },
    /// What a connector does for its people
    #[command(flatten)]
    Connector(ConnectorCommand),
}

/// `hansa demo`
#[derive(Debug, Clone, Args)]
pub struct DemoArgs {
    /// End after the story; the status is 0 only if every step did what it says
    #[arg(long)]
    pub exit: bool,
    /// Keep the files in this folder
    #[arg(long, value_name = "DIR")]
    pub dir: Option<PathBuf>,
    /// Play one person's part alone
    #[arg(long, value_enum)]
    pub role: Option<DemoRole>,
    /// Play nothing: start the cities, sign the firm's contracts with three of them, and wait
    #[arg(long, conflicts_with = "role")]
    pub stage: bool,
    /// End when standard input ends: the program that started it has ended
    #[arg(long)]
    pub until_stdin_ends: bool,
}

/// `hansa try`
#[derive(Debug, Clone, Args)]
pub struct TryArgs {
    /// What the firm asks; absent: the bicycles of a year by site
    pub sql: Option<String>,
    /// Keep the files in this folder
    #[arg(long, value_name = "DIR")]
    pub dir: Option<PathBuf>,
    /// Then open the consoles of the city and of the firm, until Ctrl-C
    #[arg(long)]
    pub console: bool,
}

/// Whose part of the demo.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum DemoRole {
    /// The data officer of a city.
    Officer,
    /// The analyst of a firm.
    Analyst,
    /// The auditor.
    Auditor,
}

/// `hansa init`
#[derive(Debug, Clone, Args)]
pub struct InitArgs {
    /// The folder to create
    pub(crate) dir: PathBuf,
    /// Identity: the domain of the participant
    #[arg(long)]
    pub(crate) id: String,
    /// Name for people
    #[arg(long)]
    pub(crate) name: String,
    /// Time zone of the participant
    #[arg(long, default_value = "UTC")]
    pub(crate) zone: String,
    /// The league's file from `hansa league export`: its fingerprint is confirmed here, so `join` does not ask again
    #[arg(long, value_name = "FILE")]
    pub(crate) league: Option<PathBuf>,
    /// Fingerprint of the league, as its operator reads it to you; absent: it is shown for confirmation
    #[arg(long, value_name = "DIGITS", requires = "league")]
    pub(crate) fingerprint: Option<String>,
    /// Address to listen on, such as 0.0.0.0:8814; absent: consumer only
    #[arg(long)]
    pub(crate) listen: Option<String>,
    /// Address at which others reach it; absent: the listening address
    #[arg(long)]
    pub(crate) address: Option<String>,
    /// How its signing key signs contracts, withdrawals and receipts
    #[arg(long, value_enum, default_value = "eddsa", ignore_case = true)]
    pub(crate) algorithm: SigningAlgorithm,
    /// Do nothing where the folder holds a participant already
    #[arg(long)]
    pub(crate) if_absent: bool,
}

/// What an issuer may state of participants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum IssuedAttributeKind {
    /// The sectors in which they work
    Sector,
    /// The regions in which they sit
    Region,
}

/// `hansa league …`
#[derive(Debug, Clone, Subcommand)]
pub enum LeagueCommand {
    /// A new league
    #[command(after_help = "Example: hansa league init league --name \"Hanse pilot\"")]
    Init {
        /// The folder to create
        dir: PathBuf,
        /// Name for people
        #[arg(long, default_value = "league")]
        name: String,
        /// Mark it as a demonstration
        #[arg(long)]
        demo: bool,
    },
    /// Admits participants: writes a .join file for each
    #[command(
        after_help = "Example: hansa league admit munster.example.request acme.example.request --dir league"
    )]
    Admit {
        /// The requests that `hansa init` wrote
        #[arg(required = true, value_name = "REQUEST")]
        requests: Vec<PathBuf>,
        /// The league's folder
        #[arg(long, default_value = ".")]
        dir: PathBuf,
        /// Where to write the .join file of the one request; absent: beside each request
        #[arg(short, long)]
        output: Option<PathBuf>,
        /// Days that the certificates are valid, at most 90
        #[arg(long, default_value_t = 90)]
        days: u16,
        /// Moves the clock, in a league founded with --demo
        #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
        offset: Option<String>,
    },
    /// The participants
    #[command(after_help = "Example: hansa league list --dir league")]
    List {
        /// The league's folder
        #[arg(long, default_value = ".")]
        dir: PathBuf,
    },
    /// Names an issuer of credentials and what it may state, or removes it
    #[command(
        after_help = "Example: hansa league issuer chamber.example --states sector --dir league"
    )]
    Issuer {
        /// Its identity
        id: String,
        /// Name for people; absent: its domain
        #[arg(long)]
        name: Option<String>,
        /// What it may state; may be repeated
        #[arg(long, value_enum, required_unless_present = "drop")]
        states: Vec<IssuedAttributeKind>,
        /// Its public key as a JWK, where it holds the key itself; absent: one in the league's folder
        #[arg(long, value_name = "FILE")]
        key: Option<PathBuf>,
        /// Remove the issuer: none of its statements is valid any more
        #[arg(long, conflicts_with_all = ["name", "states", "key"])]
        drop: bool,
        /// The league's folder
        #[arg(long, default_value = ".")]
        dir: PathBuf,
        /// Moves the clock, in a league founded with --demo
        #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
        offset: Option<String>,
    },
    /// Issues a credential by an issuer whose key lies in the league's folder
    #[command(
        after_help = "Example: hansa league attest acme.example --by chamber.example --sector nace:H49 --output acme.credential"
    )]
    Attest {
        /// Of whom
        subject: String,
        /// By which issuer
        #[arg(long, value_name = "ISSUER")]
        by: String,
        /// It works in this sector, a code of NACE such as nace:H49; may be repeated
        #[arg(long, value_name = "CODE")]
        sector: Vec<String>,
        /// It sits in this region: EU, or a code of NUTS such as DE or DEA33; may be repeated
        #[arg(long, value_name = "CODE")]
        region: Vec<String>,
        /// Days that it counts, at most 366
        #[arg(long, default_value_t = 90)]
        days: u16,
        /// Where to write it
        #[arg(short, long)]
        output: PathBuf,
        /// The league's folder
        #[arg(long, default_value = ".")]
        dir: PathBuf,
        /// Moves the clock, in a league founded with --demo
        #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
        offset: Option<String>,
    },
    /// Registers a key that concludes contracts for a participant, or ends a signing key
    #[command(
        after_help = "Example: hansa league key officer.key.public --dir league\nExample: hansa league key --end KEY --of munster.example --revoked --dir league"
    )]
    Key(LeagueKeyArgs),
    /// Requires mandates for a participant's signatures, or ends that; or revokes one mandate
    #[command(
        after_help = "Example: hansa league mandates munster.example --dir league\nExample: hansa league mandates munster.example --revoke 9f0c1a4be05ad4e3a6a1b6dd1f3e60f95ac0f1d2b7b8e44d92c7a3f15e60b7d1 --dir league"
    )]
    Mandates(LeagueMandatesArgs),
    /// Names an authority whose seals (X.509) count for a participant, or ends that
    #[command(
        after_help = "Example: hansa league seal munster.example --anchor qtsp.pem --organization VATDE-123456789 --dir league"
    )]
    Seal(LeagueSealArgs),
    /// Signs the next version of the rulebook; without a file: its versions and who has accepted them
    #[command(
        after_help = "Example: hansa league rulebook rulebook.toml --dir league --output rulebook.json\nExample: hansa league rulebook --accepted lindau.accepted --dir league\nExample: hansa league rulebook --dir league"
    )]
    Rulebook(LeagueRulebookArgs),
    /// Expels a participant
    #[command(after_help = "Example: hansa league expel acme.example --dir league")]
    Expel {
        /// Its identity
        id: String,
        /// The league's folder
        #[arg(long, default_value = ".")]
        dir: PathBuf,
    },
    /// Writes the current signed trust bundle
    #[command(
        after_help = "Example: hansa league export --dir league --output munster/trust/bundle.json"
    )]
    Export {
        /// The league's folder
        #[arg(long, default_value = ".")]
        dir: PathBuf,
        /// Where to write it; absent: standard output
        #[arg(short, long)]
        output: Option<PathBuf>,
        /// Moves the clock, in a league founded with --demo
        #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
        offset: Option<String>,
    },
}
