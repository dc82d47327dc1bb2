//! Client of a running connector's socket.

use crate::{connection_refusal, secure_connection};
use futures::StreamExt as _;
use futures::stream::{self, BoxStream};
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_proto::admin::command::{self, AdminCommand};
use hansa_proto::admin::event::{self, AdminEvent};
use hansa_proto::admin::pb::admin_client::AdminClient;
use hansa_proto::peer::refusal;
use hyper_util::rt::TokioIo;
use std::io;
use std::path::{Path, PathBuf};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::net::UnixStream;
use tonic::transport::{Channel, Endpoint, Uri};
use tower::BoxError;

/// Largest message on the socket, bytes.
pub(super) const MESSAGE: usize = 64 * 1024 * 1024;

/// Connection to a running connector.
#[derive(Debug, Clone)]
pub struct AdminSocketClient {
    channel: Channel,
}

/// Connects to the connector with this socket. None where no connector is running.
///
/// # Errors
/// When the socket exists and can't be opened.
pub async fn connect_admin(path: &Path) -> Result<Option<AdminSocketClient>, Refusal> {
    let broken = |what: String| {
        Refusal::new(
            ErrorCode::StateBroken,
            format!("the socket `{}` can't be opened: {what}", path.display()),
        )
    };
    // A plain connect first, to distinguish a missing connector from other errors.
    match UnixStream::connect(path).await {
        Ok(_) => {}
        Err(error)
            if matches!(
                error.kind(),
                // Reset: the connector ended while the connection waited to be accepted.
                io::ErrorKind::NotFound
                    | io::ErrorKind::ConnectionRefused
                    | io::ErrorKind::ConnectionReset
            ) =>
        {
            return Ok(None);
        }
        Err(error) => return Err(broken(error.to_string())),
    }
    let path: PathBuf = path.to_owned();
    let channel = Endpoint::from_static("http://connector")
        .connect_with_connector(tower::service_fn(move |_: Uri| {
            let path = path.clone();
            async move { open_socket(&path).await.map(TokioIo::new) }
        }))
        .await
        .map_err(|error| {
            let carried = secure_connection::refusal_within(&error);
            // The plain connect above succeeded, so the connector has just ended.
            let sentence = "the running connector ended before it accepted the command";
            carried.unwrap_or_else(|| {
                Refusal::new(ErrorCode::ConnectorLost, sentence).caused_by(error.to_string())
            })
        })?;
    Ok(Some(AdminSocketClient { channel }))
}

/// Opens a connection and waits for the connector's first byte. Nothing is sent before it.
async fn open_socket(path: &Path) -> Result<BufReader<UnixStream>, BoxError> {
    let mut stream = BufReader::new(UnixStream::connect(path).await?);
    // An error here shows again at the command, which reports it.
    let word = stream.fill_buf().await.unwrap_or_default();
    let refused = connection_refusal::read_refusal(word)
        .and_then(|status| refusal::carried_refusal(&status, "the connector"));
    match refused {
        Some(refusal) => Err(refusal.into()),
        None => Ok(stream),
    }
}

impl AdminSocketClient {
    /// Runs a verb. The last event is `Done` or `Failure`. Dropping the stream stops the verb.
    #[must_use]
    pub fn run(&self, command: &AdminCommand) -> BoxStream<'static, AdminEvent> {
        let message = command::to_wire(command);
        let mut client = AdminClient::new(self.channel.clone())
            .max_decoding_message_size(MESSAGE)
            .max_encoding_message_size(MESSAGE);
        stream::once(async move { client.run(message).await })
            .flat_map(|begun| match begun {
                Ok(reply) => admin_events(reply.into_inner()),
                Err(cause) => failure_stream(cause),
            })
            .boxed()
    }
}

/// Events of a verb. A stream that ends without a last event is a failure.
fn admin_events(
    stream: tonic::Streaming<hansa_proto::admin::pb::Event>,
) -> BoxStream<'static, AdminEvent> {
    stream::unfold(Some(stream), |stream| async move {
        let mut stream = stream?;
        match stream.message().await {
            Ok(Some(message)) => match event::from_wire(message) {
                Ok(event @ (AdminEvent::Done { .. } | AdminEvent::Failure(_))) => {
                    Some((event, None))
                }
                Ok(event) => Some((event, Some(stream))),
                Err(refusal) => Some((AdminEvent::Failure(Box::new(refusal)), None)),
            },
            Ok(None) => Some((AdminEvent::Failure(Box::new(broke_off())), None)),
            Err(cause) => {
                let refusal = broke_off().caused_by(cause);
                Some((AdminEvent::Failure(Box::new(refusal)), None))
            }
        }
    })
    .boxed()
}

fn failure_stream(cause: tonic::Status) -> BoxStream<'static, AdminEvent> {
    stream::once(std::future::ready(AdminEvent::Failure(Box::new(
        broke_off().caused_by(cause),
    ))))
    .boxed()
}

fn broke_off() -> Refusal {
    Refusal::new(
        ErrorCode::ConnectorLost,
        "the connector ended before the command was done",
    )
    .with_help("check whether the command took effect: contract show, audit list")
}
