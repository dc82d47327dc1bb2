//! From a connection to a secured one that knows what the other end presented.

use crate::front::Knock;
use crate::peer::serve::Entrance;
use futures::{Stream, stream};
use policy::peer::Presented;
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

/// A connection after its handshake.
pub(super) struct Secured<IO> {
    stream: TlsStream<IO>,
    presented: Presented,
    _place: OwnedSemaphorePermit,
}

/// The connections of a listening socket. A failing accept (no more file descriptors) is tried again after a pause.
pub(super) fn incoming(
    listener: TcpListener,
) -> impl Stream<Item = (TcpStream, Option<IpAddr>)> + Send {
    stream::unfold(listener, |listener| async move {
        loop {
            match listener.accept().await {
                Ok((stream, from)) => {
                    // Without it small messages wait for the acknowledgement of the last ones; nothing breaks.
                    let _ = stream.set_nodelay(true);
                    return Some(((stream, Some(from.ip())), listener));
                }
                Err(error) => {
                    tracing::warn!(%error, "peer.accept_failed");
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
    })
}

/// Does the handshake, within its time, once there is a place for the connection.
pub(super) async fn handshake<IO>(
    (io, from): (IO, Option<IpAddr>),
    entrance: Entrance,
    places: Arc<Semaphore>,
) -> Result<Secured<IO>, Knock>
where
    IO: AsyncRead + AsyncWrite + Unpin,
{
    let place = places.acquire_owned().await.map_err(|_| Knock::Slow)?;
    let acceptor = TlsAcceptor::from((entrance.tls)());
    let stream = tokio::time::timeout(entrance.settings.handshake, acceptor.accept(io))
        .await
        .map_err(|_| Knock::Slow)?
        .map_err(|error| {
            tracing::debug!(%error, "peer.handshake_failed");
            Knock::Handshake
        })?;
    let presented = (entrance.attest)(stream.get_ref().1).map_err(|_| Knock::NoIdentity)?;
    let presented = presented.from_address(from);
    Ok(Secured {
        stream,
        presented,
        _place: place,
    })
}

const PAUSE: Duration = Duration::from_millis(100);

impl<IO> Connected for Secured<IO> {
    type ConnectInfo = Presented;

    fn connect_info(&self) -> Presented {
        self.presented.clone()
    }
}

impl<IO: AsyncRead + AsyncWrite + Unpin> AsyncRead for Secured<IO> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl<IO: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Secured<IO> {
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
