//! From a connection to a secured one that knows who is at the other end.

use crate::front::Knock;
use futures::{Stream, stream};
use rustls::ServerConnection;
use std::io;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tonic::transport::server::Connected;

/// A connection after its handshake, with what was learnt of the other end.
pub(crate) struct Secured<IO, W> {
    stream: TlsStream<IO>,
    who: W,
    _place: OwnedSemaphorePermit,
}

/// Where connections enter.
pub(crate) struct Gate {
    /// The face behind it, as it stands in traces.
    pub(crate) face: &'static str,
    /// How long a handshake may take.
    pub(crate) time: Duration,
    /// The TLS configuration of this moment.
    pub(crate) tls: Arc<dyn Fn() -> Arc<rustls::ServerConfig> + Send + Sync>,
    /// The places for connections.
    pub(crate) places: Arc<Semaphore>,
}

/// The connections of a listening socket. A failing accept (no more file descriptors) is tried again after a pause.
pub(crate) fn incoming(
    listener: TcpListener,
    face: &'static str,
) -> impl Stream<Item = (TcpStream, Option<IpAddr>)> + Send {
    stream::unfold(listener, move |listener| async move {
        loop {
            match listener.accept().await {
                Ok((stream, from)) => {
                    // Without it small messages wait for the acknowledgement of the last ones; nothing breaks.
                    let _ = stream.set_nodelay(true);
                    return Some(((stream, Some(from.ip())), listener));
                }
                Err(error) => {
                    tracing::warn!(%error, "{face}.accept_failed");
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
    })
}

impl Gate {
    /// Does the handshake, within its time, once there is a place for the connection.
    pub(crate) async fn handshake<IO, W>(
        &self,
        io: IO,
        who: impl FnOnce(&ServerConnection) -> Result<W, Knock>,
    ) -> Result<Secured<IO, W>, Knock>
    where
        IO: AsyncRead + AsyncWrite + Unpin,
    {
        let place = Arc::clone(&self.places)
            .acquire_owned()
            .await
            .map_err(|_| Knock::Slow)?;
        let acceptor = TlsAcceptor::from((self.tls)());
        let stream = tokio::time::timeout(self.time, acceptor.accept(io))
            .await
            .map_err(|_| Knock::Slow)?
            .map_err(|error| {
                tracing::debug!(%error, "{}.handshake_failed", self.face);
                Knock::Handshake
            })?;
        let who = who(stream.get_ref().1)?;
        Ok(Secured {
            stream,
            who,
            _place: place,
        })
    }
}

const PAUSE: Duration = Duration::from_millis(100);

impl<IO, W: Clone + Send + Sync + 'static> Connected for Secured<IO, W> {
    type ConnectInfo = W;

    fn connect_info(&self) -> W {
        self.who.clone()
    }
}

impl<IO: AsyncRead + AsyncWrite + Unpin, W: Unpin> AsyncRead for Secured<IO, W> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl<IO: AsyncRead + AsyncWrite + Unpin, W: Unpin> AsyncWrite for Secured<IO, W> {
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
