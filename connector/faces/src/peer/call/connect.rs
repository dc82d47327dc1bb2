//! Opens connections: TCP, TLS by the connector's own configuration, the check of the other end, HTTP/2.

use crate::peer::call::{Way, unreachable};
use hyper_util::rt::TokioIo;
use policy::refusal::Refusal;
use rustls_pki_types::ServerName;
use std::error::Error;
use std::sync::Arc;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tonic::Status;
use tonic::transport::{Channel, Endpoint, Uri};

/// A channel whose first connection is open.
pub(super) async fn open(way: Way) -> Result<Channel, Refusal> {
    let participant = way.participant.clone();
    let settings = way.settings.clone();
    let host = if way.host.contains(':') {
        format!("[{}]", way.host)
    } else {
        way.host.clone()
    };
    let endpoint = Endpoint::from_shared(format!("http://{host}:{}", way.port))
        .map_err(|_| unreachable(&participant, "its address can't be read"))?
        .max_frame_size(settings.frame)
        .http2_max_header_list_size(HEADERS)
        .initial_stream_window_size(settings.stream_window)
        .initial_connection_window_size(settings.connection_window)
        .http2_keep_alive_interval(settings.keep_alive)
        .keep_alive_timeout(settings.keep_alive)
        .keep_alive_while_idle(true);
    let way = Arc::new(way);
    endpoint
        .connect_with_connector(tower::service_fn(move |_: Uri| {
            let way = Arc::clone(&way);
            async move { secure(&way).await.map(TokioIo::new) }
        }))
        .await
        .map_err(|error| {
            refusal_within(&error)
                .unwrap_or_else(|| unreachable(&participant, "the connection broke at once"))
        })
}

/// The most bytes of a reply's headers: a refusal with its help travels in them.
const HEADERS: u32 = 64 * 1024;

/// The refusal that a failed call carries inside, if this side made one.
pub(super) fn refusal_within(error: &(dyn Error + 'static)) -> Option<Refusal> {
    causes(error).find_map(|cause| cause.downcast_ref::<Refusal>().cloned())
}

/// Whether the connection closed before the request was sent, so that sending it again can't do anything twice.
pub(super) fn never_sent(status: &Status) -> bool {
    causes(status).any(|cause| {
        cause
            .downcast_ref::<hyper::Error>()
            .is_some_and(hyper::Error::is_canceled)
    })
}

fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&error| error.source())
}

async fn secure(way: &Way) -> Result<TlsStream<TcpStream>, Refusal> {
    let opened = tokio::time::timeout(way.settings.handshake, async {
        let tcp = TcpStream::connect((way.host.as_str(), way.port))
            .await
            .map_err(|error| unreachable(&way.participant, &spoken(&error)))?;
        // Without it small messages wait for the acknowledgement of the last ones; nothing breaks.
        let _ = tcp.set_nodelay(true);
        let name = ServerName::try_from(way.host.clone())
            .map_err(|_| unreachable(&way.participant, "its host name can't be read"))?;
        TlsConnector::from((way.tls)())
            .connect(name, tcp)
            .await
            .map_err(|error| unreachable(&way.participant, &spoken(&error)))
    });
    let stream = match opened.await {
        Ok(stream) => stream?,
        Err(_) => {
            return Err(unreachable(
                &way.participant,
                "no connection within its time",
            ));
        }
    };
    (way.check)(stream.get_ref().1)?;
    Ok(stream)
}

/// What the system or TLS said, in the house's form.
fn spoken(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::ConnectionRefused => "nobody listens at its address".to_owned(),
        std::io::ErrorKind::InvalidData => format!("TLS failed: {error}"),
        _ => error.to_string(),
    }
}
