//! `hansa cluster`: the authority and the certificates of the machines that run stages of the own answers.

pub(crate) mod arguments;

use crate::cli::GlobalArgs;
use crate::cli::command_dispatch::load_config;
use crate::cli::command_effect::{Command, CommandEffect};
use crate::cli::command_report::{CommandReport, serialize_path};
use crate::cli::output::OutputSettings;
use crate::cluster::arguments::ClusterCommand;
use hansa_audit_log::time::UtcTimestamp;
use hansa_identity::cluster;
use hansa_node::config::ConnectorConfig;
use hansa_node::process::clock;
use hansa_policy::id::SqlIdentifier;
use hansa_policy::refusal::Refusal;
use serde::Serialize;
use std::path::{Path, PathBuf};

impl Command for ClusterCommand {
    fn effect(&self) -> CommandEffect {
        match self {
            Self::Init | Self::Add { .. } => CommandEffect::Acts(""),
        }
    }
}

/// Carries out one of the verbs.
///
/// # Errors
/// Every problem in the configuration, or what can't be made.
pub(crate) fn run_cluster_command(
    command: ClusterCommand,
    global: &GlobalArgs,
    now: UtcTimestamp,
    show: OutputSettings,
) -> Result<(), Vec<Refusal>> {
    let config = load_config(global)?;
    let one = |refusal: Refusal| vec![refusal];
    // Before it has joined it belongs to no league that might be for a show.
    let moved = match config.trust.bundle.exists() {
        true => clock::clock_offset(&config).map_err(one)?,
        false => 0,
    };
    let now = now.plus_micros(moved);
    match command {
        ClusterCommand::Init => init_cluster(&config, now, show).map_err(one),
        ClusterCommand::Add { name } => add_worker(&config, &name, now, show).map_err(one),
    }
}

fn init_cluster(
    config: &ConnectorConfig,
    now: UtcTimestamp,
    show: OutputSettings,
) -> Result<(), Refusal> {
    let folder = &config.cluster.folder;
    cluster::create_cluster(folder, now)?;
    show.print_report(&FoundedCluster {
        folder,
        authority: folder.join("ca.crt"),
        certificate: folder.join("connector.crt"),
        key: folder.join("connector.key"),
        next: "hansa cluster add NAME",
    });
    Ok(())
}

/// New cluster.
#[derive(Debug, Serialize)]
struct FoundedCluster<'a> {
    #[serde(serialize_with = "serialize_path")]
    folder: &'a Path,
    #[serde(serialize_with = "serialize_path")]
    authority: PathBuf,
    #[serde(serialize_with = "serialize_path")]
    certificate: PathBuf,
    #[serde(serialize_with = "serialize_path")]
    key: PathBuf,
    /// Command that admits a worker.
    next: &'static str,
}

impl CommandReport for FoundedCluster<'_> {
    fn to_text(&self) -> String {
        format!(
            "the cluster is founded in {}; ca.key and connector.key stay on this machine\nnext: {}, for each worker",
            self.folder.display(),
            self.next
        )
    }
}

fn add_worker(
    config: &ConnectorConfig,
    name: &SqlIdentifier,
    now: UtcTimestamp,
    show: OutputSettings,
) -> Result<(), Refusal> {
    let folder = &config.cluster.folder;
    let (certificate, key) = cluster::admit_worker(folder, name, now)?;
    let known = config
        .cluster
        .workers
        .iter()
        .find(|worker| worker.name == *name);
    let port = known
        .and_then(|worker| worker.address.rsplit_once(':'))
        .map_or("8815", |(_, port)| port);
    show.print_report(&AdmittedWorker {
        worker: name,
        certificate,
        key,
        authority: folder.join("ca.crt"),
        configured: known.is_some(),
        serve: format!("hansa serve --role worker --name {name} --listen 0.0.0.0:{port}"),
        port,
        folder,
        config: &config.file,
    });
    Ok(())
}

/// Worker with its certificate.
#[derive(Debug, Serialize)]
struct AdmittedWorker<'a> {
    worker: &'a SqlIdentifier,
    #[serde(serialize_with = "serialize_path")]
    certificate: PathBuf,
    #[serde(serialize_with = "serialize_path")]
    key: PathBuf,
    #[serde(serialize_with = "serialize_path")]
    authority: PathBuf,
    /// `true` if the configuration names it.
    configured: bool,
    /// Command that starts it on its machine.
    serve: String,
    #[serde(skip)]
    port: &'a str,
    #[serde(skip)]
    folder: &'a Path,
    #[serde(skip)]
    config: &'a Path,
}

impl CommandReport for AdmittedWorker<'_> {
    fn to_text(&self) -> String {
        let (name, port) = (self.worker, self.port);
        let mut next = vec![format!(
            "copy ca.crt, {name}.crt and {name}.key from {} to the folder of [cluster] on its machine",
            self.folder.display()
        )];
        if !self.configured {
            next.push(format!(
                "add to {}, then hansa reload:\n        [[worker]]\n        name    = \"{name}\"\n        address = \"HOST:{port}\"",
                self.config.display()
            ));
        }
        next.push(format!("start it there: {}", self.serve));
        format!(
            "the worker {name} is admitted\nnext: {}",
            next.join("\n      ")
        )
    }
}
