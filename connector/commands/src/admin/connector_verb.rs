//! Answers that each command for a connector gives about itself. None has a default: a verb that forgets one does not compile.

use crate::admin::command_result::CommandResult;
use crate::admin::event_sink::EventSink;
use crate::admin::named_file::NamedFile;
use crate::cli::command_effect::Command;
use hansa_node::participant::Connector;
use hansa_node::participant::caller::Caller;
use hansa_node::participant::startup::JudgedState;
use std::sync::Arc;

/// Settings that come with every command.
#[derive(Debug, Clone, Copy, Default, serde::Serialize, serde::Deserialize)]
pub(crate) struct CommandOptions {
    /// Say what would be done, change nothing.
    pub(crate) dry_run: bool,
}

/// Surroundings of a command that a connector carries out.
#[derive(Clone, Copy)]
pub(crate) struct CommandContext<'a> {
    /// The connector.
    pub(crate) connector: &'a Arc<Connector>,
    /// How it is carried out.
    pub(crate) options: CommandOptions,
    /// Whoever gives the command.
    pub(crate) caller: &'a Caller,
    /// Destination of its results.
    pub(crate) out: &'a EventSink,
}

/// Command that a connector carries out.
pub(crate) trait ConnectorVerb: Command {
    /// Files that it names to the connector. A file that the command itself opens, such as the output of `hansa sql`, is none of them.
    fn named_files(&mut self) -> Vec<NamedFile<'_>>;

    /// State that it judges, and whose faults it tells at its end.
    fn judged_state(&self, is_rehearsal: bool) -> JudgedState;

    /// Carries it out.
    ///
    /// # Errors
    /// Why it was refused or failed, or that nobody reads any more.
    async fn run(self, context: CommandContext<'_>) -> CommandResult;
}
