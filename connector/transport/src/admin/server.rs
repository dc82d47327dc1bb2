//! Server for the command line, on a Unix socket.

use crate::admin::local_connections::LocalConnections;
use crate::internal_error;
use futures::StreamExt as _;
use futures::stream::{self, BoxStream};
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_proto::admin::command::{self, AdminCommand};
use hansa_proto::admin::event::{self, AdminEvent};
use hansa_proto::admin::pb;
use hansa_proto::admin::pb::admin_server::{Admin, AdminServer};
use std::fs;
use std::io;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _, PermissionsExt as _};
use std::path::Path;
use std::sync::Arc;
use tokio::net::{UnixListener, UnixStream};
use tonic::transport::Server;
use tonic::transport::server::UdsConnectInfo;
use tonic::{Request, Response, Status};

/// Handler of verbs.
pub trait AdminHandler: Send + Sync + 'static {
    /// Runs a verb for a Unix user, as stated by the kernel. The last event is `Done` or `Failure`. Dropping the stream stops the
    /// verb.
    fn run(&self, command: AdminCommand, caller: Option<u32>) -> BoxStream<'static, AdminEvent>;
}

/// Predicate for the users that may command the connector, besides the one that it runs as and root.
pub type UserAuthorization = Arc<dyn Fn(u32) -> bool + Send + Sync>;

/// Access to the socket's file. The kernel's statement of the user decides on the right to give commands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SocketAccess {
    /// Own user and root: mode 0600.
    Own,
    /// Every user that reaches the file: mode 0666.
    Anybody,
}

/// Binds the socket. It replaces the file of a dead connector: the caller holds the lock of the state folder, so no other connector
/// is running.
///
/// # Errors
/// `STATE_BROKEN` when the file can't be created.
pub fn bind_socket(path: &Path, open: SocketAccess) -> Result<UnixListener, Refusal> {
    let broken = |error: io::Error| {
        Refusal::new(
            ErrorCode::StateBroken,
            format!("the socket `{}` can't be made: {error}", path.display()),
        )
    };
    match fs::symlink_metadata(path) {
        Ok(found) if found.file_type().is_socket() => fs::remove_file(path).map_err(broken)?,
        Ok(_) => {
            return Err(Refusal::new(
                ErrorCode::StateBroken,
                format!("`{}` is there and is no socket", path.display()),
            ));
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(broken(error)),
    }
    let listener = UnixListener::bind(path).map_err(broken)?;
    // Until here another user could connect, but is refused by its uid.
    let mode = match open {
        SocketAccess::Own => 0o600,
        SocketAccess::Anybody => 0o666,
    };
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).map_err(broken)?;
    Ok(listener)
}

/// Serves the command line until `stop`. Callers other than the own Unix user, root and `users` are refused.
///
/// # Errors
/// When the server can't continue.
pub async fn serve_admin(
    listener: UnixListener,
    handler: Arc<dyn AdminHandler>,
    users: UserAuthorization,
    stop: impl Future<Output = ()> + Send,
) -> Result<(), Refusal> {
    let own = own_uid(&listener)?;
    let calls = LocalConnections::new();
    let callers = stream::unfold((listener, users, calls), move |state| async move {
        let (listener, users, calls) = state;
        loop {
            match listener.accept().await {
                Ok((caller, _)) => match authorized_user(&caller, own, &users) {
                    Some(user) => match calls.admit(caller, user) {
                        Some(call) => {
                            return Some((Ok::<_, io::Error>(call), (listener, users, calls)));
                        }
                        None => tracing::warn!(user, "admin.crowded"),
                    },
                    None => tracing::warn!("admin.turned_away"),
                },
                Err(error) => {
                    tracing::warn!(%error, "admin.accept_failed");
                    calls.make_room();
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
    });
    Server::builder()
        .add_service(
            AdminServer::new(AdminRpcService { handler })
                .max_decoding_message_size(super::client::MESSAGE)
                .max_encoding_message_size(super::client::MESSAGE),
        )
        .serve_with_incoming_shutdown(callers, stop)
        .await
        .map_err(|error| {
            Refusal::new(
                ErrorCode::Internal,
                format!("the local face ended: {error}"),
            )
            .caused_by(error)
        })
}

/// Pause after a failed accept.
const PAUSE: std::time::Duration = std::time::Duration::from_millis(20);

struct AdminRpcService {
    handler: Arc<dyn AdminHandler>,
}

#[async_trait::async_trait]
impl Admin for AdminRpcService {
    type RunStream = BoxStream<'static, Result<pb::Event, Status>>;

    async fn run(
        &self,
        request: Request<pb::Command>,
    ) -> Result<Response<Self::RunStream>, Status> {
        let caller = request
            .extensions()
            .get::<UdsConnectInfo>()
            .and_then(|connection| connection.peer_cred)
            .map(|credentials| credentials.uid());
        let events = match command::from_wire(request.into_inner()) {
            Ok(command) => self.handler.run(command, caller),
            Err(refusal) => {
                stream::once(std::future::ready(AdminEvent::Failure(Box::new(refusal)))).boxed()
            }
        };
        Ok(Response::new(
            events
                .map(|event| Ok(event::to_wire(with_failure_number(event))))
                .boxed(),
        ))
    }
}

/// Event with the number of an internal error. Its cause goes into the trace of this process only.
fn with_failure_number(event: AdminEvent) -> AdminEvent {
    match event {
        AdminEvent::Failure(refusal) => {
            AdminEvent::Failure(Box::new(internal_error::with_trace_number(*refusal)))
        }
        other => other,
    }
}

/// User of this process: the owner of a file that it has just created.
fn own_uid(listener: &UnixListener) -> Result<u32, Refusal> {
    let owner = listener
        .local_addr()
        .ok()
        .and_then(|address| fs::metadata(address.as_pathname()?).ok())
        .map(|metadata| metadata.uid());
    owner.ok_or_else(|| Refusal::new(ErrorCode::StateBroken, "the socket has vanished"))
}

/// User of the caller, if it is authorized.
fn authorized_user(caller: &UnixStream, own: u32, users: &UserAuthorization) -> Option<u32> {
    let user = caller.peer_cred().ok()?.uid();
    (user == own || user == 0 || users(user)).then_some(user)
}
