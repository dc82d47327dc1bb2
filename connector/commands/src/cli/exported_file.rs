//! `hansa contract export --output`, `hansa policy clone`: what comes back as a file goes where the person said.

use crate::admin::command_event::CommandEvent;
use crate::cli::GlobalArgs;
use crate::cli::command_dispatch::command_target::CommandTarget;
use crate::cli::connector_command::ConnectorCommand;
use crate::cli::output::OutputSettings;
use hansa_policy::refusal::Refusal;
use serde_json::Value;
use std::path::Path;

/// Takes the file out of the answer and writes it.
pub(crate) async fn save_exported_file(
    connector: &CommandTarget,
    command: ConnectorCommand,
    file: &Path,
    global: &GlobalArgs,
    show: OutputSettings,
) -> Result<u8, Refusal> {
    let (mut events, _work) = connector.start_command(command, global);
    while let Some(event) = events.recv().await {
        match event {
            CommandEvent::Object { data, .. } | CommandEvent::Document { data, .. } => {
                if let Some(text) = data.get("file").and_then(Value::as_str) {
                    hansa_node::process::named_file::write_named_file(file, text.as_bytes())?;
                    show.print_note(&format!("written to {}", file.display()));
                }
            }
            CommandEvent::Fault { data, text } => show.print_fault(&data, &text),
            CommandEvent::Failed(refusal) => return Err(refusal),
            CommandEvent::Done(status) => return Ok(status),
            _ => {}
        }
    }
    Ok(1)
}
