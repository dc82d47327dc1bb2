//! Between the desk and the local socket: the same events, in the words of each side.

use crate::desk::out::{Event, Out};
use crate::desk::{self, Order};
use crate::node::Node;
use futures::StreamExt as _;
use futures::stream::BoxStream;
use hansa_policy::refusal::{Code, Refusal};
use hansa_proto::admin::command::Command;
use hansa_proto::admin::event::Event as Wire;
use hansa_transport::admin::call::DeskClient;
use hansa_transport::admin::serve::Desk;
use serde_json::{Map, Value, json};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc::Receiver;

/// The desk behind the socket.
#[derive(Debug)]
pub(crate) struct Counter(pub(crate) Arc<Node>);

impl Desk for Counter {
    fn run(&self, command: Command, caller: Option<u32>) -> BoxStream<'static, Wire> {
        let order = match serde_json::from_value::<Order>(Value::Object(command.args)) {
            Ok(order) => Order { caller, ..order },
            Err(fault) => {
                let refusal = Refusal::new(
                    Code::UsageWrong,
                    format!("the running connector does not know this command: {fault}"),
                )
                .with_help("the program and the running connector may be of different versions");
                return futures::stream::once(std::future::ready(Wire::Failure(Box::new(refusal))))
                    .boxed();
            }
        };
        let (out, events) = Out::channel();
        let node = Arc::clone(&self.0);
        let work = tokio::runtime::Handle::current().spawn(desk::run(node, order, out));
        let state = Some((events, Guard(work)));
        futures::stream::unfold(state, |state| async move {
            let (mut events, guard) = state?;
            let event = events.recv().await?;
            let last = matches!(event, Event::Done(_) | Event::Failed(_));
            Some((to_wire(event), (!last).then_some((events, guard))))
        })
        .boxed()
    }
}

/// Stops the verb when its caller is gone.
struct Guard(tokio::task::JoinHandle<()>);

impl Drop for Guard {
    fn drop(&mut self) {
        self.0.abort();
    }
}

fn to_wire(event: Event) -> Wire {
    match event {
        Event::Object { data, text } => Wire::Json(json!({"data": data, "text": text})),
        Event::Document { data, text } => Wire::Json(json!({"data": data, "document": text})),
        Event::Text(text) => Wire::Json(json!({"text": text})),
        Event::Rows(bytes) => Wire::ArrowIpc(bytes),
        Event::Progress { label, done, total } => Wire::Progress {
            label,
            done,
            total: (total > 0).then_some(total),
        },
        Event::Notice(text) => Wire::Notice(text),
        Event::Fault { data, text } => Wire::Json(json!({"fault": data, "text": text})),
        Event::Failed(refusal) => Wire::Failure(Box::new(refusal)),
        Event::Done(exit_code) => Wire::Done { exit_code },
    }
}

fn from_wire(event: Wire) -> Event {
    match event {
        Wire::Json(Value::Object(mut map)) => {
            let text = match map.remove("text") {
                Some(Value::String(text)) => text,
                _ => String::new(),
            };
            let document = map.remove("document");
            match (map.remove("fault"), map.remove("data"), document) {
                (Some(data), _, _) => Event::Fault { data, text },
                (None, Some(data), Some(Value::String(text))) => Event::Document { data, text },
                (None, Some(data), _) => Event::Object { data, text },
                (None, None, _) => Event::Text(text),
            }
        }
        Wire::Json(data) => Event::Object {
            data,
            text: String::new(),
        },
        Wire::ArrowIpc(bytes) => Event::Rows(bytes),
        Wire::Progress { label, done, total } => Event::Progress {
            label,
            done,
            total: total.unwrap_or(0),
        },
        Wire::Notice(text) => Event::Notice(text),
        Wire::Failure(refusal) => Event::Failed(*refusal),
        Wire::Done { exit_code } => Event::Done(exit_code),
    }
}

/// Has a running connector carry out a command.
pub(crate) fn ask(
    client: &DeskClient,
    order: &Order,
    timeout: Option<Duration>,
) -> Receiver<Event> {
    let args = match serde_json::to_value(order) {
        Ok(Value::Object(map)) => map,
        _ => Map::new(),
    };
    let command = Command {
        verb: "run".to_owned(),
        args,
        timeout,
        directory: std::env::current_dir().unwrap_or_default(),
        program: env!("CARGO_PKG_VERSION").to_owned(),
    };
    let mut events = client.run(&command);
    let (out, received) = Out::channel();
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
            () = out.gone() => {}
        }
    });
    received
}

/// Carries out a command inside this process.
pub(crate) fn here(
    node: &Arc<Node>,
    order: Order,
) -> (Receiver<Event>, tokio::task::JoinHandle<()>) {
    let (out, received) = Out::channel();
    let node = Arc::clone(node);
    let work = tokio::runtime::Handle::current().spawn(desk::run(node, order, out));
    (received, work)
}
