//! Serves clients: TLS in which a client may show a certificate of the league, and mostly a token with each call.

use super::access_token::AccessToken;
use super::client_connection::{ClientConnection, ClientStream};
use super::client_query_service::{ClientQueryService, IdentifiedClient};
use super::client_status::status;
use super::{ClientCredentials, FlightSqlHandler};
use crate::connection_acceptor::party_connections::PartyConnections;
use crate::connection_acceptor::unproven_connections::{ConnectionSource, UnprovenConnections};
use crate::connection_acceptor::{self, ConnectionAcceptor};
use crate::member_hosts::MemberHosts;
use crate::peer::server::{PeerCertificateReader, ServerTlsProvider};
use crate::peer::settings::TransportSettings;
use crate::peer_handler::RejectedConnection;
use arrow_flight::flight_service_server::FlightServiceServer;
use futures::StreamExt as _;
use hansa_policy::refusal::{ErrorCode, Refusal};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tonic::service::interceptor::InterceptedService;
use tonic::{Request, Status};

/// The header that names the purpose of a connection.
pub const PURPOSE_HEADER: &str = "x-hansa-purpose";

/// Serves clients on a listening socket until `stop`; `attest` reads the certificate of whoever shows one.
///
/// # Errors
/// When the server can't go on.
pub async fn serve<H: FlightSqlHandler>(
    listener: TcpListener,
    (tls, attest): (ServerTlsProvider, PeerCertificateReader),
    settings: TransportSettings,
    handler: Arc<H>,
    stop: impl Future<Output = ()> + Send,
) -> Result<(), Refusal> {
    let gate = Arc::new(ConnectionAcceptor {
        face: "client",
        time: settings.handshake,
        first: settings.first_message.min(settings.handshake),
        tls,
        places: Arc::new(Semaphore::new(settings.connections)),
        unproven: UnprovenConnections::new(settings.unproven, Arc::new(MemberHosts::default())),
    });
    let shares = PartyConnections::new(settings.party_connections);
    let incoming = connection_acceptor::incoming(listener, Arc::clone(&gate));
    let secured = connection_acceptor::secured(
        incoming,
        gate,
        move |connection, from| {
            // Whoever holds too many on which nobody is identified keeps out its own address alone.
            let share = shares
                .take(ConnectionSource::from(from))
                .ok_or(RejectedConnection::Crowded)?;
            // Nobody has to show a certificate; one that is shown has to count.
            let certificate = match connection.peer_certificates() {
                None => None,
                Some(_) => Some(attest(connection).map_err(|_| RejectedConnection::NoIdentity)?),
            };
            let connection = ClientConnection::new(share, certificate, from);
            Ok((connection, None))
        },
        |rejected, _| tracing::debug!(?rejected, "client.connection_rejected"),
    );
    let connections =
        secured.map(|secured| secured.map(|secured| ClientStream::new(secured, UNIDENTIFIED)));
    let service = FlightServiceServer::new(ClientQueryService::new(Arc::clone(&handler))?)
        .max_decoding_message_size(settings.request)
        .max_encoding_message_size(settings.message);
    let identify = move |request: Request<()>| identified(&*handler, request);
    settings
        .server()
        .add_service(InterceptedService::new(service, identify))
        .serve_with_incoming_shutdown(connections, stop)
        .await
        .map_err(|error| {
            Refusal::new(
                ErrorCode::Internal,
                format!("the client face ended: {error}"),
            )
            .caused_by(error)
        })
}

/// How long a connection may last on which nobody is identified.
const UNIDENTIFIED: Duration = Duration::from_secs(20);

/// Identifies the client of a call, before anything of it is looked at.
// INVARIANT: token-each-call
fn identified<H: FlightSqlHandler>(
    handler: &H,
    mut request: Request<()>,
) -> Result<Request<()>, Status> {
    let presented = AccessToken::presented(request.metadata()).map_err(status)?;
    let mut purposes = request.metadata().get_all(PURPOSE_HEADER).iter();
    let purpose = purposes.next().map(|value| {
        value.to_str().map_err(|_| {
            status(Refusal::new(
                ErrorCode::PurposeUnknown,
                format!("the header {PURPOSE_HEADER} holds no text"),
            ))
        })
    });
    let purpose = purpose.transpose()?;
    if purposes.next().is_some() {
        return Err(status(Refusal::new(
            ErrorCode::PurposeUnknown,
            format!("a connection names one purpose; the header {PURPOSE_HEADER} came twice"),
        )));
    }
    let connection = request.extensions().get::<Arc<ClientConnection>>();
    let credentials = ClientCredentials {
        token: presented.as_ref(),
        certificate: connection.and_then(|connection| connection.certificate.as_ref()),
        address: connection.and_then(|connection| connection.address),
    };
    let client = handler.identify(credentials, purpose).map_err(status)?;
    if let Some(connection) = connection {
        connection.identified();
    }
    let token = presented.map(|token| token.text()).unwrap_or_default();
    request.extensions_mut().insert(IdentifiedClient {
        client,
        token: token.into(),
    });
    Ok(request)
}
