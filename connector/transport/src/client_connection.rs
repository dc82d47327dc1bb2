//! Connection of a client, which must identify itself before a deadline.

use crate::connection_acceptor::party_connections::{PartyConnection, PartyConnections};
use crate::connection_acceptor::unproven_connections::{ConnectionSource, UnprovenConnections};
use crate::connection_acceptor::{self, ConnectionAcceptor, SecuredConnection};
use crate::flight_sql::ClientCredentials;
use crate::flight_sql::access_token::AccessToken;
use crate::member_hosts::MemberHosts;
use crate::peer::server::ClientTls;
use crate::peer::settings::TransportSettings;
use crate::peer_handler::RejectedConnection;
use futures::{Stream, StreamExt as _};
use hansa_policy::peer::PeerCertificate;
use parking_lot::Mutex;
use std::io;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::Sleep;
use tonic::transport::server::Connected;

/// Connections of a listening socket whose clients identify themselves after the TLS handshake.
/// `face` is the name of the socket in traces.
pub(crate) fn accept_clients(
    listener: TcpListener,
    client_tls: ClientTls,
    settings: &TransportSettings,
    face: &'static str,
) -> impl Stream<Item = io::Result<ClientStream<TcpStream>>> + Send + use<> {
    let ClientTls { tls, attest } = client_tls;
    let gate = Arc::new(ConnectionAcceptor {
        face,
        time: settings.handshake,
        first: settings.first_message.min(settings.handshake),
        unacknowledged: None,
        tls,
        places: Arc::new(Semaphore::new(settings.connections)),
        unproven: UnprovenConnections::new(settings.unproven, Arc::new(MemberHosts::default())),
    });
    let shares = PartyConnections::new(settings.party_connections);
    let incoming = connection_acceptor::incoming_connections(listener, Arc::clone(&gate));
    let secured = connection_acceptor::secure_connections(
        incoming,
        gate,
        move |connection, from| {
            // An address with too many unidentified connections locks out only itself.
            let share = shares
                .take_place(ConnectionSource::from(from))
                .ok_or(RejectedConnection::Crowded)?;
            // A client certificate is optional; a presented one must be valid.
            let certificate = match connection.peer_certificates() {
                None => None,
                Some(_) => Some(attest(connection).map_err(|_| RejectedConnection::NoIdentity)?),
            };
            let connection = ClientConnection::new(share, certificate, from);
            Ok((connection, None))
        },
        move |rejected, _| tracing::debug!(?rejected, face, "client.connection_rejected"),
    );
    secured.map(|secured| secured.map(|secured| ClientStream::new(secured, UNIDENTIFIED)))
}

/// Deadline for the identification on a connection.
const UNIDENTIFIED: Duration = Duration::from_secs(20);

/// State of a connection.
#[derive(Debug)]
pub(crate) struct ClientConnection {
    is_identified: AtomicBool,
    /// Place among the unidentified connections of its address.
    share: Mutex<Option<PartyConnection<ConnectionSource>>>,
    /// Certificate presented at the handshake, if any.
    certificate: Option<PeerCertificate>,
    /// Address of the client.
    address: Option<IpAddr>,
}

impl ClientConnection {
    pub(crate) fn new(
        share: PartyConnection<ConnectionSource>,
        certificate: Option<PeerCertificate>,
        address: Option<IpAddr>,
    ) -> Arc<Self> {
        Arc::new(Self {
            is_identified: AtomicBool::new(false),
            share: Mutex::new(Some(share)),
            certificate: certificate.map(|certificate| certificate.from_address(address)),
            address,
        })
    }

    /// Credentials of a call on the connection.
    pub(crate) fn credentials<'a>(
        &'a self,
        token: Option<&'a AccessToken>,
    ) -> ClientCredentials<'a> {
        ClientCredentials {
            token,
            certificate: self.certificate.as_ref(),
            address: self.address,
        }
    }

    /// Marks the connection as identified, after a call with a valid token.
    pub(crate) fn mark_identified(&self) {
        self.is_identified.store(true, Ordering::Relaxed);
        self.share.lock().take();
    }

    /// Marks the connection as admitted without identification: it may last, and keeps its place among those of its address.
    pub(crate) fn mark_admitted(&self) {
        self.is_identified.store(true, Ordering::Relaxed);
    }
}

/// Connection that ends if no client is identified in time, since everybody can reach the port.
pub(crate) struct ClientStream<IO> {
    connection: SecuredConnection<IO, Arc<ClientConnection>>,
    known: Arc<ClientConnection>,
    deadline: Option<Pin<Box<Sleep>>>,
}

impl<IO> ClientStream<IO>
where
    SecuredConnection<IO, Arc<ClientConnection>>: Connected<ConnectInfo = Arc<ClientConnection>>,
{
    pub(crate) fn new(
        connection: SecuredConnection<IO, Arc<ClientConnection>>,
        time: Duration,
    ) -> Self {
        Self {
            known: connection.connect_info(),
            connection,
            deadline: Some(Box::pin(tokio::time::sleep(time))),
        }
    }
}

impl<IO> Connected for ClientStream<IO> {
    type ConnectInfo = Arc<ClientConnection>;

    fn connect_info(&self) -> Arc<ClientConnection> {
        Arc::clone(&self.known)
    }
}

impl<IO: AsyncRead + AsyncWrite + Unpin> AsyncRead for ClientStream<IO> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if let Some(deadline) = &mut self.deadline {
            let is_over = deadline.as_mut().poll(context).is_ready();
            if self.known.is_identified.load(Ordering::Relaxed) {
                self.deadline = None;
            } else if is_over {
                return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
            }
        }
        Pin::new(&mut self.connection).poll_read(context, buffer)
    }
}

impl<IO: AsyncRead + AsyncWrite + Unpin> AsyncWrite for ClientStream<IO> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.connection).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.connection).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.connection.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.connection).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.connection).poll_shutdown(context)
    }
}
