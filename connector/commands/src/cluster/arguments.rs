//! What `hansa cluster` and `hansa serve` are told.
#![allow(
    rustdoc::broken_intra_doc_links,
    reason = "help texts name sections of the configuration"
)]

use clap::{Args, Subcommand, ValueEnum};
use hansa_policy::id::SqlIdentifier;
use hansa_policy::refusal::{ErrorCode, Refusal};
use std::path::PathBuf;

/// `hansa cluster …`
#[derive(Debug, Clone, Subcommand)]
pub enum ClusterCommand {
    /// A new cluster: its authority, and the connector's own certificate and key, in the folder of [cluster]
    #[command(after_help = "Example: hansa --config munster cluster init")]
    Init,
    /// Admits a worker: makes its certificate and its key
    #[command(after_help = "Example: hansa --config munster cluster add one")]
    Add {
        /// The worker's name, as in [[worker]]: a-z, 0-9 and _
        name: SqlIdentifier,
    },
}

/// `hansa serve`
#[derive(Debug, Clone, Args)]
pub struct ServeArgs {
    /// Configurations of further participants to serve in the same process
    #[arg(conflicts_with_all = ["name", "listen"])]
    pub(crate) also: Vec<PathBuf>,
    /// Wait until `hansa join` has been run; until then readiness says so, and no peer gets an answer
    #[arg(long, conflicts_with_all = ["name", "listen", "also"])]
    pub(crate) await_join: bool,
    /// Ends when standard input ends: the program that started it has ended
    #[arg(long, conflicts_with_all = ["name", "listen"])]
    pub(crate) until_stdin_ends: bool,
    /// The connector itself, or a worker, which only runs stages of its answers; absent: the connector
    #[arg(long, value_enum)]
    pub(crate) role: Option<ServeRole>,
    /// The worker's name, as given to hansa cluster add
    #[arg(long, requires = "role", required_if_eq("role", "worker"))]
    pub(crate) name: Option<SqlIdentifier>,
    /// Address at which the worker listens for its connector, such as 10.0.0.11:8815
    #[arg(
        long,
        value_name = "ADDRESS",
        requires = "role",
        required_if_eq("role", "worker")
    )]
    pub(crate) listen: Option<String>,
}

/// What is served.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ServeRole {
    /// The connector
    Connector,
    /// A worker of a connector
    Worker,
}

impl ServeArgs {
    /// The name and the listening address of the worker that is to be served; none for a connector.
    ///
    /// # Errors
    /// `USAGE` for a name or an address that the role does not have.
    pub(crate) fn worker(&self) -> Result<Option<(SqlIdentifier, String)>, Refusal> {
        match (self.role, &self.name, &self.listen) {
            (Some(ServeRole::Worker), Some(name), Some(listen)) => {
                Ok(Some((name.clone(), listen.clone())))
            }
            (None | Some(ServeRole::Connector), None, None) => Ok(None),
            (_, _, _) => Err(Refusal::new(
                ErrorCode::UsageWrong,
                "a worker needs both --name and --listen, and a connector takes neither: it listens at `listen.peer`",
            )
            .with_help("hansa serve --role worker --name NAME --listen ADDRESS")),
        }
    }
}
