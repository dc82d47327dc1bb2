//! The verbs of a connector, one file for each noun.

pub(crate) mod admin_service;
pub(crate) mod command_envelope;
pub(crate) mod command_event;
pub(crate) mod command_result;
pub(crate) mod event_sink;
mod file_access;

use crate::admin::command_envelope::CommandEnvelope;
use crate::admin::command_event::CommandEvent;
use crate::admin::command_result::{CommandError, CommandResult};
use crate::admin::event_sink::EventSink;
use crate::cli::connector_command::ConnectorCommand;
use hansa_node::participant::Connector;
use hansa_policy::refusal::{ErrorCode, Refusal};
use std::sync::Arc;
use tracing::Instrument as _;

/// Runs a command; its last event is `Done` or `Failed`.
pub(crate) async fn run(connector: Arc<Connector>, order: CommandEnvelope, out: EventSink) {
    let outcome = dispatch(&connector, order, &out).await;
    let last = match outcome {
        Ok(status) => CommandEvent::Done(status),
        Err(CommandError::Refused(refusal)) => CommandEvent::Failed(*refusal),
        Err(CommandError::Gone) => return,
    };
    let _ = out.send(last).await;
}

async fn dispatch(
    connector: &Arc<Connector>,
    order: CommandEnvelope,
    out: &EventSink,
) -> CommandResult {
    let (options, caller) = (order.manner, order.caller);
    file_access::check(connector, &order.verb, caller)?;
    match order.verb {
        ConnectorCommand::Status { check } => crate::status::status(connector, check, out).await,
        ConnectorCommand::Doctor { participant, peer } => {
            crate::doctor::doctor(connector, participant.or(peer).as_deref(), out).await
        }
        ConnectorCommand::Conformance(args) => {
            crate::conformance::command::conformance(connector, args, out).await
        }
        ConnectorCommand::Reload => crate::config::reload(connector, out).await,
        ConnectorCommand::Dataset(command) => {
            crate::dataset::run(connector, command, (options, caller), out).await
        }
        ConnectorCommand::Partner(command) => {
            crate::partner::run(connector, command, caller, out).await
        }
        ConnectorCommand::Catalog(command) => crate::catalog::run(connector, command, out).await,
        ConnectorCommand::Policy(command) => crate::policy::run(connector, command, out).await,
        ConnectorCommand::Model(_) => {
            Err(Refusal::new(ErrorCode::UsageWrong, "models need no connector").into())
        }
        ConnectorCommand::Contract(command) => {
            crate::contract::run(connector, command, options, caller, out).await
        }
        ConnectorCommand::Sql(args) => {
            let span = tracing::info_span!("question");
            crate::question::sql(connector, args, caller, out)
                .instrument(span)
                .await
        }
        ConnectorCommand::Explain(args) => {
            crate::question::explain(connector, args, caller, out).await
        }
        ConnectorCommand::Simulate(args) => crate::simulate::simulate(connector, args, out).await,
        ConnectorCommand::Get(args) => {
            let span = tracing::info_span!("question");
            crate::question::get(connector, args, caller, out)
                .instrument(span)
                .await
        }
        ConnectorCommand::Credential(command) => {
            crate::credential::run(connector, command, out).await
        }
        ConnectorCommand::Group(command) => {
            crate::group::run(connector, command, caller, out).await
        }
        ConnectorCommand::Rulebook(command) => {
            crate::rulebook::run(connector, command, caller, out).await
        }
        ConnectorCommand::Connect(args) => crate::connect::connect(connector, args, out).await,
        ConnectorCommand::Token(command) => {
            crate::token::run(connector, command, caller, out).await
        }
        ConnectorCommand::Peer(command) => crate::peer::run(connector, command, out).await,
        ConnectorCommand::Audit(command) => crate::audit::run(connector, command, out).await,
        ConnectorCommand::Config(command) => crate::config::run(connector, command, out).await,
        ConnectorCommand::Backup { file } => crate::config::backup(connector, &file, out).await,
        ConnectorCommand::Restore { .. } => Err(Refusal::new(
            ErrorCode::StateLocked,
            "a running connector can't be restored; stop it first",
        )
        .into()),
    }
}
