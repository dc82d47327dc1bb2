//! A command as it travels to a connector.

use crate::cli::connector_command::ConnectorCommand;

/// Settings that come with every command.
#[derive(Debug, Clone, Copy, Default, serde::Serialize, serde::Deserialize)]
pub(crate) struct CommandOptions {
    /// Say what would be done, change nothing.
    pub(crate) dry_run: bool,
}

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
