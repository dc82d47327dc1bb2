//! Opening of secured connections: TCP, TLS by the connector's configuration, the first bytes of the other end. Also the errors
//! inside failed calls.

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

/// Reason why a connection could not be secured.
pub(crate) enum SecureConnectError {
    /// TLS, or the connection below it, failed.
    Tls(io::Error),
    /// The identity check refused the other end.
    Check(Refusal),
    /// The other end closed the connection before its first bytes.
    Silent,
}

/// Sentence for an end that closed the connection before its first bytes.
pub(crate) const SILENT: &str = "it closed the connection before it answered";

/// Sentence for an end that has become silent.
pub(crate) const UNHEARD: &str = "it sent nothing in time";

/// Connects to the first address that accepts within `time`.
pub(crate) async fn connect_tcp(
    address: impl ToSocketAddrs,
    time: Duration,
) -> io::Result<TcpStream> {
    let mut last = None;
    for address in tokio::net::lookup_host(address).await? {
        let attempt = tokio::time::timeout(time, TcpStream::connect(address)).await;
        match attempt.unwrap_or_else(|late| Err(io::Error::new(io::ErrorKind::TimedOut, late))) {
            Ok(tcp) => {
                // Without this option small messages are delayed; nothing else breaks.
                let _ = tcp.set_nodelay(true);
                return Ok(tcp);
            }
            Err(error) => last = Some(error),
        }
    }
    Err(last.unwrap_or_else(|| io::Error::new(io::ErrorKind::NotFound, "its name has no address")))
}

/// Makes the system end a connection whose bytes stay unacknowledged for this time. Where the system can't, HTTP/2 notices it
/// later.
pub(crate) fn bound_unacknowledged(tcp: &TcpStream, time: Duration) {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    if let Err(error) = SockRef::from(tcp).set_tcp_user_timeout(Some(time)) {
        tracing::debug!(%error, "tcp.no_user_timeout");
    }
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    let _ = (tcp, time);
}

/// Does the handshake, and waits for the first bytes of the other end.
pub(crate) async fn connect_tls(
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
    // The other end checks this end's certificate after this end's handshake is complete. Its first bytes show the result.
    let word = stream.fill_buf().await;
    match word.map(<[u8]>::is_empty) {
        Ok(false) => Ok(stream),
        Ok(true) => Err(SecureConnectError::Silent),
        Err(error) => Err(SecureConnectError::Tls(error)),
    }
}

/// Refusal inside the error of a failed call, if this side made one.
pub(crate) fn refusal_within(error: &(dyn Error + 'static)) -> Option<Refusal> {
    error_causes(error).find_map(|cause| cause.downcast_ref::<Refusal>().cloned())
}

/// True if the connection closed before the request was sent, so that repeating it is safe.
pub(crate) fn never_sent(status: &Status) -> bool {
    error_causes(status).any(|cause| {
        cause
            .downcast_ref::<hyper::Error>()
            .is_some_and(hyper::Error::is_canceled)
    })
}

/// True if a connection ended because of the other end's silence.
pub(crate) fn is_unheard(status: &Status) -> bool {
    error_causes(status).any(|cause| {
        // The libraries pass on the connection's error in two ways: directly, and inside an error of HTTP/2.
        let within = cause
            .downcast_ref::<h2::Error>()
            .and_then(h2::Error::get_io);
        let said = within.or_else(|| cause.downcast_ref::<io::Error>());
        let tried = cause.downcast_ref::<hyper::Error>();
        said.is_some_and(|error| error.kind() == io::ErrorKind::TimedOut)
            || tried.is_some_and(hyper::Error::is_timeout)
    })
}

fn error_causes<'a>(
    error: &'a (dyn Error + 'static),
) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&error| error.source())
}

/// Error of the system or of TLS as a sentence in the form of refusals.
pub(crate) fn error_sentence(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => "no server listens at its address".to_owned(),
        // The TLS library has a long text with a link to its documentation here.
        io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset => {
            "it closed the connection".to_owned()
        }
        io::ErrorKind::TimedOut => "its machine does not answer".to_owned(),
        io::ErrorKind::InvalidData => format!("TLS failed: {error}"),
        _ => error.to_string(),
    }
}

/// Repeats a call if the connection closed before the request was sent: at its age limit, or when the other side stopped.
pub(crate) async fn repeat_unsent_call<T, F>(call: impl Fn() -> F) -> Result<T, Status>
where
    F: Future<Output = Result<T, Status>>,
{
    for _ in 0..AGAIN {
        match call().await {
            // INVARIANT: asked-once. A request that may have arrived is never repeated automatically.
            Err(status) if never_sent(&status) => {}
            outcome => return outcome,
        }
    }
    call().await
}

/// Largest number of repetitions of a request that was not sent.
const AGAIN: usize = 3;

#[cfg(test)]
mod tests {
    use super::{bound_unacknowledged, error_sentence};
    use std::io;
    use std::time::Duration;
    use tokio::net::{TcpListener, TcpStream};

    #[test]
    fn a_connection_that_was_closed_is_told_in_plain_words() {
        let said = "peer closed connection without sending TLS close_notify: https://example.org";
        for kind in [io::ErrorKind::UnexpectedEof, io::ErrorKind::ConnectionReset] {
            assert_eq!(
                error_sentence(&io::Error::new(kind, said)),
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
