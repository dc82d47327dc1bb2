//! Server for the connector and the workers of its cluster: tickets in, rows out. The TLS configuration decides who may connect,
//! the handler decides on the tickets.

use crate::connection_acceptor::unproven_connections::UnprovenConnections;
use crate::connection_acceptor::{self, ConnectionAcceptor};
use crate::flight::{DoGetHandler, DoGetService, FlightMessageStream};
use crate::internal_error;
use crate::peer::server::ServerTlsProvider;
use crate::peer::settings::TransportSettings;
use crate::peer_handler::RejectedConnection;
use arrow_flight::flight_service_server::FlightServiceServer;
use arrow_flight::{FlightData, Ticket};
use async_trait::async_trait;
use bytes::Bytes;
use futures::StreamExt as _;
use futures::stream::{self, BoxStream};
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_proto::cluster::{WorkerTicket, from_ticket};
use rustls_pki_types::CertificateDer;
use std::fmt;
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tonic::{Request, Status};

/// Handler of tasks.
#[async_trait]
pub trait TaskHandler: Send + Sync + 'static {
    /// Starts the answer to a ticket of `caller`.
    ///
    /// # Errors
    /// The reason why the task is refused.
    async fn answer_ticket(
        &self,
        caller: &ClusterCaller,
        ticket: WorkerTicket,
    ) -> Result<TaskFrameStream, Refusal>;
}

/// Caller of a worker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClusterCaller {
    /// Connector of the cluster.
    Connector,
    /// Worker with this name in its certificate.
    Worker(String),
}

/// TLS of a socket for callers of the cluster.
#[derive(Clone)]
pub struct ClusterTls {
    /// Provider of the present TLS configuration.
    pub tls: ServerTlsProvider,
    /// Function that identifies a caller.
    pub caller: CallerOf,
}

impl fmt::Debug for ClusterTls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClusterTls").finish_non_exhaustive()
    }
}

/// Function that identifies the caller by its verified certificate.
pub type CallerOf =
    Arc<dyn Fn(&CertificateDer<'_>) -> Result<ClusterCaller, Refusal> + Send + Sync>;

/// Running answer: first the schema, then batches. The server pulls it. Dropping it ends the answer.
pub type TaskFrameStream = BoxStream<'static, Result<TaskFrame, Refusal>>;

/// One message of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskFrame {
    /// Header of an Arrow IPC message, a flatbuffer.
    pub header: Bytes,
    /// Buffers of the message.
    pub body: Bytes,
}

/// Serves on a listening socket until `stop`, and then finishes running answers. The TLS configuration is read at every handshake.
///
/// # Errors
/// When the server can't continue.
pub async fn serve_tasks(
    listener: TcpListener,
    tls: ClusterTls,
    handler: Arc<dyn TaskHandler>,
    settings: TransportSettings,
    stop: impl Future<Output = ()> + Send,
) -> Result<(), Refusal> {
    let service = TaskService { handler };
    serve_tickets(listener, tls, service, settings, stop).await
}

/// Serves tickets of any kind in this way.
pub(super) async fn serve_tickets(
    listener: TcpListener,
    cluster_tls: ClusterTls,
    answers: impl DoGetHandler,
    settings: TransportSettings,
    stop: impl Future<Output = ()> + Send,
) -> Result<(), Refusal> {
    let ClusterTls { tls, caller } = cluster_tls;
    let gate = Arc::new(ConnectionAcceptor {
        face: FACE,
        time: settings.handshake,
        first: settings.first_message.min(settings.handshake),
        unacknowledged: None,
        tls,
        places: Arc::new(Semaphore::new(settings.connections)),
        unproven: UnprovenConnections::new(settings.unproven, Arc::default()),
    });
    let service = FlightServiceServer::new(DoGetService(answers))
        .max_decoding_message_size(settings.request)
        .max_encoding_message_size(settings.message);
    let secured = connection_acceptor::secure_connections(
        connection_acceptor::incoming_connections(listener, Arc::clone(&gate)),
        gate,
        move |connection, _| {
            let certificate = connection.peer_certificates().and_then(<[_]>::first);
            let caller = certificate.map(|certificate| caller(certificate));
            match caller {
                Some(Ok(caller)) => Ok((caller, None)),
                Some(Err(_)) | None => Err(RejectedConnection::NoIdentity.into()),
            }
        },
        |rejected, from| tracing::debug!(?rejected, ?from, "cluster.rejected"),
    );
    settings
        .http_server()
        .add_service(service)
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

/// Service that answers tickets.
struct TaskService {
    handler: Arc<dyn TaskHandler>,
}

#[async_trait]
impl DoGetHandler for TaskService {
    async fn rows(&self, request: Request<Ticket>) -> Result<FlightMessageStream, Status> {
        let caller = request.extensions().get::<ClusterCaller>().cloned();
        let caller = caller.ok_or_else(|| {
            internal_error::cut_answer_status(Refusal::new(
                ErrorCode::Internal,
                "nobody is known on this connection",
            ))
        })?;
        let Ticket { ticket } = request.into_inner();
        let ticket = from_ticket(&ticket).map_err(internal_error::cut_answer_status)?;
        let answer = self.handler.answer_ticket(&caller, ticket).await;
        answer
            .map(answer_messages)
            .map_err(internal_error::cut_answer_status)
    }
}

/// Messages of an answer. The last one states the number of messages after the schema.
fn answer_messages(answer: TaskFrameStream) -> FlightMessageStream {
    let begun = Some((answer, None::<u64>));
    stream::unfold(begun, |state| async move {
        let (mut answer, sent) = state?;
        match answer.next().await {
            Some(Ok(TaskFrame { header, body })) => {
                let sent = sent.map_or(0, |sent| sent.saturating_add(1));
                let message = flight_message(header, body, Bytes::new());
                Some((Ok(message), Some((answer, Some(sent)))))
            }
            Some(Err(refusal)) => Some((Err(internal_error::cut_answer_status(refusal)), None)),
            // An answer without the closing count is invalid.
            None => Some((sent.map(closing_message).ok_or_else(no_columns), None)),
        }
    })
    .boxed()
}

/// Message after the last one with rows.
pub(super) fn closing_message(sent: u64) -> FlightData {
    let count = Bytes::copy_from_slice(&sent.to_be_bytes());
    flight_message(Bytes::new(), Bytes::new(), count)
}

/// One message.
pub(super) const fn flight_message(header: Bytes, body: Bytes, metadata: Bytes) -> FlightData {
    FlightData {
        flight_descriptor: None,
        data_header: header,
        app_metadata: metadata,
        data_body: body,
    }
}

fn no_columns() -> Status {
    internal_error::cut_answer_status(Refusal::new(
        ErrorCode::Internal,
        "the answer ended before its columns",
    ))
}
