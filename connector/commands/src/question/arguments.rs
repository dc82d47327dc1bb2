//! `hansa sql`, `explain` and `get`: questions, and how their rows are written.

use clap::Args;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// `hansa sql`
#[derive(Debug, Clone, Args, Serialize, Deserialize)]
pub struct SqlArgs {
    /// The question; absent: a prompt, or what comes through a pipe
    ///
    /// A pipe may bring many statements, each ended by a semicolon: each is asked as soon as it is there, so that a program can
    /// read its answer before it writes the next one. With --json each answer ends with an object `hansa`, also one that failed.
    pub(crate) sql: Option<String>,
    /// The declared purpose
    #[arg(long)]
    pub(crate) purpose: Option<String>,
    /// Under this contract; may be repeated
    ///
    /// A contract that is named binds its dataset, or refuses the question with its own reason. One under which nothing is asked
    /// refuses it too; of several statements, typed or through a pipe, each may leave some of them unused.
    #[arg(long)]
    pub(crate) contract: Vec<String>,
    /// The kinds of datasets that model.NAME takes: measured, forecast, modelled, estimated; several with commas
    ///
    /// Without it a model takes what it holds, measured values. A dataset of another kind is not left out unseen: the question fails
    /// and names it.
    #[arg(long, value_name = "KIND", value_delimiter = ',')]
    #[serde(default)]
    pub(crate) kind: Vec<String>,
    /// Accept an answer that lacks a participant
    ///
    /// A question over model.NAME needs every participant with a contract in force or a public view. One that can't be
    /// asked, or does not show a column that the question filters, groups, orders or computes by, makes it fail; with
    /// --partial the answer lacks it and says so. A column that is only shown is NULL in the rows of who does not show it.
    /// The tables of a participant whose catalogue can't be fetched can't be named, --partial or not.
    #[arg(long)]
    pub(crate) partial: bool,
    /// Write to this file; its ending decides the format
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// The format
    #[arg(long, value_enum)]
    pub(crate) format: Option<OutputFormat>,
    /// Only rows that came since the answer with this token
    #[arg(long, value_name = "TOKEN", conflicts_with = "as_of")]
    pub(crate) since: Option<String>,
    /// The datasets as they were at this instant; refused where one can't be shown so
    #[arg(long, value_name = "INSTANT")]
    pub(crate) as_of: Option<String>,
    /// Repeats the question for new rows until it is interrupted; shows a table, or JSON with one object a line
    #[arg(long, requires = "sql", conflicts_with_all = ["as_of", "output"])]
    #[serde(skip)]
    pub(crate) follow: bool,
    /// Seconds between two questions
    #[arg(long, value_name = "SECONDS", default_value_t = 60, requires = "follow", value_parser = clap::value_parser!(u32).range(1..))]
    #[serde(skip)]
    pub(crate) every: u32,
    /// The named contracts are for several questions, so this question need not use all of them
    #[arg(skip)]
    #[serde(default)]
    pub(crate) among_several: bool,
}

/// How rows are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum OutputFormat {
    /// A table for people.
    Table,
    /// Comma-separated, with a header.
    Csv,
    /// One JSON object a line.
    Json,
    /// An Arrow IPC file, as `.arrow` and `.feather` name it.
    Arrow,
    /// An Arrow IPC stream, for a pipe.
    Arrows,
    /// A Parquet file.
    Parquet,
}

/// `hansa explain`
#[derive(Debug, Clone, Args, Serialize, Deserialize)]
pub struct ExplainArgs {
    /// The question
    pub(crate) sql: String,
    /// Also asks the question, and compares what each participant sent with what was expected
    #[arg(long)]
    pub(crate) analyze: bool,
    /// The kinds of datasets that model.NAME takes: measured, forecast, modelled, estimated; several with commas
    #[arg(long, value_name = "KIND", value_delimiter = ',')]
    #[serde(default)]
    pub(crate) kind: Vec<String>,
    /// The declared purpose
    #[arg(long)]
    pub(crate) purpose: Option<String>,
    /// Under this contract; may be repeated: each binds its dataset, or refuses the question with its own reason
    #[arg(long)]
    pub(crate) contract: Vec<String>,
    /// The named contracts are for several questions, so this question need not use all of them
    #[arg(skip)]
    #[serde(default)]
    pub(crate) among_several: bool,
}

/// `hansa get`
#[derive(Debug, Clone, Args, Serialize, Deserialize)]
pub struct GetArgs {
    /// participant.dataset
    pub(crate) dataset: String,
    /// Write to this file; its ending decides the format
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// The format; absent: that of the file, or CSV where there is none
    #[arg(long, value_enum)]
    #[serde(default)]
    pub(crate) format: Option<OutputFormat>,
    /// The declared purpose
    #[arg(long)]
    pub(crate) purpose: Option<String>,
    /// Under this contract
    #[arg(long)]
    pub(crate) contract: Vec<String>,
    /// Only rows that came since the answer with this token
    #[arg(long, value_name = "TOKEN", conflicts_with = "as_of")]
    pub(crate) since: Option<String>,
    /// The dataset as it was at this instant
    #[arg(long, value_name = "INSTANT")]
    pub(crate) as_of: Option<String>,
}

/// `hansa simulate`
#[derive(Debug, Clone, Args, Serialize, Deserialize)]
pub struct SimulateArgs {
    /// The question; absent: shows what the contracts give, clause by clause
    pub(crate) sql: Option<String>,
    /// The participant that asks: hansa://DOMAIN
    #[arg(long = "as", value_name = "PARTICIPANT")]
    pub(crate) who: String,
    /// Under this contract, where several give a dataset; may be repeated
    #[arg(long)]
    pub(crate) contract: Vec<String>,
    /// Under this policy, which nobody has signed: its name, or a file
    #[arg(long, value_name = "POLICY", conflicts_with = "contract")]
    pub(crate) policy: Option<String>,
    /// The dataset of a policy that no offer uses yet
    #[arg(long, requires = "policy")]
    pub(crate) dataset: Option<String>,
    /// The own dataset whose offer is meant, where several offers use the policy
    #[arg(
        long,
        value_name = "DATASET",
        requires = "policy",
        conflicts_with = "dataset"
    )]
    pub(crate) offered_for: Option<String>,
    /// At this instant instead of now
    #[arg(long, value_name = "INSTANT")]
    pub(crate) at: Option<String>,
    /// For this purpose
    #[arg(long)]
    pub(crate) purpose: Option<String>,
    /// From this address, where a clause names networks
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) address: Option<std::net::IpAddr>,
    /// With a credential for this sector; may be repeated
    #[arg(long, value_name = "CODE")]
    pub(crate) sector: Vec<String>,
    /// With a credential for this region; may be repeated
    #[arg(long, value_name = "CODE")]
    pub(crate) region: Vec<String>,
}
