//! Connections of the local socket: a limited number for each user, and a deadline for the first bytes.

use crate::connection_acceptor::opening_deadline::OpeningDeadline;
use crate::connection_acceptor::party_connections::{PartyConnection, PartyConnections};
use crate::connection_acceptor::unproven_connections::{
    ConnectionSource, UnprovenConnection, UnprovenConnections,
};
use crate::connection_refusal;
use crate::peer::settings::UnprovenBounds;
use std::io::{self, Write as _};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::UnixStream;
use tonic::transport::server::{Connected, UdsConnectInfo};

/// Connections of all users.
pub(super) struct LocalConnections {
    silent: Arc<UnprovenConnections>,
    users: Arc<PartyConnections<u32>>,
}

/// One admitted connection.
pub(super) struct LocalConnection {
    stream: UnixStream,
    opening: OpeningDeadline,
    /// Entry among the silent connections, until the first bytes arrive.
    silent: Option<UnprovenConnection>,
    _share: PartyConnection<u32>,
}

impl LocalConnections {
    pub(super) fn new() -> Self {
        Self {
            silent: UnprovenConnections::new(SILENT, Arc::default()),
            users: PartyConnections::new(EACH),
        }
    }

    /// Admits a connection of a user. A connection above the user's limit gets a refusal and is closed.
    pub(super) fn admit(&self, stream: UnixStream, user: u32) -> Option<LocalConnection> {
        // Registered first, so that silent connections make room for it.
        let silent = self.silent.admit(ConnectionSource::User(user));
        let Some(share) = self.users.take_place(user) else {
            refuse_connection(stream, user);
            return None;
        };
        Some(LocalConnection {
            stream,
            opening: OpeningDeadline::new(FIRST),
            silent: Some(silent),
            _share: share,
        })
    }

    /// Ends a silent connection.
    pub(super) fn make_room(&self) {
        self.silent.make_room();
    }
}

/// Sends a user the refusal of a connection above the limit. It fits into the empty buffer of the socket, so the call does not
/// block.
fn refuse_connection(stream: UnixStream, user: u32) {
    let word = connection_refusal::write_refusal(&format_args!("the user {user}"), EACH);
    let told = stream
        .into_std()
        .and_then(|mut stream| stream.write_all(&word));
    if let Err(error) = told {
        tracing::debug!(%error, user, "admin.not_told");
    }
}

/// Largest number of connections of one user.
pub(super) const EACH: usize = 256;

/// Limits of silent connections.
const SILENT: UnprovenBounds = UnprovenBounds {
    each: 64,
    strangers: 256,
    members: 0,
};

/// Deadline for the first bytes.
const FIRST: Duration = Duration::from_secs(3);

impl Connected for LocalConnection {
    type ConnectInfo = UdsConnectInfo;

    fn connect_info(&self) -> UdsConnectInfo {
        self.stream.connect_info()
    }
}

impl AsyncRead for LocalConnection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if let Some(silent) = &mut this.silent
            && silent.poll_must_end(context).is_ready()
        {
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        let before = buffer.filled().len();
        let read = Pin::new(&mut this.stream).poll_read(context, buffer);
        let bytes = buffer.filled().len().saturating_sub(before);
        let read = this.opening.check_read(context, bytes, read);
        if this.opening.is_over() {
            this.silent = None;
        }
        read
    }
}

impl AsyncWrite for LocalConnection {
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
