//! Serves the connector: briefings in, shares out. Who may call is the business of the TLS configuration alone.

use crate::connection_acceptor::unproven_connections::UnprovenConnections;
use crate::connection_acceptor::{self, ConnectionAcceptor};
use crate::flight::{DoGetHandler, DoGetService, FlightMessageStream};
use crate::internal_error;
use crate::peer::server::ServerTlsProvider;
use crate::peer::settings::TransportSettings;
use arrow_flight::flight_service_server::FlightServiceServer;
use arrow_flight::{FlightData, Ticket};
use async_trait::async_trait;
use bytes::Bytes;
use futures::StreamExt as _;
use futures::stream::{self, BoxStream};
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_proto::cluster::{FragmentTask, from_ticket};
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tonic::{Request, Status};

/// What computes shares.
#[async_trait]
pub trait ShareHandler: Send + Sync + 'static {
    /// Begins a share.
    ///
    /// # Errors
    /// Why it does not.
    async fn share(&self, task: FragmentTask) -> Result<ShareFrameStream, Refusal>;
}

/// A share under way: first the schema, then batches. The face pulls; dropping it ends the share.
pub type ShareFrameStream = BoxStream<'static, Result<ShareFrame, Refusal>>;

/// One message of a share.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShareFrame {
    /// The header of an Arrow IPC message, a flatbuffer.
    pub header: Bytes,
    /// Its buffers.
    pub body: Bytes,
}

/// Serves shares on a listening socket until `stop`; those that run by then are finished. The TLS configuration is asked for
/// at every handshake.
///
/// # Errors
/// When the server can't go on.
pub async fn serve(
    listener: TcpListener,
    tls: ServerTlsProvider,
    handler: Arc<dyn ShareHandler>,
    settings: TransportSettings,
    stop: impl Future<Output = ()> + Send,
) -> Result<(), Refusal> {
    serve_tickets(listener, tls, ShareService { handler }, settings, stop).await
}

/// Serves tickets of any kind in the same way.
pub(super) async fn serve_tickets(
    listener: TcpListener,
    tls: ServerTlsProvider,
    answers: impl DoGetHandler,
    settings: TransportSettings,
    stop: impl Future<Output = ()> + Send,
) -> Result<(), Refusal> {
    let gate = Arc::new(ConnectionAcceptor {
        face: FACE,
        time: settings.handshake,
        first: settings.first_message.min(settings.handshake),
        tls,
        places: Arc::new(Semaphore::new(settings.connections)),
        unproven: UnprovenConnections::new(settings.unproven, Arc::default()),
    });
    let shares = FlightServiceServer::new(DoGetService(answers))
        .max_decoding_message_size(settings.request)
        .max_encoding_message_size(settings.message);
    let secured = connection_acceptor::secured(
        connection_acceptor::incoming(listener, Arc::clone(&gate)),
        gate,
        |_, _| Ok(((), None)),
        |rejected, from| tracing::debug!(knock = ?rejected, ?from, "cluster.knocked"),
    );
    settings
        .server()
        .add_service(shares)
        .serve_with_incoming_shutdown(secured, stop)
        .await
        .map_err(|error| {
            Refusal::new(
                ErrorCode::Internal,
                format!("the cluster face ended: {error}"),
            )
            .caused_by(error)
        })
}

const FACE: &str = "cluster";

/// Answers briefings.
struct ShareService {
    handler: Arc<dyn ShareHandler>,
}

#[async_trait]
impl DoGetHandler for ShareService {
    async fn rows(&self, request: Request<Ticket>) -> Result<FlightMessageStream, Status> {
        let Ticket { ticket } = request.into_inner();
        let task = from_ticket(&ticket).map_err(internal_error::cut)?;
        let share = self.handler.share(task).await;
        share.map(messages).map_err(internal_error::cut)
    }
}

/// The messages of a share, the last one with how many there were after the schema.
fn messages(share: ShareFrameStream) -> FlightMessageStream {
    let begun = Some((share, None::<u64>));
    stream::unfold(begun, |state| async move {
        let (mut share, sent) = state?;
        match share.next().await {
            Some(Ok(ShareFrame { header, body })) => {
                let sent = sent.map_or(0, |sent| sent.saturating_add(1));
                let message = message(header, body, Bytes::new());
                Some((Ok(message), Some((share, Some(sent)))))
            }
            Some(Err(refusal)) => Some((Err(internal_error::cut(refusal)), None)),
            // A share that is not closed with its count is no share.
            None => Some((sent.map(closing).ok_or_else(no_columns), None)),
        }
    })
    .boxed()
}

/// The message after the last one with rows.
pub(super) fn closing(sent: u64) -> FlightData {
    let count = Bytes::copy_from_slice(&sent.to_be_bytes());
    message(Bytes::new(), Bytes::new(), count)
}

/// One message.
pub(super) const fn message(header: Bytes, body: Bytes, metadata: Bytes) -> FlightData {
    FlightData {
        flight_descriptor: None,
        data_header: header,
        app_metadata: metadata,
        data_body: body,
    }
}

fn no_columns() -> Status {
    internal_error::cut(Refusal::new(
        ErrorCode::Internal,
        "the share ended before its columns",
    ))
}
