//! Between the command handlers and the local socket: the same events, in the words of each side.

use crate::admin;
use crate::admin::command_envelope::CommandEnvelope;
use crate::admin::command_event::CommandEvent;
use crate::admin::event_sink::EventSink;
use crate::cli::command_report::report_json;
use crate::cli::connector_command::ConnectorCommand;
use futures::StreamExt as _;
use futures::stream::BoxStream;
use hansa_node::participant::Connector;
use hansa_node::participant::caller::Caller;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_proto::admin::command::AdminCommand;
use hansa_proto::admin::event::AdminEvent as Wire;
use hansa_transport::admin::client::AdminSocketClient;
use hansa_transport::admin::server::AdminHandler;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::os::unix::fs::MetadataExt as _;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc::Receiver;

/// The admin handler behind the socket.
#[derive(Debug)]
pub(crate) struct AdminService(pub(crate) Arc<Connector>);

impl AdminHandler for AdminService {
    fn run(&self, command: AdminCommand, caller: Option<u32>) -> BoxStream<'static, Wire> {
        let order = match serde_json::from_value::<CommandEnvelope>(Value::Object(command.args)) {
            Ok(order) => {
                if let Err(refusal) = check_caller(&self.0, caller, &order.verb) {
                    return futures::stream::once(std::future::ready(Wire::Failure(Box::new(
                        refusal,
                    ))))
                    .boxed();
                }
                let caller = Caller::from_local_user(&self.0.config(), caller);
                CommandEnvelope { caller, ..order }
            }
            Err(fault) => {
                let refusal = Refusal::new(
                    ErrorCode::UsageWrong,
                    format!("the running connector does not know this command: {fault}"),
                )
                .with_help("the program and the running connector may be of different versions");
                return futures::stream::once(std::future::ready(Wire::Failure(Box::new(refusal))))
                    .boxed();
            }
        };
        let (out, events) = EventSink::channel();
        let connector = Arc::clone(&self.0);
        let work =
            tokio::runtime::Handle::current().spawn(admin::run_command(connector, order, out));
        let state = Some((events, AbortOnDrop(work.abort_handle())));
        futures::stream::unfold(state, |state| async move {
            let (mut events, guard) = state?;
            let event = events.recv().await?;
            let last = matches!(event, CommandEvent::Done(_) | CommandEvent::Failed(_));
            Some((to_wire(event), (!last).then_some((events, guard))))
        })
        .boxed()
    }
}

/// Refuses what a person may not do at the socket: without being an officer, a person signs in at the console and confirms acts there.
fn check_caller(
    connector: &Connector,
    caller: Option<u32>,
    verb: &ConnectorCommand,
) -> Result<(), Refusal> {
    let config = connector.config();
    let is_officer = |user: u32| config.officers.users.contains(&user);
    // The socket belongs to the user of this process.
    let own = std::fs::metadata(config.socket()).map(|socket| socket.uid());
    let is_own = |user: u32| user == 0 || own.as_ref().is_ok_and(|own| *own == user);
    match (caller, verb) {
        (_, ConnectorCommand::Console { .. }) => Ok(()),
        (Some(user), _) if is_own(user) || is_officer(user) => Ok(()),
        // A caller whom the kernel does not name is nobody.
        (user, _) => {
            let user = user.map_or_else(|| "without a number".to_owned(), |user| user.to_string());
            let sentence = format!(
                "the Unix user {user} signs in at the console, and gives no other command here"
            );
            Err(Refusal::new(ErrorCode::RoleMissing, sentence)
                .with_help("hansa console; or list the user under [officers]"))
        }
    }
}

/// Stops the verb when its caller is gone.
pub(crate) struct AbortOnDrop(pub(crate) tokio::task::AbortHandle);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Results and faults of a command in the messages of the socket.
#[derive(Debug, Serialize, Deserialize)]
#[serde(untagged)]
enum ResultMessage {
    Fault {
        fault: Value,
        #[serde(default)]
        text: String,
    },
    Document {
        data: Value,
        document: String,
    },
    Object {
        data: Value,
        #[serde(default)]
        text: String,
    },
    Text {
        #[serde(default)]
        text: String,
    },
}

impl ResultMessage {
    fn into_wire(self) -> Wire {
        Wire::Json(report_json(&self))
    }

    fn into_event(self) -> CommandEvent {
        match self {
            Self::Fault { fault: data, text } => CommandEvent::Fault { data, text },
            Self::Document {
                data,
                document: text,
            } => CommandEvent::Document { data, text },
            Self::Object { data, text } => CommandEvent::Object { data, text },
            Self::Text { text } => CommandEvent::Text(text),
        }
    }
}

fn to_wire(event: CommandEvent) -> Wire {
    match event {
        CommandEvent::Object { data, text } => ResultMessage::Object { data, text }.into_wire(),
        CommandEvent::Document { data, text } => ResultMessage::Document {
            data,
            document: text,
        }
        .into_wire(),
        CommandEvent::Text(text) => ResultMessage::Text { text }.into_wire(),
        CommandEvent::Rows(bytes) => Wire::ArrowIpc(bytes),
        CommandEvent::Progress { label, done, total } => Wire::Progress {
            label,
            done,
            total: (total > 0).then_some(total),
        },
        CommandEvent::Notice(text) => Wire::Notice(text),
        CommandEvent::Fault { data, text } => {
            ResultMessage::Fault { fault: data, text }.into_wire()
        }
        CommandEvent::Failed(refusal) => Wire::Failure(Box::new(refusal)),
        CommandEvent::Done(exit_code) => Wire::Done { exit_code },
    }
}

fn from_wire(event: Wire) -> CommandEvent {
    match event {
        Wire::Json(data) => match ResultMessage::deserialize(&data) {
            Ok(message) => message.into_event(),
            Err(_) => CommandEvent::Object {
                data,
                text: String::new(),
            },
        },
        Wire::ArrowIpc(bytes) => CommandEvent::Rows(bytes),
        Wire::Progress { label, done, total } => CommandEvent::Progress {
            label,
            done,
            total: total.unwrap_or(0),
        },
        Wire::Notice(text) => CommandEvent::Notice(text),
        Wire::Failure(refusal) => CommandEvent::Failed(*refusal),
        Wire::Done { exit_code } => CommandEvent::Done(exit_code),
    }
}

/// Has a running connector carry out a command.
pub(crate) fn start_remote_command(
    client: &AdminSocketClient,
    order: &CommandEnvelope,
    timeout: Option<Duration>,
) -> Receiver<CommandEvent> {
    let args = match serde_json::to_value(order) {
        Ok(Value::Object(map)) => map,
        _ => Map::new(),
    };
    let command = AdminCommand {
        verb: "run".to_owned(),
        args,
        timeout,
        directory: std::env::current_dir().unwrap_or_default(),
        program: env!("CARGO_PKG_VERSION").to_owned(),
    };
    let mut events = client.run(&command);
    let (out, received) = EventSink::channel();
    let _task = tokio::runtime::Handle::current().spawn(async move {
        // Who gave up before anything came lets go of the call, too: the connector stops then.
        let passed_on = async {
            while let Some(event) = events.next().await {
                if out.send(from_wire(event)).await.is_err() {
                    break;
                }
            }
        };
        tokio::select! {
            () = passed_on => {}
            () = out.wait_until_closed() => {}
        }
    });
    received
}

/// Carries out a command inside this process.
pub(crate) fn start_local_command(
    connector: &Arc<Connector>,
    order: CommandEnvelope,
) -> (Receiver<CommandEvent>, tokio::task::JoinHandle<()>) {
    let (out, received) = EventSink::channel();
    let connector = Arc::clone(connector);
    let work = tokio::runtime::Handle::current().spawn(admin::run_command(connector, order, out));
    (received, work)
}
