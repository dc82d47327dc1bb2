//! `hansa cluster`: the authority and the certificates of the machines that run stages of the own answers.

pub(crate) mod arguments;

use crate::cli::GlobalArgs;
use crate::cli::command_dispatch::load;
use crate::cli::command_effect::{Command, CommandEffect};
use crate::cli::output::OutputSettings;
use crate::cluster::arguments::ClusterCommand;
use hansa_audit_log::time::UtcTimestamp;
use hansa_identity::cluster;
use hansa_node::config::ConnectorConfig;
use hansa_node::process::clock;
use hansa_policy::id::SqlIdentifier;
use hansa_policy::refusal::Refusal;
use serde_json::json;

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
pub(crate) fn run(
    command: ClusterCommand,
    global: &GlobalArgs,
    now: UtcTimestamp,
    show: OutputSettings,
) -> Result<(), Vec<Refusal>> {
    let config = load(global)?;
    let one = |refusal: Refusal| vec![refusal];
    // Before it has joined it belongs to no league that might be for a show.
    let moved = match config.trust.bundle.exists() {
        true => clock::offset(&config).map_err(one)?,
        false => 0,
    };
    let now = now.plus_micros(moved);
    match command {
        ClusterCommand::Init => init(&config, now, show).map_err(one),
        ClusterCommand::Add { name } => add(&config, &name, now, show).map_err(one),
    }
}

fn init(config: &ConnectorConfig, now: UtcTimestamp, show: OutputSettings) -> Result<(), Refusal> {
    let folder = &config.cluster.folder;
    cluster::found(folder, now)?;
    show.result(
        &json!({
            "folder": folder,
            "authority": folder.join("ca.crt"),
            "certificate": folder.join("connector.crt"),
            "key": folder.join("connector.key"),
            "next": "hansa cluster add NAME",
        }),
        &format!(
            "the cluster is founded in {}; ca.key and connector.key stay on this machine\nnext: hansa cluster add NAME, for each worker",
            folder.display()
        ),
    );
    Ok(())
}

fn add(
    config: &ConnectorConfig,
    name: &SqlIdentifier,
    now: UtcTimestamp,
    show: OutputSettings,
) -> Result<(), Refusal> {
    let folder = &config.cluster.folder;
    let (certificate, key) = cluster::admit(folder, name, now)?;
    let known = config
        .cluster
        .workers
        .iter()
        .find(|worker| worker.name == *name);
    let port = known
        .and_then(|worker| worker.address.rsplit_once(':'))
        .map_or("8815", |(_, port)| port);
    let serve = format!("hansa serve --role worker --name {name} --listen 0.0.0.0:{port}");
    let mut next = vec![format!(
        "copy ca.crt, {name}.crt and {name}.key from {} to the folder of [cluster] on its machine",
        folder.display()
    )];
    if known.is_none() {
        next.push(format!(
            "add to {}, then hansa reload:\n        [[worker]]\n        name    = \"{name}\"\n        address = \"HOST:{port}\"",
            config.file.display()
        ));
    }
    next.push(format!("start it there: {serve}"));
    show.result(
        &json!({
            "worker": name.as_str(),
            "certificate": certificate,
            "key": key,
            "authority": folder.join("ca.crt"),
            "configured": known.is_some(),
            "serve": serve,
        }),
        &format!(
            "the worker {name} is admitted\nnext: {}",
            next.join("\n      ")
        ),
    );
    Ok(())
}
