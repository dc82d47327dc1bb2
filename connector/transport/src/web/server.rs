//! Web server for clients: HTTP/1.1 and HTTP/2 over TLS.

use super::WebHandler;
use super::routes::WebRoutes;
use crate::client_connection::{self, ClientStream};
use crate::peer::server::ClientTls;
use crate::peer::settings::TransportSettings;
use axum::body::Body;
use futures::StreamExt as _;
use http::Request;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use std::convert::Infallible;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tonic::transport::server::Connected as _;

/// Deadline for the head of a request, and for its body.
pub(crate) const REQUEST_TIME: Duration = Duration::from_secs(10);

/// Largest size of the head of a request, bytes.
const HEAD: u32 = 32 * 1024;

/// Largest number of headers.
const HEADERS: usize = 64;

/// Largest number of concurrent requests on one HTTP/2 connection.
const STREAMS: u32 = 16;

/// Largest number of unsent bytes of an answer, for each request.
const SEND: usize = 256 * 1024;

/// Time for which running requests are waited for when the connector stops.
const PATIENCE: Duration = Duration::from_secs(1);

/// Configuration of the web server.
#[derive(Debug)]
pub struct WebServerConfig {
    /// TLS of the socket.
    pub tls: ClientTls,
    /// Limits of connections.
    pub settings: TransportSettings,
    /// Folder for unnamed files of answers that are sent only when complete.
    pub folder: PathBuf,
}

/// Serves clients on a listening socket until `stop`.
pub async fn serve_web<H: WebHandler>(
    listener: TcpListener,
    config: WebServerConfig,
    handler: Arc<H>,
    stop: impl Future<Output = ()> + Send,
) {
    let WebServerConfig {
        tls,
        settings,
        folder,
    } = config;
    let secured = client_connection::accept_clients(listener, tls, &settings, "web");
    let mut secured = std::pin::pin!(secured);
    let routes = Arc::new(WebRoutes::new(
        handler,
        settings.call.min(REQUEST_TIME),
        folder,
    ));
    let server = Arc::new(build_http_server(&settings));
    let mut connections = JoinSet::new();
    let ending = CancellationToken::new();
    tokio::pin!(stop);
    loop {
        let stream = tokio::select! {
            () = &mut stop => break,
            Some(_) = connections.join_next() => continue,
            next = secured.next() => match next {
                Some(Ok(stream)) => stream,
                Some(Err(_)) => continue,
                None => break,
            },
        };
        connections.spawn(serve_connection(
            stream,
            Arc::clone(&server),
            Arc::clone(&routes),
            settings.connection_age,
            ending.clone(),
        ));
    }
    ending.cancel();
    let ended = async { while connections.join_next().await.is_some() {} };
    let _ = tokio::time::timeout(PATIENCE, ended).await;
    connections.shutdown().await;
}

/// Builder of connections, with their limits.
pub(crate) fn build_http_server(settings: &TransportSettings) -> auto::Builder<TokioExecutor> {
    let mut server = auto::Builder::new(TokioExecutor::new());
    server
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(settings.call.min(REQUEST_TIME))
        .max_headers(HEADERS)
        .max_buf_size(usize::try_from(HEAD).unwrap_or(usize::MAX));
    server
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(settings.keep_alive)
        .keep_alive_timeout(settings.keep_alive)
        .max_header_list_size(HEAD)
        .max_send_buf_size(SEND)
        .max_concurrent_streams(STREAMS);
    server
}

/// Serves one connection.
async fn serve_connection<H: WebHandler>(
    stream: ClientStream<TcpStream>,
    server: Arc<auto::Builder<TokioExecutor>>,
    routes: Arc<WebRoutes<H>>,
    age: Duration,
    ending: CancellationToken,
) {
    let known = stream.connect_info();
    let service = service_fn(move |request: Request<Incoming>| {
        let (routes, known) = (Arc::clone(&routes), Arc::clone(&known));
        async move {
            let request = request.map(Body::new);
            Ok::<_, Infallible>(routes.answer_request(&known, request).await)
        }
    });
    let served = server.serve_connection(TokioIo::new(stream), service);
    let mut served = std::pin::pin!(served);
    tokio::select! {
        ended = served.as_mut() => return trace_connection_error(ended),
        () = tokio::time::sleep(age) => {}
        () = ending.cancelled() => {}
    }
    served.as_mut().graceful_shutdown();
    trace_connection_error(served.await);
}

/// Traces how a connection ended, where it was no end of the client's own.
pub(crate) fn trace_connection_error(ended: Result<(), Box<dyn std::error::Error + Send + Sync>>) {
    if let Err(error) = ended {
        tracing::debug!(%error, "web.connection_ended");
    }
}
