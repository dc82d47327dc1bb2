//! Opening of connections to peers: TCP, TLS by the connector's configuration, identity check, HTTP/2.

use crate::connection_refusal;
use crate::peer::client::open_calls::OpenCalls;
use crate::peer::client::watched_connection::{PeerProbe, WatchedConnection};
use crate::peer::client::{PeerEndpoint, unreachable_peer_refusal};
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

/// The two connections to one peer.
pub(super) struct PeerChannels {
    /// Connection for calls, which end. A silent peer is noticed quickly on it.
    pub(super) calls: Channel,
    /// Connection for messages, which stays open. It is opened at the first request.
    pub(super) inbox: Channel,
}

/// Opens the connection for calls, which `open_calls` counts, and prepares the other one.
pub(super) async fn open_channels(
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
    let endpoint = Endpoint::from_shared(format!("http://{host}:{}", peer_endpoint.port)).map_err(
        |cause| {
            unreachable_peer_refusal(&participant, "its address can't be read").caused_by(cause)
        },
    )?;
    let peer_endpoint = Arc::new(peer_endpoint);
    let inbox_endpoint = Arc::clone(&peer_endpoint);
    let inbox = settings
        .endpoint(endpoint.clone())
        .connect_with_connector_lazy(tower::service_fn(move |_: Uri| {
            let peer_endpoint = Arc::clone(&inbox_endpoint);
            async move {
                open_secure_connection(&peer_endpoint)
                    .await
                    .map(TokioIo::new)
            }
        }));
    let calls = settings
        .calling_endpoint(endpoint)
        .connect_with_connector(tower::service_fn(move |_: Uri| {
            let (peer_endpoint, calls) = (Arc::clone(&peer_endpoint), open_calls.clone());
            async move {
                let secured = open_secure_connection(&peer_endpoint).await?;
                let bounds = peer_endpoint.settings.silence;
                let probe: PeerProbe = Arc::new(move || {
                    let peer_endpoint = Arc::clone(&peer_endpoint);
                    async move { is_there(&open_secure_connection(&peer_endpoint).await) }.boxed()
                });
                let watched = WatchedConnection::new(secured, calls, bounds, probe);
                Ok::<_, Refusal>(TokioIo::new(watched))
            }
        }))
        .await
        .map_err(|error| {
            secure_connection::refusal_within(&error).unwrap_or_else(|| {
                unreachable_peer_refusal(&participant, "the connection broke at once")
                    .caused_by(error)
            })
        })?;
    Ok(PeerChannels { calls, inbox })
}

/// True if the peer was reached. A peer that refuses a further connection was reached, too.
fn is_there<T>(opened: &Result<T, Refusal>) -> bool {
    match opened {
        Ok(_) => true,
        Err(refusal) => refusal.code == ErrorCode::TooManyConnections,
    }
}

/// Waiting times between the attempts to open a connection that breaks before the other end has sent anything.
///
/// A crowded host closes unproven connections, and a member's may be among them. No request is sent before the other end's first
/// bytes, so nothing is asked twice.
const WAITS: [Duration; 3] = [
    Duration::from_millis(50),
    Duration::from_millis(200),
    Duration::from_millis(800),
];

async fn open_secure_connection(endpoint: &PeerEndpoint) -> Result<TlsStream<TcpStream>, Refusal> {
    // One timeout covers all attempts.
    let opened = tokio::time::timeout(endpoint.settings.opening_timeout(), async {
        let mut waits = WAITS.into_iter();
        let listening = endpoint.settings.listening.begin_attempt();
        loop {
            let unsecured = match attempt_connection(endpoint).await? {
                Ok(secured) => {
                    listening.note_listener();
                    return Ok(secured);
                }
                Err(UnopenedConnection::Unheard(error)) => {
                    if listening.wait_for_retry().await {
                        continue;
                    }
                    let why = secure_connection::error_sentence(&error);
                    return Err(
                        unreachable_peer_refusal(&endpoint.participant, &why).caused_by(error)
                    );
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
                    return Err(unreachable_peer_refusal(&endpoint.participant, SILENT));
                }
            }
        }
    });
    match opened.await {
        Ok(secured) => secured,
        Err(late) => {
            let refusal =
                unreachable_peer_refusal(&endpoint.participant, "no connection within its time");
            Err(refusal.caused_by(late))
        }
    }
}

/// Reason of a failed attempt that may succeed if it is repeated.
enum UnopenedConnection {
    /// No process listens at the address.
    Unheard(io::Error),
    /// The connection could not be secured.
    Unsecured(SecureConnectError),
}

/// Opens one connection.
async fn attempt_connection(
    endpoint: &PeerEndpoint,
) -> Result<Result<TlsStream<TcpStream>, UnopenedConnection>, Refusal> {
    let settings = &endpoint.settings;
    let address = (endpoint.host.as_str(), endpoint.port);
    let tcp = match secure_connection::connect_tcp(address, settings.connect).await {
        Ok(tcp) => tcp,
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
            return Ok(Err(UnopenedConnection::Unheard(error)));
        }
        Err(error) => {
            let why = secure_connection::error_sentence(&error);
            return Err(unreachable_peer_refusal(&endpoint.participant, &why).caused_by(error));
        }
    };
    secure_connection::bound_unacknowledged(&tcp, settings.unacknowledged);
    let name = ServerName::try_from(endpoint.host.clone()).map_err(|cause| {
        unreachable_peer_refusal(&endpoint.participant, "its host name can't be read")
            .caused_by(cause)
    })?;
    let securing =
        secure_connection::connect_tls(tcp, name, (endpoint.tls)(), endpoint.check.as_ref());
    match tokio::time::timeout(settings.secure, securing).await {
        Ok(Ok(mut secured)) => match read_refusal(&mut secured, &endpoint.participant).await {
            Some(refusal) => Err(refusal),
            None => Ok(Ok(secured)),
        },
        Ok(Err(unsecured)) => Ok(Err(UnopenedConnection::Unsecured(unsecured))),
        // A suspended process: its machine accepts connections, and the process sends nothing.
        Err(late) => Err(unreachable_peer_refusal(&endpoint.participant, MUTE).caused_by(late)),
    }
}

/// Refusal of the connection, if the other end's first bytes contain one.
async fn read_refusal(
    secured: &mut TlsStream<TcpStream>,
    participant: &ParticipantId,
) -> Option<Refusal> {
    // The first bytes are only peeked at, and stay in the buffer for HTTP/2.
    let word = secured.fill_buf().await.ok()?;
    let status = connection_refusal::read_refusal(word)?;
    Some(refusal::from_wire(&status, participant))
}

/// Sentence for an end that accepts a connection and sends nothing.
const MUTE: &str = "it takes connections and says nothing";

/// True if the connection itself broke, without an alert of either end.
fn is_broken(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe | io::ErrorKind::UnexpectedEof
    )
}

/// Reason why the two ends do not trust each other: the refusal of the own check, or the alert of the other end.
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
            // By this connector's clock its certificate is still valid; otherwise it would not have connected.
            Some(
                "renew it: hansa league admit, then hansa join; and compare the clocks of the two machines",
            ),
        ),
        Some(rustls::Error::AlertReceived(_)) => (
            ErrorCode::PeerNotTrusted,
            "it does not accept the certificate of this connector",
            None,
        ),
        Some(_) | None => {
            return unreachable_peer_refusal(
                participant,
                &secure_connection::error_sentence(error),
            );
        }
    };
    let refusal = Refusal::new(code, format!("{}: {what}", participant.domain()))
        .with_participant(participant.clone());
    match help {
        Some(help) => refusal.with_help(help),
        None => refusal,
    }
}
