//! Opens connections: TCP, TLS by the connector's own configuration, the first word of the other end. And what a call that
//! failed on one carries inside.

use hansa_policy::refusal::Refusal;
use rustls::{ClientConfig, ClientConnection};
use rustls_pki_types::ServerName;
#[cfg(any(target_os = "linux", target_os = "android"))]
use socket2::SockRef;
use std::error::Error;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::AsyncBufReadExt as _;
use tokio::net::{TcpStream, ToSocketAddrs};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tonic::Status;

/// Why a connection could not be secured.
pub(crate) enum SecureConnectError {
    /// TLS, or the connection below it, failed.
    Tls(io::Error),
    /// The check of the other end refused.
    Check(Refusal),
    /// The other end hung up before its first word.
    Silent,
}

/// What is said of an end that hung up before its first word.
pub(crate) const SILENT: &str = "it hung up before it said anything";

/// The sentence about an end of which nothing is heard any more.
pub(crate) const UNHEARD: &str = "nothing was heard of it in time";

/// Connects to the first of the addresses that answers within `time`.
pub(crate) async fn tcp(address: impl ToSocketAddrs, time: Duration) -> io::Result<TcpStream> {
    let mut last = None;
    for address in tokio::net::lookup_host(address).await? {
        let attempt = tokio::time::timeout(time, TcpStream::connect(address)).await;
        match attempt.unwrap_or_else(|late| Err(io::Error::new(io::ErrorKind::TimedOut, late))) {
            Ok(tcp) => {
                // Without it small messages wait for the acknowledgement of the last ones; nothing breaks.
                let _ = tcp.set_nodelay(true);
                return Ok(tcp);
            }
            Err(error) => last = Some(error),
        }
    }
    Err(last.unwrap_or_else(|| io::Error::new(io::ErrorKind::NotFound, "its name has no address")))
}

/// Has the system end a connection whose bytes stay unacknowledged for that long. Where the system can't, HTTP/2 notices later.
pub(crate) fn bound_unacknowledged(tcp: &TcpStream, time: Duration) {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    if let Err(error) = SockRef::from(tcp).set_tcp_user_timeout(Some(time)) {
        tracing::debug!(%error, "tcp.no_user_timeout");
    }
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    let _ = (tcp, time);
}

/// Does the handshake, and waits for the first word of the other end.
pub(crate) async fn tls(
    tcp: TcpStream,
    name: ServerName<'static>,
    config: Arc<ClientConfig>,
    check: &(dyn Fn(&ClientConnection) -> Result<(), Refusal> + Send + Sync),
) -> Result<TlsStream<TcpStream>, SecureConnectError> {
    let mut stream = TlsConnector::from(config)
        .connect(name, tcp)
        .await
        .map_err(SecureConnectError::Tls)?;
    check(stream.get_ref().1).map_err(SecureConnectError::Check)?;
    // The other end judges this one's certificate after the handshake is over for this one. Its first word tells.
    let word = stream.fill_buf().await;
    match word.map(<[u8]>::is_empty) {
        Ok(false) => Ok(stream),
        Ok(true) => Err(SecureConnectError::Silent),
        Err(error) => Err(SecureConnectError::Tls(error)),
    }
}

/// The refusal that a failed call carries inside, if this side made one.
pub(crate) fn refusal_within(error: &(dyn Error + 'static)) -> Option<Refusal> {
    causes(error).find_map(|cause| cause.downcast_ref::<Refusal>().cloned())
}

/// Whether the connection closed before the request was sent, so that sending it again can't do anything twice.
pub(crate) fn never_sent(status: &Status) -> bool {
    causes(status).any(|cause| {
        cause
            .downcast_ref::<hyper::Error>()
            .is_some_and(hyper::Error::is_canceled)
    })
}

/// Says whether a connection ended because nothing was heard of the other end.
pub(crate) fn is_unheard(status: &Status) -> bool {
    causes(status).any(|cause| {
        // The libraries hand on what the connection said in two ways: as it is, and within an error of HTTP/2.
        let within = cause
            .downcast_ref::<h2::Error>()
            .and_then(h2::Error::get_io);
        let said = within.or_else(|| cause.downcast_ref::<io::Error>());
        let tried = cause.downcast_ref::<hyper::Error>();
        said.is_some_and(|error| error.kind() == io::ErrorKind::TimedOut)
            || tried.is_some_and(hyper::Error::is_timeout)
    })
}

fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&error| error.source())
}

/// What the system or TLS said, in the house's form.
pub(crate) fn spoken(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => "nobody listens at its address".to_owned(),
        // The library of TLS says a page of its documentation here.
        io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset => {
            "it closed the connection".to_owned()
        }
        io::ErrorKind::TimedOut => "its machine does not answer".to_owned(),
        io::ErrorKind::InvalidData => format!("TLS failed: {error}"),
        _ => error.to_string(),
    }
}

/// Calls again when the connection closed before the request was sent: it had come of age, or the other side stopped.
pub(crate) async fn persist<T, F>(call: impl Fn() -> F) -> Result<T, Status>
where
    F: Future<Output = Result<T, Status>>,
{
    for _ in 0..AGAIN {
        match call().await {
            // INVARIANT: asked-once. What may have arrived is never sent again by itself.
            Err(status) if never_sent(&status) => {}
            outcome => return outcome,
        }
    }
    call().await
}

/// How often a request that was never sent is tried again.
const AGAIN: usize = 3;

#[cfg(test)]
mod tests {
    use super::{bound_unacknowledged, spoken};
    use std::io;
    use std::time::Duration;
    use tokio::net::{TcpListener, TcpStream};

    #[test]
    fn a_connection_that_was_closed_is_told_in_plain_words() {
        let said = "peer closed connection without sending TLS close_notify: https://example.org";
        for kind in [io::ErrorKind::UnexpectedEof, io::ErrorKind::ConnectionReset] {
            assert_eq!(
                spoken(&io::Error::new(kind, said)),
                "it closed the connection"
            );
        }
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn the_system_is_told_how_long_bytes_may_stay_unacknowledged() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let tcp = TcpStream::connect(address).await.unwrap();
        bound_unacknowledged(&tcp, Duration::from_secs(8));
        let told = socket2::SockRef::from(&tcp).tcp_user_timeout().unwrap();
        assert_eq!(told, Some(Duration::from_secs(8)));
    }
}
