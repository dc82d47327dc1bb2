//! A command as it travels to a connector.

use crate::admin::connector_verb::CommandOptions;
use crate::cli::connector_command::ConnectorCommand;
use hansa_node::participant::caller::Caller;

/// A command as it travels to a connector.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
pub(crate) struct CommandEnvelope {
    /// What to do.
    pub(crate) verb: ConnectorCommand,
    /// How.
    pub(crate) manner: CommandOptions,
    /// Whoever gives it. It never comes from the bytes of a message.
    #[serde(skip)]
    pub(crate) caller: Caller,
}
