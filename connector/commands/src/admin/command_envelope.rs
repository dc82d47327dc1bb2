//! A command as it travels to a connector.

use crate::admin::connector_verb::CommandOptions;
use crate::cli::connector_command::ConnectorCommand;

/// A command as it travels to a connector.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
pub(crate) struct CommandEnvelope {
    /// What to do.
    pub(crate) verb: ConnectorCommand,
    /// How.
    pub(crate) manner: CommandOptions,
    /// For which Unix user, as the kernel names it; nobody in particular inside a command's own process.
    #[serde(skip)]
    pub(crate) caller: Option<u32>,
}
