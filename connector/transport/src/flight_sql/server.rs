//! Server for clients: TLS with an optional client certificate of the league, and usually a token with each call.

use super::access_token::AccessToken;
use super::client_query_service::{ClientQueryService, IdentifiedClient};
use super::client_status::refusal_status;
use super::{ClientCredentials, FlightSqlHandler};
use crate::client_connection::{self, ClientConnection};
use crate::peer::server::ClientTls;
use crate::peer::settings::TransportSettings;
use arrow_flight::flight_service_server::FlightServiceServer;
use hansa_policy::refusal::{ErrorCode, Refusal};
use http::HeaderMap;
use std::sync::Arc;
use tokio::net::TcpListener;
use tonic::service::interceptor::InterceptedService;
use tonic::{Request, Status};

/// Header with the purpose of a connection.
pub const PURPOSE_HEADER: &str = "x-hansa-purpose";

/// Serves clients on a listening socket until `stop`.
///
/// # Errors
/// When the server can't continue.
pub async fn serve_clients<H: FlightSqlHandler>(
    listener: TcpListener,
    tls: ClientTls,
    settings: TransportSettings,
    handler: Arc<H>,
    stop: impl Future<Output = ()> + Send,
) -> Result<(), Refusal> {
    let connections = client_connection::accept_clients(listener, tls, &settings, "client");
    let service = FlightServiceServer::new(ClientQueryService::new(Arc::clone(&handler))?)
        .max_decoding_message_size(settings.request)
        .max_encoding_message_size(settings.message);
    let identify = move |request: Request<()>| identify_client(&*handler, request);
    settings
        .http_server()
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

/// Identifies the client of a call, before any other part of the call is read.
// INVARIANT: token-each-call
fn identify_client<H: FlightSqlHandler>(
    handler: &H,
    mut request: Request<()>,
) -> Result<Request<()>, Status> {
    let presented =
        AccessToken::from_headers(request.metadata().as_ref()).map_err(refusal_status)?;
    let purpose = named_purpose(request.metadata().as_ref()).map_err(refusal_status)?;
    let connection = request.extensions().get::<Arc<ClientConnection>>();
    let credentials = match connection {
        Some(connection) => connection.credentials(presented.as_ref()),
        None => ClientCredentials {
            token: presented.as_ref(),
            ..ClientCredentials::default()
        },
    };
    let client = handler
        .identify(credentials, purpose)
        .map_err(refusal_status)?;
    if let Some(connection) = connection {
        connection.mark_identified();
    }
    let token = presented.map(|token| token.to_text()).unwrap_or_default();
    request.extensions_mut().insert(IdentifiedClient {
        client,
        token: token.into(),
    });
    Ok(request)
}

/// Purpose in the headers of a call.
///
/// # Errors
/// `PURPOSE_UNKNOWN` when it is not a text, or there are two.
pub(crate) fn named_purpose(headers: &HeaderMap) -> Result<Option<&str>, Refusal> {
    let mut purposes = headers.get_all(PURPOSE_HEADER).iter();
    let purpose = purposes.next().map(|value| {
        value.to_str().map_err(|_| {
            Refusal::new(
                ErrorCode::PurposeUnknown,
                format!("the header {PURPOSE_HEADER} holds no text"),
            )
        })
    });
    let purpose = purpose.transpose()?;
    if purposes.next().is_some() {
        return Err(Refusal::new(
            ErrorCode::PurposeUnknown,
            format!("a connection names one purpose; the header {PURPOSE_HEADER} came twice"),
        ));
    }
    Ok(purpose)
}
