//! Acceptor of connections: from a TCP connection to a secured one with an identified peer.

pub(crate) mod opening_deadline;
pub(crate) mod party_connections;
pub(crate) mod unproven_connections;

use crate::peer_handler::RejectedConnection;
use crate::secure_connection;
use futures::{Stream, StreamExt as _, stream};
use hansa_policy::id::ParticipantId;
use opening_deadline::OpeningDeadline;
use party_connections::PartyConnection;
use rustls::ServerConnection;
use rustls::server::Acceptor;
use std::io;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use tokio_rustls::LazyConfigAcceptor;
use tokio_rustls::server::TlsStream;
use tonic::transport::server::Connected;
use unproven_connections::{ConnectionSource, UnprovenConnection, UnprovenConnections};

/// Connection after its handshake, with the identity of the other end.
pub(crate) struct SecuredConnection<IO, W> {
    stream: TlsStream<IO>,
    party: W,
    opening: OpeningDeadline,
    _place: OwnedSemaphorePermit,
    _share: Option<PartyConnection<ParticipantId>>,
}

/// Connection that is refused after its handshake.
#[derive(Debug)]
pub(crate) struct RefusedConnection {
    /// Reason, for the counters.
    pub(crate) rejected: RejectedConnection,
    /// Refusal sent to the other end; strangers get none.
    pub(crate) word: Option<Vec<u8>>,
}

impl From<RejectedConnection> for RefusedConnection {
    fn from(rejected: RejectedConnection) -> Self {
        Self {
            rejected,
            word: None,
        }
    }
}

/// Identity of the other end, and a place among its own connections where these are counted.
pub(crate) type ConnectionParty<W> = (W, Option<PartyConnection<ParticipantId>>);

/// Acceptor of connections.
pub(crate) struct ConnectionAcceptor {
    /// Name of the server in traces.
    pub(crate) face: &'static str,
    /// Deadline for the handshake.
    pub(crate) time: Duration,
    /// Deadline for the first message, before the handshake and again after it.
    pub(crate) first: Duration,
    /// Longest time for which bytes may stay unacknowledged; unlimited for programs, which may read slowly.
    pub(crate) unacknowledged: Option<Duration>,
    /// Present TLS configuration.
    pub(crate) tls: Arc<dyn Fn() -> Arc<rustls::ServerConfig> + Send + Sync>,
    /// Places for connections.
    pub(crate) places: Arc<Semaphore>,
    /// Unproven connections.
    pub(crate) unproven: Arc<UnprovenConnections>,
}

/// Connections of a listening socket. A failed accept (no more file descriptors) is repeated after a pause, and one unproven
/// connection is ended.
pub(crate) fn incoming_connections(
    listener: TcpListener,
    gate: Arc<ConnectionAcceptor>,
) -> impl Stream<Item = (TcpStream, Option<IpAddr>)> + Send {
    stream::unfold((listener, gate), move |(listener, gate)| async move {
        loop {
            match listener.accept().await {
                Ok((stream, from)) => {
                    // Without this option small messages are delayed; nothing else breaks.
                    let _ = stream.set_nodelay(true);
                    if let Some(time) = gate.unacknowledged {
                        secure_connection::bound_unacknowledged(&stream, time);
                    }
                    return Some(((stream, Some(from.ip())), (listener, gate)));
                }
                Err(error) => {
                    tracing::warn!(%error, "{}.accept_failed", gate.face);
                    gate.unproven.make_room();
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
    })
}

/// Connections after their handshakes. Each handshake has its own task, so that none delays the next accept.
pub(crate) fn secure_connections<I, IO, W>(
    incoming: I,
    gate: Arc<ConnectionAcceptor>,
    who: impl Fn(&ServerConnection, Option<IpAddr>) -> Result<ConnectionParty<W>, RefusedConnection>
    + Clone
    + Send
    + Sync
    + 'static,
    report_rejected: impl Fn(RejectedConnection, Option<IpAddr>) + Send + Sync,
) -> impl Stream<Item = Result<SecuredConnection<IO, W>, io::Error>> + Send
where
    I: Stream<Item = (IO, Option<IpAddr>)> + Send,
    IO: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    W: Send + 'static,
{
    let state = (Box::pin(incoming.fuse()), JoinSet::new());
    let parts = (gate, who, report_rejected);
    stream::unfold(
        (state, parts),
        |((mut incoming, mut under_way), parts)| async move {
            let (gate, who, report_rejected) = &parts;
            let secured = loop {
                tokio::select! {
                    next = incoming.next(), if !incoming.is_done() => {
                        let Some((io, from)) = next else { continue };
                        let unproven = gate.unproven.admit(ConnectionSource::from(from));
                        let (gate, who) = (Arc::clone(gate), who.clone());
                        under_way.spawn(async move {
                            let outcome = gate.handshake(io, unproven, |end| who(end, from)).await;
                            outcome.map_err(|rejected| (rejected, from))
                        });
                    }
                    Some(done) = under_way.join_next() => match done {
                        Ok(Ok(secured)) => break secured,
                        Ok(Err((rejected, from))) => report_rejected(rejected, from),
                        Err(_) => {}
                    },
                    else => return None,
                }
            };
            Some((Ok(secured), ((incoming, under_way), parts)))
        },
    )
}

impl ConnectionAcceptor {
    /// Does the handshake before its deadline, as long as the connection need not make room.
    async fn handshake<IO, W>(
        &self,
        io: IO,
        mut unproven: UnprovenConnection,
        who: impl FnOnce(&ServerConnection) -> Result<ConnectionParty<W>, RefusedConnection>,
    ) -> Result<SecuredConnection<IO, W>, RejectedConnection>
    where
        IO: AsyncRead + AsyncWrite + Unpin,
    {
        let failed = |error: io::Error| {
            tracing::debug!(%error, "{}.handshake_failed", self.face);
            RejectedConnection::Handshake
        };
        let late = tokio::time::sleep(self.time);
        tokio::pin!(late);
        let start = tokio::select! {
            biased;
            () = unproven.must_end() => return Err(RejectedConnection::Crowded),
            start = tokio::time::timeout(
                self.first,
                LazyConfigAcceptor::new(Acceptor::default(), io),
            ) => start.map_err(|_| RejectedConnection::Slow)?.map_err(failed)?,
        };
        unproven.has_spoken();
        let mut stream = tokio::select! {
            biased;
            () = unproven.must_end() => return Err(RejectedConnection::Crowded),
            () = &mut late => return Err(RejectedConnection::Slow),
            stream = start.into_stream((self.tls)()) => stream.map_err(failed)?,
        };
        let (who, share) = match who(stream.get_ref().1) {
            Ok(party) => party,
            Err(RefusedConnection { rejected, word }) => {
                // The connection keeps its place among the unproven ones during the refusal, and makes room like them.
                if let Some(word) = word {
                    tokio::select! {
                        biased;
                        () = unproven.must_end() => {}
                        () = &mut late => {}
                        () = say_last(&mut stream, &word) => {}
                    }
                }
                return Err(rejected);
            }
        };
        unproven.is_proven();
        let permit = tokio::select! {
            biased;
            () = unproven.must_end() => return Err(RejectedConnection::Crowded),
            () = &mut late => return Err(RejectedConnection::Crowded),
            place = Arc::clone(&self.places).acquire_owned() => place.map_err(|_| RejectedConnection::Slow)?,
        };
        Ok(SecuredConnection {
            stream,
            party: who,
            opening: OpeningDeadline::new(self.first),
            _place: permit,
            _share: share,
        })
    }
}

/// Sends the refusal on a connection, and closes it. An error is ignored, since the other end may be gone.
async fn say_last(stream: &mut (impl AsyncWrite + Unpin), word: &[u8]) {
    if stream.write_all(word).await.is_ok() {
        let _ = stream.shutdown().await;
    }
}

/// Pause after a failed accept.
const PAUSE: Duration = Duration::from_millis(20);

impl<IO, W: Clone + Send + Sync + 'static> Connected for SecuredConnection<IO, W> {
    type ConnectInfo = W;

    fn connect_info(&self) -> W {
        self.party.clone()
    }
}

impl<IO: AsyncRead + AsyncWrite + Unpin, W: Unpin> AsyncRead for SecuredConnection<IO, W> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(context, buffer);
        let bytes = buffer.filled().len().saturating_sub(before);
        self.opening.check_read(context, bytes, read)
    }
}

impl<IO: AsyncRead + AsyncWrite + Unpin, W: Unpin> AsyncWrite for SecuredConnection<IO, W> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
