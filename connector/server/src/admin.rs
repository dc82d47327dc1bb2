//! The verbs of a connector, one file for each noun.

pub(crate) mod audit;
mod catalog;
pub(crate) mod command_envelope;
pub(crate) mod command_event;
pub(crate) mod config;
mod conformance;
pub(crate) mod connect;
mod contract;
mod credential;
mod dataset;
mod doctor;
pub(crate) mod event_sink;
mod file_access;
mod group;
mod partner;
mod peer;
mod policy;
mod rulebook;
mod simulate;
pub(crate) mod sql;
mod status;
mod token;

use crate::admin::command_envelope::CommandEnvelope;
use crate::admin::command_event::CommandEvent;
use crate::admin::event_sink::{ClientDisconnected, EventSink};
use crate::cli::connector_command::ConnectorCommand;
use crate::participant::Connector;
use hansa_policy::refusal::{ErrorCode, Refusal};
use std::sync::Arc;
use tracing::Instrument as _;

/// What a verb came to: an exit status, or a refusal.
type CommandResult = Result<u8, CommandError>;

/// Why a verb stopped.
#[derive(Debug)]
pub(crate) enum CommandError {
    /// It was refused or failed.
    Refused(Box<Refusal>),
    /// Nobody reads any more.
    Gone,
}

impl From<Refusal> for CommandError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(Box::new(refusal))
    }
}

impl From<ClientDisconnected> for CommandError {
    fn from(_: ClientDisconnected) -> Self {
        Self::Gone
    }
}

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
        ConnectorCommand::Status { check } => status::status(connector, check, out).await,
        ConnectorCommand::Doctor { participant, peer } => {
            doctor::doctor(connector, participant.or(peer).as_deref(), out).await
        }
        ConnectorCommand::Conformance(args) => conformance::conformance(connector, args, out).await,
        ConnectorCommand::Reload => config::reload(connector, out).await,
        ConnectorCommand::Dataset(command) => {
            dataset::run(connector, command, (options, caller), out).await
        }
        ConnectorCommand::Partner(command) => partner::run(connector, command, caller, out).await,
        ConnectorCommand::Catalog(command) => catalog::run(connector, command, out).await,
        ConnectorCommand::Policy(command) => policy::run(connector, command, out).await,
        ConnectorCommand::Model(_) => {
            Err(Refusal::new(ErrorCode::UsageWrong, "models need no connector").into())
        }
        ConnectorCommand::Contract(command) => {
            contract::run(connector, command, options, caller, out).await
        }
        ConnectorCommand::Sql(args) => {
            let span = tracing::info_span!("question");
            sql::sql(connector, args, caller, out)
                .instrument(span)
                .await
        }
        ConnectorCommand::Explain(args) => sql::explain(connector, args, caller, out).await,
        ConnectorCommand::Simulate(args) => simulate::simulate(connector, args, out).await,
        ConnectorCommand::Get(args) => {
            let span = tracing::info_span!("question");
            sql::get(connector, args, caller, out)
                .instrument(span)
                .await
        }
        ConnectorCommand::Credential(command) => credential::run(connector, command, out).await,
        ConnectorCommand::Group(command) => group::run(connector, command, caller, out).await,
        ConnectorCommand::Rulebook(command) => rulebook::run(connector, command, caller, out).await,
        ConnectorCommand::Connect(args) => connect::connect(connector, args, out).await,
        ConnectorCommand::Token(command) => token::run(connector, command, caller, out).await,
        ConnectorCommand::Peer(command) => peer::run(connector, command, out).await,
        ConnectorCommand::Audit(command) => audit::run(connector, command, out).await,
        ConnectorCommand::Config(command) => config::run(connector, command, out).await,
        ConnectorCommand::Backup { file } => config::backup(connector, &file, out).await,
        ConnectorCommand::Restore { .. } => Err(Refusal::new(
            ErrorCode::StateLocked,
            "a running connector can't be restored; stop it first",
        )
        .into()),
    }
}

/// Several problems as one: the first, with the others and where they are as its help.
pub(crate) fn combined_refusal(problems: Vec<Refusal>) -> Refusal {
    let mut problems = problems.into_iter();
    let first = problems
        .next()
        .unwrap_or_else(|| Refusal::new(ErrorCode::Internal, "nothing says what is wrong"));
    problems.fold(first, |first, other| {
        let place = other
            .location
            .as_ref()
            .map_or_else(String::new, |location| {
                let line = location
                    .line
                    .map(|line| format!(":{line}"))
                    .unwrap_or_default();
                format!("{}{line}: ", location.file)
            });
        first.with_help(format!("also {place}{other}"))
    })
}
