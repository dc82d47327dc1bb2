//! `hansa rulebook accept`: the rulebook is shown, a person confirms, and exactly the version that was shown is accepted.

use crate::admin::command_event::CommandEvent;
use crate::cli::GlobalArgs;
use crate::cli::command_dispatch::command_target::CommandTarget;
use crate::cli::connector_command::ConnectorCommand;
use crate::cli::consent::ask_confirmation;
use crate::cli::exported_file;
use crate::cli::output::OutputSettings;
use crate::rulebook::arguments::RulebookCommand;
use crate::rulebook::{RulebookState, RulebookSummary};
use hansa_policy::refusal::{ErrorCode, Refusal};
use serde::Deserialize as _;
use std::path::PathBuf;

/// Shows the newest version, asks where it is not accepted yet, and has it accepted.
///
/// # Errors
/// `CONFIRMATION_NEEDED` without a yes, and what the connector refuses.
pub(crate) async fn accept_newest_version(
    connector: &CommandTarget,
    output: Option<PathBuf>,
    global: &GlobalArgs,
    show: OutputSettings,
) -> Result<u8, Refusal> {
    let look = ConnectorCommand::Rulebook(RulebookCommand::Show {
        number: None,
        text: false,
    });
    let (mut events, _work) = connector.start_command(look, global);
    let mut shown = None;
    while let Some(event) = events.recv().await {
        match event {
            CommandEvent::Object { data, text } => shown = Some((data, text)),
            CommandEvent::Failed(refusal) => return Err(refusal),
            CommandEvent::Done(_) => break,
            _ => {}
        }
    }
    let (data, page) = shown
        .ok_or_else(|| Refusal::new(ErrorCode::Internal, "the connector showed no rulebook"))?;
    let rulebook = RulebookSummary::deserialize(&data).map_err(|cause| {
        Refusal::new(ErrorCode::Internal, "the connector showed no rulebook").caused_by(cause)
    })?;
    if rulebook.state == RulebookState::WaitsForAcceptance && !global.yes {
        show.print_note(&page);
        let question = format!(
            "Does this participant accept the rulebook `{}`, version {}, digest {}, of the league `{}`?",
            rulebook.title, rulebook.version, rulebook.rulebook, rulebook.league
        );
        ask_confirmation(&question, global)?;
    }
    let command = ConnectorCommand::Rulebook(RulebookCommand::Accept {
        output: None,
        rulebook: Some(rulebook.rulebook.to_string()),
    });
    match output {
        None => connector.run(command, global, show).await,
        Some(file) => {
            exported_file::save_exported_file(connector, command, &file, global, show).await
        }
    }
}
