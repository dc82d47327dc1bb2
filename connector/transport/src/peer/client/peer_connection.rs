//! Opens connections: TCP, TLS by the connector's own configuration, the check of the other end, HTTP/2.

use crate::connection_refusal;
use crate::peer::client::open_calls::OpenCalls;
use crate::peer::client::watched_connection::{PeerProbe, WatchedConnection};
use crate::peer::client::{PeerEndpoint, unreachable};
use crate::secure_connection::{self, SILENT, SecureConnectError};
use futures::FutureExt as _;
use hansa_policy::id::ParticipantId;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_proto::peer::refusal;
use hyper_util::rt::TokioIo;
use rustls::{AlertDescription, CertificateError};
use rustls_pki_types::ServerName;
use std::error::Error as _;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::AsyncBufReadExt as _;
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;
use tonic::transport::{Channel, Endpoint, Uri};

/// The two ways to one peer.
pub(super) struct PeerChannels {
    /// For calls: what runs on it has an end, and a peer that falls silent is noticed soon.
    pub(super) calls: Channel,
    /// For messages as they come: open all the time, and opened only when they are asked for.
    pub(super) inbox: Channel,
}

/// Opens the connection for calls, which `open_calls` counts, and prepares the other.
pub(super) async fn open(
    peer_endpoint: PeerEndpoint,
    open_calls: OpenCalls,
) -> Result<PeerChannels, Refusal> {
    let participant = peer_endpoint.participant.clone();
    let settings = peer_endpoint.settings.clone();
    let host = if peer_endpoint.host.contains(':') {
        format!("[{}]", peer_endpoint.host)
    } else {
        peer_endpoint.host.clone()
    };
    let endpoint = Endpoint::from_shared(format!("http://{host}:{}", peer_endpoint.port))
        .map_err(|cause| unreachable(&participant, "its address can't be read").caused_by(cause))?;
    let peer_endpoint = Arc::new(peer_endpoint);
    let inbox_endpoint = Arc::clone(&peer_endpoint);
    let inbox = settings
        .endpoint(endpoint.clone())
        .connect_with_connector_lazy(tower::service_fn(move |_: Uri| {
            let peer_endpoint = Arc::clone(&inbox_endpoint);
            async move { secure(&peer_endpoint).await.map(TokioIo::new) }
        }));
    let calls = settings
        .calling_endpoint(endpoint)
        .connect_with_connector(tower::service_fn(move |_: Uri| {
            let (peer_endpoint, calls) = (Arc::clone(&peer_endpoint), open_calls.clone());
            async move {
                let secured = secure(&peer_endpoint).await?;
                let bounds = peer_endpoint.settings.silence;
                let probe: PeerProbe = Arc::new(move || {
                    let peer_endpoint = Arc::clone(&peer_endpoint);
                    async move { is_there(&secure(&peer_endpoint).await) }.boxed()
                });
                let watched = WatchedConnection::new(secured, calls, bounds, probe);
                Ok::<_, Refusal>(TokioIo::new(watched))
            }
        }))
        .await
        .map_err(|error| {
            secure_connection::refusal_within(&error).unwrap_or_else(|| {
                unreachable(&participant, "the connection broke at once").caused_by(error)
            })
        })?;
    Ok(PeerChannels { calls, inbox })
}

/// Says whether a peer was reached: also one that has no place for another connection has spoken.
fn is_there<T>(opened: &Result<T, Refusal>) -> bool {
    match opened {
        Ok(_) => true,
        Err(refusal) => refusal.code == ErrorCode::TooManyConnections,
    }
}

/// How often a connection is begun that breaks before the other end has said anything on it, and what is waited in between.
///
/// A host at whose port many strangers stand closes connections of which it does not know yet whose they are, and a member's
/// may be among them. No request has left before the other end's first word, so nothing is asked twice.
const WAITS: [Duration; 3] = [
    Duration::from_millis(50),
    Duration::from_millis(200),
    Duration::from_millis(800),
];

async fn secure(endpoint: &PeerEndpoint) -> Result<TlsStream<TcpStream>, Refusal> {
    // All tries together have this time.
    let opened = tokio::time::timeout(endpoint.settings.opening(), async {
        let mut waits = WAITS.into_iter();
        let listening = endpoint.settings.listening.begin();
        loop {
            let unsecured = match attempt(endpoint).await? {
                Ok(secured) => {
                    listening.note_listener();
                    return Ok(secured);
                }
                Err(UnopenedConnection::Unheard(error)) => {
                    if listening.wait().await {
                        continue;
                    }
                    let why = secure_connection::spoken(&error);
                    return Err(unreachable(&endpoint.participant, &why).caused_by(error));
                }
                Err(UnopenedConnection::Unsecured(unsecured)) => unsecured,
            };
            match (unsecured, waits.next()) {
                (SecureConnectError::Tls(error), Some(wait)) if is_broken(&error) => {
                    tokio::time::sleep(wait).await;
                }
                (SecureConnectError::Tls(error), _) => {
                    let refusal = refused_handshake(&endpoint.participant, &error);
                    return Err(match refusal.source() {
                        Some(_) => refusal,
                        None => refusal.caused_by(error),
                    });
                }
                (SecureConnectError::Check(refusal), _) => return Err(refusal),
                (SecureConnectError::Silent, _) => {
                    return Err(unreachable(&endpoint.participant, SILENT));
                }
            }
        }
    });
    match opened.await {
        Ok(secured) => secured,
        Err(late) => {
            let refusal = unreachable(&endpoint.participant, "no connection within its time");
            Err(refusal.caused_by(late))
        }
    }
}

/// Why there is no connection that another try may bring.
enum UnopenedConnection {
    /// Nobody listens at the address.
    Unheard(io::Error),
    /// It could not be secured.
    Unsecured(SecureConnectError),
}

/// One connection, or why it could not be opened.
async fn attempt(
    endpoint: &PeerEndpoint,
) -> Result<Result<TlsStream<TcpStream>, UnopenedConnection>, Refusal> {
    let settings = &endpoint.settings;
    let address = (endpoint.host.as_str(), endpoint.port);
    let tcp = match secure_connection::tcp(address, settings.connect).await {
        Ok(tcp) => tcp,
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
            return Ok(Err(UnopenedConnection::Unheard(error)));
        }
        Err(error) => {
            let why = secure_connection::spoken(&error);
            return Err(unreachable(&endpoint.participant, &why).caused_by(error));
        }
    };
    secure_connection::bound_unacknowledged(&tcp, settings.unacknowledged);
    let name = ServerName::try_from(endpoint.host.clone()).map_err(|cause| {
        unreachable(&endpoint.participant, "its host name can't be read").caused_by(cause)
    })?;
    let securing = secure_connection::tls(tcp, name, (endpoint.tls)(), endpoint.check.as_ref());
    match tokio::time::timeout(settings.secure, securing).await {
        Ok(Ok(mut secured)) => match read_refusal(&mut secured, &endpoint.participant).await {
            Some(refusal) => Err(refusal),
            None => Ok(Ok(secured)),
        },
        Ok(Err(unsecured)) => Ok(Err(UnopenedConnection::Unsecured(unsecured))),
        // A stopped process: its machine takes connections, and nobody there speaks.
        Err(late) => Err(unreachable(&endpoint.participant, MUTE).caused_by(late)),
    }
}

/// The refusal of the connection, where that is the first word of the other end.
async fn read_refusal(
    secured: &mut TlsStream<TcpStream>,
    participant: &ParticipantId,
) -> Option<Refusal> {
    // The first word is there, and stays there for HTTP/2.
    let word = secured.fill_buf().await.ok()?;
    let status = connection_refusal::read_refusal(word)?;
    Some(refusal::from_wire(&status, participant))
}

/// The sentence about an end that takes a connection and does not speak on it.
const MUTE: &str = "it takes connections and says nothing";

/// Whether the connection itself broke, so that no end has said anything against the other.
fn is_broken(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe | io::ErrorKind::UnexpectedEof
    )
}

/// Why the two ends do not trust each other: the refusal of the own check, or what the other end's alert says.
fn refused_handshake(participant: &ParticipantId, error: &io::Error) -> Refusal {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref());
    let (code, what, help) = match inner {
        Some(rustls::Error::InvalidCertificate(CertificateError::Other(other))) => {
            match other.0.downcast_ref::<Refusal>() {
                Some(refusal) => return refusal.clone().with_participant(participant.clone()),
                None => (
                    ErrorCode::PeerNotTrusted,
                    "its certificate is not accepted",
                    None,
                ),
            }
        }
        Some(rustls::Error::InvalidCertificate(_)) => (
            ErrorCode::PeerNotTrusted,
            "its certificate is not accepted",
            None,
        ),
        Some(rustls::Error::AlertReceived(AlertDescription::CertificateExpired)) => (
            ErrorCode::CertificateExpired,
            "it says that the certificate of this connector has expired",
            // By the clock of this connector it has not, or nobody would have been dialled.
            Some(
                "renew it: hansa league admit, then hansa join; and compare the clocks of the two machines",
            ),
        ),
        Some(rustls::Error::AlertReceived(_)) => (
            ErrorCode::PeerNotTrusted,
            "it does not accept the certificate of this connector",
            None,
        ),
        Some(_) | None => return unreachable(participant, &secure_connection::spoken(error)),
    };
    let refusal = Refusal::new(code, format!("{}: {what}", participant.domain()))
        .with_participant(participant.clone());
    match help {
        Some(help) => refusal.with_help(help),
        None => refusal,
    }
}
