//! Server for peers: TLS by the connector's configuration. The peer is identified by its certificate alone, at each request.

mod admission;
mod peer_service;
mod query_service;

use crate::connection_acceptor::party_connections::PartyConnections;
use crate::connection_acceptor::unproven_connections::UnprovenConnections;
use crate::connection_acceptor::{self, ConnectionAcceptor, RefusedConnection};
use crate::connection_refusal;
use crate::flight::DoGetService as Flight;
use crate::member_hosts::MemberHosts;
use crate::peer::settings::{COMPRESSION, TransportSettings};
use crate::peer_handler::{PeerHandler, RejectedConnection};
use admission::PeerAdmission;
use arrow_flight::flight_service_server::FlightServiceServer;
use futures::{Stream, StreamExt as _};
use hansa_policy::peer::PeerCertificate;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_proto::peer::pb::peer_server::PeerServer;
use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

/// Configuration of the acceptor. Its functions are called at every handshake, so that a reload needs no restart.
#[derive(Clone)]
pub struct TlsAcceptorConfig {
    /// Provider of the present TLS configuration.
    pub tls: ServerTlsProvider,
    /// Reader of the certificate after a handshake.
    pub attest: PeerCertificateReader,
    /// Hosts of members, whose connections have separate places.
    pub hosts: Arc<MemberHosts>,
    /// Limits of connections.
    pub settings: TransportSettings,
    /// Token that ends the acceptance of connections. Open ones continue until the server is stopped.
    pub shut: CancellationToken,
}

/// TLS of a socket for clients, which identify themselves after the handshake.
#[derive(Clone)]
pub struct ClientTls {
    /// Provider of the present TLS configuration.
    pub tls: ServerTlsProvider,
    /// Reader of a presented certificate.
    pub attest: PeerCertificateReader,
}

/// Function that returns the present TLS configuration.
pub type ServerTlsProvider = Arc<dyn Fn() -> Arc<rustls::ServerConfig> + Send + Sync>;

/// Function that reads the presented certificate after a handshake.
pub type PeerCertificateReader =
    Arc<dyn Fn(&rustls::ServerConnection) -> Result<PeerCertificate, Refusal> + Send + Sync>;

impl fmt::Debug for ClientTls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientTls").finish_non_exhaustive()
    }
}

impl fmt::Debug for TlsAcceptorConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsAcceptorConfig")
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

/// Serves peers on a listening socket until `stop`, and then finishes running answers.
///
/// # Errors
/// When the server can't continue.
pub async fn serve_peers(
    listener: TcpListener,
    entrance: TlsAcceptorConfig,
    front: Arc<dyn PeerHandler>,
    stop: impl Future<Output = ()> + Send,
) -> Result<(), Refusal> {
    let gate = build_acceptor(&entrance);
    let incoming = connection_acceptor::incoming_connections(listener, Arc::clone(&gate));
    // The end of the stream closes the listener. Only `stop` ends the server.
    let shut = entrance.shut.clone();
    let incoming = incoming
        .take_until(shut.cancelled_owned())
        .chain(futures::stream::pending());
    serve_through(gate, incoming, entrance, front, stop).await
}

/// Serves peers on connections, each with its source address where known.
///
/// # Errors
/// When the server can't continue.
pub async fn serve_on<I, IO>(
    incoming: I,
    entrance: TlsAcceptorConfig,
    front: Arc<dyn PeerHandler>,
    stop: impl Future<Output = ()> + Send,
) -> Result<(), Refusal>
where
    I: Stream<Item = (IO, Option<IpAddr>)> + Send,
    IO: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    serve_through(build_acceptor(&entrance), incoming, entrance, front, stop).await
}

fn build_acceptor(entrance: &TlsAcceptorConfig) -> Arc<ConnectionAcceptor> {
    let settings = &entrance.settings;
    Arc::new(ConnectionAcceptor {
        face: FACE,
        time: settings.handshake,
        first: settings.first_message.min(settings.handshake),
        unacknowledged: Some(settings.unacknowledged),
        tls: Arc::clone(&entrance.tls),
        places: Arc::new(Semaphore::new(settings.connections)),
        unproven: UnprovenConnections::new(settings.unproven, Arc::clone(&entrance.hosts)),
    })
}

async fn serve_through<I, IO>(
    gate: Arc<ConnectionAcceptor>,
    incoming: I,
    entrance: TlsAcceptorConfig,
    front: Arc<dyn PeerHandler>,
    stop: impl Future<Output = ()> + Send,
) -> Result<(), Refusal>
where
    I: Stream<Item = (IO, Option<IpAddr>)> + Send,
    IO: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let TlsAcceptorConfig {
        attest, settings, ..
    } = entrance;
    let admission = PeerAdmission::new(Arc::clone(&front));
    let closing = CancellationToken::new();
    let peers = PeerServer::new(peer_service::PeerService::new(
        admission.clone(),
        settings.clone(),
        closing.clone(),
    ))
    .max_decoding_message_size(settings.request)
    .max_encoding_message_size(settings.message)
    .accept_compressed(COMPRESSION);
    let rows = FlightServiceServer::new(Flight(query_service::QueryService::new(admission)))
        .max_decoding_message_size(settings.request)
        .max_encoding_message_size(settings.message);
    let most = settings.party_connections;
    let parties = PartyConnections::new(most);
    let secured = connection_acceptor::secure_connections(
        incoming,
        gate,
        move |connection, from| {
            let presented = attest(connection).map_err(|cause| {
                tracing::debug!(%cause, "peer.no_identity");
                RejectedConnection::NoIdentity
            })?;
            // A participant with too many connections locks out only itself.
            let caller = presented.identity();
            let share = parties
                .take_place(caller.clone())
                .ok_or_else(|| RefusedConnection {
                    rejected: RejectedConnection::TooMany,
                    word: Some(connection_refusal::write_refusal(&caller.domain(), most)),
                })?;
            Ok((presented.from_address(from), Some(share)))
        },
        move |rejected, _| front.connection_rejected(rejected),
    );
    settings
        .peer_server()
        .add_service(peers)
        .add_service(rows)
        .serve_with_incoming_shutdown(secured, async move {
            stop.await;
            closing.cancel();
        })
        .await
        .map_err(|error| {
            Refusal::new(ErrorCode::Internal, format!("the peer face ended: {error}"))
                .caused_by(error)
        })
}

const FACE: &str = "peer";
