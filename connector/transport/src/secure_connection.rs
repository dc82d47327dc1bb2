//! Opens connections: TCP, TLS by the connector's own configuration, the first word of the other end. And what a call that
//! failed on one carries inside.

use hansa_policy::refusal::Refusal;
use rustls::{ClientConfig, ClientConnection};
use rustls_pki_types::ServerName;
use std::error::Error;
use std::io;
use std::sync::Arc;
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

/// Connects.
pub(crate) async fn tcp(address: impl ToSocketAddrs) -> io::Result<TcpStream> {
    let tcp = TcpStream::connect(address).await?;
    // Without it small messages wait for the acknowledgement of the last ones; nothing breaks.
    let _ = tcp.set_nodelay(true);
    Ok(tcp)
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
    use super::spoken;
    use std::io;

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
}
