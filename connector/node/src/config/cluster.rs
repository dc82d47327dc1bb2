//! `[cluster]` and `[[worker]]`: machines that run stages of the participant's own answers.

use crate::config::reader::ConfigSection;
use hansa_identity::cluster::server_name;
use hansa_policy::id::SqlIdentifier;
use std::path::{Path, PathBuf};

/// `[cluster]`, with each `[[worker]]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClusterConfig {
    /// Folder with the certificate authority and the certificates of the cluster.
    pub folder: PathBuf,
    /// Least number of rows of a dataset from which workers are used for its questions.
    pub(crate) at_least: u64,
    /// Workers of the cluster. At least two are needed.
    pub workers: Vec<WorkerConfig>,
}

/// `[[worker]]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkerConfig {
    /// Name of the worker in its certificate.
    pub name: SqlIdentifier,
    /// `host:port`
    pub address: String,
}

/// Reads both sections.
pub(super) fn read_cluster_config(
    section: ConfigSection<'_>,
    tables: Vec<ConfigSection<'_>>,
    folder: &Path,
) -> ClusterConfig {
    let own = section.text("folder");
    let at_least = section.number("at_least");
    section.finish();
    let mut workers: Vec<WorkerConfig> = Vec::new();
    for table in tables {
        workers.extend(read_worker_config(table, &workers));
    }
    ClusterConfig {
        folder: folder.join(own.unwrap_or_else(|| "cluster".to_owned())),
        at_least: at_least.unwrap_or(1_000_000),
        workers,
    }
}

/// Reads one worker. `before` holds the workers above it in the file.
fn read_worker_config(section: ConfigSection<'_>, before: &[WorkerConfig]) -> Option<WorkerConfig> {
    let name =
        section
            .required_text("name")
            .and_then(|text| match parse_worker_name(&text, before) {
                Ok(name) => Some(name),
                Err(sentence) => {
                    section.report_problem("name", sentence);
                    None
                }
            });
    let address = section.required_text("address").and_then(|text| {
        if has_port(&text) {
            return Some(text);
        }
        let sentence = format!("`{text}` is not an address such as 10.0.0.11:8815");
        section.report_problem("address", sentence);
        None
    });
    section.finish();
    Some(WorkerConfig {
        name: name?,
        address: address?,
    })
}

fn parse_worker_name(text: &str, before: &[WorkerConfig]) -> Result<SqlIdentifier, String> {
    let name: SqlIdentifier = text
        .parse()
        .map_err(|fault| format!("`{text}` does not fit `worker.name`: {fault}"))?;
    server_name(&name).map_err(|refusal| refusal.sentence)?;
    match before.iter().any(|worker| worker.name == name) {
        true => Err(format!("two workers are named `{name}`")),
        false => Ok(name),
    }
}

fn has_port(address: &str) -> bool {
    address
        .rsplit_once(':')
        .is_some_and(|(host, port)| !host.is_empty() && port.parse::<u16>().is_ok())
}
