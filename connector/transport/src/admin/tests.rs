//! Tests of the socket: access, events of a verb, and cancellation by disconnecting.

use crate::admin::client::{self, AdminSocketClient};
use crate::admin::local_connections::EACH;
use crate::admin::server::{self, AdminHandler, SocketAccess};
use crate::internal_error::testing::{KeptTrace, trace_number};
use futures::StreamExt as _;
use futures::stream::{self, BoxStream};
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_proto::admin::command::AdminCommand;
use hansa_proto::admin::event::AdminEvent;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;
use tokio::io::AsyncReadExt as _;
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::mpsc;

/// Admin handler with a few commands; it reports when an endless one was stopped.
struct TestAdminHandler {
    stopped: mpsc::Sender<()>,
}

struct StopNotifier(mpsc::Sender<()>);

impl Drop for StopNotifier {
    fn drop(&mut self) {
        let _ = self.0.try_send(());
    }
}

impl AdminHandler for TestAdminHandler {
    fn run(&self, command: AdminCommand, _caller: Option<u32>) -> BoxStream<'static, AdminEvent> {
        match command.verb.as_str() {
            "echo" => stream::iter([
                AdminEvent::Progress {
                    label: "rows".to_owned(),
                    done: 1,
                    total: Some(2),
                },
                AdminEvent::Json(serde_json::Value::Object(command.args)),
                AdminEvent::ArrowIpc(vec![1; 5_000_000].into()),
                AdminEvent::Done { exit_code: 3 },
            ])
            .boxed(),
            "fail" => {
                let refusal = Refusal::new(ErrorCode::PeerUnknown, "no `lubeck` here")
                    .with_place("hansa.toml", Some(2), None)
                    .with_help("hansa peer add");
                stream::iter([
                    AdminEvent::Failure(Box::new(refusal)),
                    AdminEvent::Done { exit_code: 0 },
                ])
                .boxed()
            }
            "break" => {
                let cause = std::io::Error::other("sector 9");
                let refusal = Refusal::new(ErrorCode::Internal, "it went wrong").caused_by(cause);
                stream::iter([AdminEvent::Failure(Box::new(refusal))]).boxed()
            }
            "stay" => stream::iter([AdminEvent::Notice("here".to_owned())])
                .chain(stream::pending())
                .boxed(),
            "forget" => stream::iter([AdminEvent::Notice("so far".to_owned())]).boxed(),
            _ => {
                let guard = StopNotifier(self.stopped.clone());
                stream::repeat_with(move || {
                    let _ = &guard;
                    AdminEvent::Notice("still".to_owned())
                })
                .boxed()
            }
        }
    }
}

struct TestAdminServer {
    socket: PathBuf,
    stopped: mpsc::Receiver<()>,
    _folder: TempDir,
}

fn start() -> TestAdminServer {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("hansa.sock");
    let (sender, stopped) = mpsc::channel(64);
    let listener = server::bind_socket(&socket, SocketAccess::Own).unwrap();
    let handler = Arc::new(TestAdminHandler { stopped: sender });
    tokio::spawn(server::serve_admin(
        listener,
        handler,
        Arc::new(|_| false),
        std::future::pending(),
    ));
    TestAdminServer {
        socket,
        stopped,
        _folder: folder,
    }
}

fn command(verb: &str) -> AdminCommand {
    AdminCommand {
        verb: verb.to_owned(),
        args: serde_json::json!({"id": "7f3a"})
            .as_object()
            .unwrap()
            .clone(),
        timeout: None,
        directory: "/".into(),
        program: "hansa".to_owned(),
    }
}

async fn client(socket: &Path) -> AdminSocketClient {
    client::connect_admin(socket).await.unwrap().unwrap()
}

async fn all(socket: &Path, verb: &str) -> Vec<AdminEvent> {
    let events = client(socket).await.run(&command(verb)).collect();
    tokio::time::timeout(Duration::from_secs(30), events)
        .await
        .unwrap()
}

#[tokio::test]
async fn a_verb_says_what_it_has_to_say() {
    let connector = start();
    let events = all(&connector.socket, "echo").await;
    assert_eq!(events.len(), 4);
    assert_eq!(
        events[1],
        AdminEvent::Json(serde_json::json!({"id": "7f3a"}))
    );
    assert!(matches!(&events[2], AdminEvent::ArrowIpc(bytes) if bytes.len() == 5_000_000));
    assert_eq!(events[3], AdminEvent::Done { exit_code: 3 });
}

#[tokio::test]
async fn a_failure_arrives_whole_and_is_the_end() {
    let connector = start();
    let events = all(&connector.socket, "fail").await;
    let [AdminEvent::Failure(refusal)] = events.as_slice() else {
        panic!("{events:?}");
    };
    assert_eq!(refusal.location.as_ref().unwrap().line, Some(2));
    assert_eq!(refusal.help, ["hansa peer add"]);
}

#[tokio::test]
async fn a_failure_inside_arrives_with_the_number_of_its_cause_alone() {
    let trace = KeptTrace::begin();
    let connector = start();
    let events = all(&connector.socket, "break").await;
    let [AdminEvent::Failure(refusal)] = events.as_slice() else {
        panic!("{events:?}");
    };
    assert_eq!(refusal.cause_chain(), None);
    // The number from the server is kept.
    assert!(!refusal.lacks_number());
    let lines = trace.lines(&trace_number(&refusal.help));
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(lines[0].contains("sector 9"), "{lines:?}");
}

#[tokio::test]
async fn a_verb_that_breaks_off_has_failed() {
    let connector = start();
    let events = all(&connector.socket, "forget").await;
    assert_eq!(events[0], AdminEvent::Notice("so far".to_owned()));
    assert!(
        matches!(&events[1], AdminEvent::Failure(refusal) if refusal.code == ErrorCode::ConnectorLost)
    );
    assert_eq!(events.len(), 2);
}

#[tokio::test]
async fn going_away_stops_the_verb() {
    let mut connector = start();
    let mut events = client(&connector.socket).await.run(&command("watch"));
    assert!(events.next().await.is_some());
    assert!(connector.stopped.try_recv().is_err());
    drop(events);
    let stopped = tokio::time::timeout(Duration::from_secs(30), connector.stopped.recv());
    stopped.await.unwrap().unwrap();
}

/// Silent connections make room, also where one user opens more than the limit.
#[tokio::test]
async fn silent_connections_keep_no_command_out() {
    let connector = start();
    let mut silent = Vec::new();
    for _ in 0..3 {
        for _ in 0..150 {
            silent.push(UnixStream::connect(&connector.socket).await.unwrap());
        }
        assert_eq!(all(&connector.socket, "echo").await.len(), 4);
    }
    let mut read = [0_u8; 16];
    for mut one in silent.drain(..300) {
        // It is closed, perhaps after the header of the settings.
        let over = async { while matches!(one.read(&mut read).await, Ok(1..)) {} };
        tokio::time::timeout(Duration::from_secs(30), over)
            .await
            .unwrap();
    }
}

/// Used connections stay: a user at the limit gets a refusal before a command is sent.
#[tokio::test]
async fn a_user_that_holds_too_many_connections_is_told_so() {
    let connector = start();
    let mut held = Vec::new();
    let refusal = loop {
        match client::connect_admin(&connector.socket).await {
            Ok(client) => {
                let client = client.unwrap();
                let mut events = client.run(&command("stay"));
                assert!(events.next().await.is_some());
                held.push(events);
            }
            Err(refusal) => break refusal,
        }
        assert!(held.len() <= EACH, "nobody is refused");
    };
    assert_eq!(refusal.code, ErrorCode::TooManyConnections);
    let number = format!("has {EACH} connections here");
    assert!(refusal.sentence.contains(&number), "{refusal}");
    drop(held);
    // A dropped connection is noticed soon, not at once.
    let again = async {
        while client::connect_admin(&connector.socket).await.is_err() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), again)
        .await
        .unwrap();
}

#[tokio::test]
async fn the_socket_is_the_users_own() {
    let connector = start();
    let mode = std::fs::metadata(&connector.socket).unwrap().permissions();
    assert_eq!(mode.mode() & 0o777, 0o600);
}

#[tokio::test]
async fn where_none_runs_nobody_answers() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("hansa.sock");
    assert!(client::connect_admin(&socket).await.unwrap().is_none());
    // The socket of a dead connector is replaced; a file that is not a socket is not touched.
    drop(server::bind_socket(&socket, SocketAccess::Own).unwrap());
    assert!(client::connect_admin(&socket).await.unwrap().is_none());
    drop(server::bind_socket(&socket, SocketAccess::Own).unwrap());
    let file = folder.path().join("file");
    std::fs::write(&file, "mine").unwrap();
    assert_eq!(
        server::bind_socket(&file, SocketAccess::Own)
            .unwrap_err()
            .code,
        ErrorCode::StateBroken
    );
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "mine");
}

/// A connector that ends between two steps of a connection is unreachable; its folder is not broken.
#[tokio::test]
async fn a_connector_that_ends_under_a_connection_is_lost() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("hansa.sock");
    for _ in 0..100 {
        let listener = UnixListener::bind(&path).unwrap();
        let ends = tokio::spawn(async move {
            let _first = listener.accept().await;
        });
        if let Err(refusal) = client::connect_admin(&path).await {
            assert_eq!(refusal.code, ErrorCode::ConnectorLost, "{refusal}");
        }
        ends.await.unwrap();
        std::fs::remove_file(&path).unwrap();
    }
}

/// A caller that connects before, during or after the end learns that no connector is running, or that it has ended.
#[tokio::test]
async fn a_connector_that_ends_while_somebody_connects_is_no_broken_state() {
    let folder = tempfile::tempdir().unwrap();
    for round in 0..2000 {
        let path = folder.path().join(format!("{round}.sock"));
        let listener = std::os::unix::net::UnixListener::bind(&path).unwrap();
        let ending = std::thread::spawn(move || drop(listener));
        if let Err(refusal) = client::connect_admin(&path).await {
            assert_eq!(refusal.code, ErrorCode::ConnectorLost, "{refusal}");
        }
        ending.join().unwrap();
    }
}
