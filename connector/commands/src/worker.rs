//! `hansa worker`: the machines among which the connector splits questions.

pub(crate) mod arguments;

use crate::admin::command_result::CommandResult;
use crate::admin::connector_verb::{CommandContext, ConnectorVerb};
use crate::admin::named_file::NamedFile;
use crate::cli::command_effect::{Command, CommandEffect};
use crate::cli::command_report::ReportRow;
use crate::worker::arguments::WorkerCommand;
use hansa_node::participant::startup::JudgedState;
use serde::Serialize;

impl Command for WorkerCommand {
    fn effect(&self) -> CommandEffect {
        match self {
            Self::List => CommandEffect::Looks,
        }
    }
}

impl ConnectorVerb for WorkerCommand {
    fn named_files(&mut self) -> Vec<NamedFile<'_>> {
        match self {
            Self::List => Vec::new(),
        }
    }

    fn judged_state(&self, _is_rehearsal: bool) -> JudgedState {
        match self {
            Self::List => JudgedState::None,
        }
    }

    async fn run(self, context: CommandContext<'_>) -> CommandResult {
        let CommandContext { connector, out, .. } = context;
        match self {
            Self::List => {
                let (config, ticks) = (connector.config(), connector.ticks());
                let workers = &connector.peers.workers;
                let rows: Vec<WorkerReport> = config
                    .cluster
                    .workers
                    .iter()
                    .map(|worker| WorkerReport {
                        worker: worker.name.to_string(),
                        address: worker.address.clone(),
                        state: workers.known_state(worker, ticks).as_str(),
                    })
                    .collect();
                out.send_list(&rows).await?;
            }
        }
        Ok(0)
    }
}

/// Worker of the configuration.
#[derive(Debug, Serialize)]
struct WorkerReport {
    worker: String,
    address: String,
    /// State from the last question: `connected`, `unreachable` or `not asked`.
    state: &'static str,
}

impl ReportRow for WorkerReport {
    const HEADER: &'static [&'static str] = &["WORKER", "ADDRESS", "STATE"];

    fn cells(&self) -> Vec<String> {
        vec![
            self.worker.clone(),
            self.address.clone(),
            self.state.to_owned(),
        ]
    }
}
