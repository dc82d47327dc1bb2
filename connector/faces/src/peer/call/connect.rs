//! Opens connections: TCP, TLS by the connector's own configuration, the check of the other end, HTTP/2.

use crate::peer::call::{Way, unreachable};
use hyper_util::rt::TokioIo;
use policy::id::ParticipantId;
use policy::refusal::{Code, Refusal};
use rustls::{AlertDescription, CertificateError};
use rustls_pki_types::ServerName;
use std::error::Error;
use std::io;
use std::sync::Arc;
use tokio::io::AsyncBufReadExt as _;
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
        let mut stream = TlsConnector::from((way.tls)())
            .connect(name, tcp)
            .await
            .map_err(|error| refused_handshake(&way.participant, &error))?;
        (way.check)(stream.get_ref().1)?;
        // The other end judges this one's certificate after the handshake is over for this one. Its first word tells.
        let word = stream.fill_buf().await;
        match word.map(<[u8]>::is_empty) {
            Ok(false) => Ok(stream),
            Ok(true) => Err(unreachable(
                &way.participant,
                "it hung up before it said anything",
            )),
            Err(error) => Err(refused_handshake(&way.participant, &error)),
        }
    });
    match opened.await {
        Ok(secured) => secured,
        Err(_) => Err(unreachable(
            &way.participant,
            "no connection within its time",
        )),
    }
}

/// Why the two ends do not trust each other: the refusal of the own check, or what the other end's alert says.
fn refused_handshake(participant: &ParticipantId, error: &io::Error) -> Refusal {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref());
    let (code, what, help) = match inner {
        Some(rustls::Error::InvalidCertificate(CertificateError::Other(other))) => {
            match other.0.downcast_ref::<Refusal>() {
                Some(refusal) => return refusal.clone().with_participant(participant.clone()),
                None => (
                    Code::PeerNotTrusted,
                    "its certificate is not accepted",
                    None,
                ),
            }
        }
        Some(rustls::Error::InvalidCertificate(_)) => (
            Code::PeerNotTrusted,
            "its certificate is not accepted",
            None,
        ),
        Some(rustls::Error::AlertReceived(AlertDescription::CertificateExpired)) => (
            Code::CertificateExpired,
            "it says that the certificate of this connector has expired",
            // By the clock of this connector it has not, or nobody would have been dialled.
            Some(
                "renew it: hansa league admit, then hansa join; and compare the clocks of the two machines",
            ),
        ),
        Some(rustls::Error::AlertReceived(_)) => (
            Code::PeerNotTrusted,
            "it does not accept the certificate of this connector",
            None,
        ),
        Some(_) | None => return unreachable(participant, &spoken(error)),
    };
    let refusal = Refusal::new(code, format!("{}: {what}", participant.domain()))
        .with_participant(participant.clone());
    match help {
        Some(help) => refusal.with_help(help),
        None => refusal,
    }
}

/// What the system or TLS said, in the house's form.
fn spoken(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => "nobody listens at its address".to_owned(),
        io::ErrorKind::InvalidData => format!("TLS failed: {error}"),
        _ => error.to_string(),
    }
}
