//! Commands of a connector: each is carried out, and answers for itself, in the file of its noun.

pub(crate) mod admin_service;
pub(crate) mod command_envelope;
pub(crate) mod command_event;
pub(crate) mod command_result;
pub(crate) mod connector_verb;
pub(crate) mod event_sink;
mod file_access;
pub(crate) mod named_file;

use crate::admin::command_envelope::CommandEnvelope;
use crate::admin::command_event::CommandEvent;
use crate::admin::command_result::{CommandError, CommandResult};
use crate::admin::connector_verb::{CommandContext, ConnectorVerb};
use crate::admin::event_sink::EventSink;
use crate::admin::named_file::NamedFile;
use crate::backup::arguments::BackupCommand;
use crate::cli::command_effect::{Command, CommandEffect};
use crate::cli::connector_command::ConnectorCommand;
use crate::console::arguments::ConsoleCommand;
use hansa_node::participant::Connector;
use hansa_node::participant::startup::JudgedState;
use hansa_policy::refusal::{ErrorCode, Refusal};
use std::sync::Arc;

/// Runs a command; its last event is `Done` or `Failed`.
pub(crate) async fn run_command(connector: Arc<Connector>, order: CommandEnvelope, out: EventSink) {
    let outcome = dispatch_command(&connector, order, &out).await;
    let last = match outcome {
        Ok(status) => CommandEvent::Done(status),
        Err(CommandError::Refused(refusal)) => CommandEvent::Failed(*refusal),
        Err(CommandError::Gone) => return,
    };
    let _ = out.send(last).await;
}

async fn dispatch_command(
    connector: &Arc<Connector>,
    mut order: CommandEnvelope,
    out: &EventSink,
) -> CommandResult {
    file_access::check_file_access(connector, &mut order.verb, &order.caller)?;
    let context = CommandContext {
        connector,
        options: order.manner,
        caller: &order.caller,
        out,
    };
    order.verb.run(context).await
}

/// An answer of a command: of the verb of its noun, or one that stands here for a verb about the connector itself.
macro_rules! answer_by_verb {
    ($command:expr, $verb:ident => $answer:expr, { $($own:tt)* }) => {
        match $command {
            $($own)*
            ConnectorCommand::Conformance($verb) => $answer,
            ConnectorCommand::Dataset($verb) => $answer,
            ConnectorCommand::Catalog($verb) => $answer,
            ConnectorCommand::Policy($verb) => $answer,
            ConnectorCommand::Offer($verb) => $answer,
            ConnectorCommand::Model($verb) => $answer,
            ConnectorCommand::Contract($verb) => $answer,
            ConnectorCommand::Sql($verb) => $answer,
            ConnectorCommand::Explain($verb) => $answer,
            ConnectorCommand::Simulate($verb) => $answer,
            ConnectorCommand::Get($verb) => $answer,
            ConnectorCommand::Credential($verb) => $answer,
            ConnectorCommand::Group($verb) => $answer,
            ConnectorCommand::Rulebook($verb) => $answer,
            ConnectorCommand::Token($verb) => $answer,
            ConnectorCommand::Connect($verb) => $answer,
            ConnectorCommand::Peer($verb) => $answer,
            ConnectorCommand::Partner($verb) => $answer,
            ConnectorCommand::Person($verb) => $answer,
            ConnectorCommand::Approval($verb) => $answer,
            ConnectorCommand::Running($verb) => $answer,
            ConnectorCommand::Delivery($verb) => $answer,
            ConnectorCommand::Worker($verb) => $answer,
            ConnectorCommand::Audit($verb) => $answer,
            ConnectorCommand::Config($verb) => $answer,
        }
    };
}

impl Command for ConnectorCommand {
    fn effect(&self) -> CommandEffect {
        answer_by_verb!(self, verb => verb.effect(), {
            Self::Status { .. }
            | Self::Restore { check: true, .. }
            | Self::Backup {
                command: Some(BackupCommand::List),
                ..
            } => CommandEffect::Looks,
            Self::Doctor { .. } => CommandEffect::Judges,
            Self::Reload => {
                CommandEffect::Acts("hansa check looks at everything that would be reloaded")
            }
            Self::Backup { .. } | Self::Console { .. } => CommandEffect::Acts(""),
            Self::Restore { file, .. } => CommandEffect::Ends(format!(
                "Restoring {} puts it in the place of the state that is here, which is moved aside.",
                file.display()
            )),
        })
    }
}

impl ConnectorVerb for ConnectorCommand {
    fn named_files(&mut self) -> Vec<NamedFile<'_>> {
        answer_by_verb!(self, verb => verb.named_files(), {
            Self::Backup { file, .. } => NamedFile::list_opened(file.as_mut()),
            Self::Status { .. }
            | Self::Doctor { .. }
            | Self::Reload
            | Self::Console { .. }
            | Self::Restore { .. } => Vec::new(),
        })
    }

    fn judged_state(&self, is_rehearsal: bool) -> JudgedState {
        answer_by_verb!(self, verb => verb.judged_state(is_rehearsal), {
            Self::Reload => JudgedState::Configuration,
            Self::Status { .. }
            | Self::Doctor { .. }
            | Self::Console { .. }
            | Self::Backup { .. }
            | Self::Restore { .. } => JudgedState::None,
        })
    }

    async fn run(self, context: CommandContext<'_>) -> CommandResult {
        let CommandContext {
            connector,
            caller,
            out,
            ..
        } = context;
        answer_by_verb!(self, verb => verb.run(context).await, {
            Self::Status { minutes: true, .. } => {
                crate::status::minute_report::report_minutes(connector, out).await
            }
            Self::Status { check, .. } => {
                crate::status::report_status(connector, check, out).await
            }
            Self::Doctor { participant, peer } => {
                crate::doctor::run_doctor(connector, participant.or(peer).as_deref(), out).await
            }
            Self::Console { step: None } => {
                crate::console::invite_person(connector, caller, out).await
            }
            Self::Console {
                step: Some(ConsoleCommand::Confirm { number, person: None }),
            } => crate::console::confirm_number(connector, caller, &number, out).await,
            Self::Console {
                step: Some(ConsoleCommand::Confirm { number, person: Some(person) }),
            } => {
                file_access::check_own_user(connector, caller)?;
                crate::console::confirm_addition(connector, caller, &person, &number, out).await
            }
            Self::Reload => crate::config::reload_config(connector, out).await,
            Self::Backup {
                command: Some(BackupCommand::List),
                ..
            } => crate::backup::backup_journal::list_backups(connector, out).await,
            Self::Backup {
                file: Some(file),
                command: None,
            } => crate::config::back_up_state(connector, &file, out).await,
            Self::Backup {
                file: None,
                command: None,
            } => Err(Refusal::new(ErrorCode::UsageWrong, "no file is named for the copy")
                .with_help("hansa backup FILE writes one; hansa backup list shows those that were made")
                .into()),
            Self::Restore { .. } => Err(Refusal::new(
                ErrorCode::StateLocked,
                "a running connector can't be restored; stop it first",
            )
            .into()),
        })
    }
}
