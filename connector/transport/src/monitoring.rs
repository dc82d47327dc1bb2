//! Monitoring interface: metrics, liveness and readiness, for the operator's tools.
//!
//! It uses HTTP/1.1 and HTTP/2 without TLS, on an address of the own machine or network. Metrics contain names of peers and
//! datasets, so an address that others can reach needs a token. Readiness is available without a token, as codes alone.

use axum::Router;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tonic_health::ServingStatus;
use tonic_health::server::HealthReporter;

/// Handler that knows the state of the connector.
#[async_trait::async_trait]
pub trait MonitoringHandler: Send + Sync + 'static {
    /// Metrics in the text format of OpenMetrics 1.0.
    ///
    /// # Errors
    /// When the metrics can't be collected.
    async fn metrics(&self) -> Result<String, Refusal>;

    /// Conditions for answering questions; peers are not among them.
    async fn readiness(&self) -> Vec<ReadinessCheck>;
}

/// One condition of readiness.
#[derive(Debug, Clone)]
pub struct ReadinessCheck {
    /// Name of the condition, one or two words.
    pub name: &'static str,
    /// Reason why the condition is not met, if it is not.
    pub fault: Option<Refusal>,
}

/// Token for readers of metrics, presented as `Authorization: Bearer …`. Kept as its digest.
#[derive(Clone, PartialEq, Eq)]
pub struct MonitoringToken(blake3::Hash);

impl MonitoringToken {
    /// Token with this text.
    ///
    /// # Errors
    /// `CONFIG_INVALID` when the text has fewer than 16 characters.
    pub fn new(text: &str) -> Result<Self, Refusal> {
        if text.len() < 16 {
            return Err(Refusal::new(
                ErrorCode::ConfigInvalid,
                "the token of the metrics has fewer than 16 characters",
            )
            .with_help("openssl rand -hex 32 makes one"));
        }
        Ok(Self(blake3::hash(text.as_bytes())))
    }

    /// True if a request presents the token. The comparison takes constant time.
    fn is_in(&self, headers: &HeaderMap) -> bool {
        let presented = headers
            .get(header::AUTHORIZATION)
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.strip_prefix("Bearer "));
        presented.is_some_and(|text| blake3::hash(text.as_bytes()) == self.0)
    }
}

impl fmt::Debug for MonitoringToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MonitoringToken(…)")
    }
}

#[derive(Clone)]
struct MonitoringState {
    handler: Arc<dyn MonitoringHandler>,
    token: Option<MonitoringToken>,
}

impl MonitoringState {
    fn is_open_to(&self, headers: &HeaderMap) -> bool {
        self.token.as_ref().is_none_or(|token| token.is_in(headers))
    }
}

/// Serves `/metrics`, `/livez`, `/readyz` and `grpc.health.v1` until `stop`. Without a `token`, everybody who reaches the address
/// can read everything.
pub async fn serve_monitoring(
    listener: TcpListener,
    handler: Arc<dyn MonitoringHandler>,
    token: Option<MonitoringToken>,
    stop: impl Future<Output = ()> + Send,
) {
    let (reporter, health) = tonic_health::server::health_reporter();
    let state = MonitoringState {
        handler: Arc::clone(&handler),
        token,
    };
    let router = tonic::service::Routes::new(health)
        .into_axum_router()
        .merge(
            Router::new()
                .route("/livez", get(async || "ok\n"))
                .route("/readyz", get(readiness_response))
                .route("/metrics", get(metrics_response))
                .with_state(state),
        )
        .fallback(async || (StatusCode::NOT_FOUND, "nothing is here\n"));
    let mut server = auto::Builder::new(TokioExecutor::new());
    server
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADERS);
    server
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(STREAMS);
    let server = Arc::new(server);
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    let mut connections = JoinSet::new();
    connections.spawn(report_health(reporter, handler));
    tokio::pin!(stop);
    loop {
        let accepted = tokio::select! {
            () = &mut stop => break,
            _ = connections.join_next(), if connections.len() > CONNECTIONS => continue,
            accepted = listener.accept() => accepted,
        };
        let Ok((stream, _)) = accepted else {
            // Out of file descriptors; some will be freed.
            tokio::time::sleep(PAUSE).await;
            continue;
        };
        let Ok(permit) = Arc::clone(&places).try_acquire_owned() else {
            continue;
        };
        let (server, service) = (
            Arc::clone(&server),
            TowerToHyperService::new(router.clone()),
        );
        connections.spawn(async move {
            let _place = permit;
            let served = server.serve_connection(TokioIo::new(stream), service);
            // A client that needs more time connects again.
            let _ = tokio::time::timeout(WHOLE, served).await;
        });
    }
    connections.shutdown().await;
}

async fn metrics_response(State(state): State<MonitoringState>, headers: HeaderMap) -> Response {
    if !state.is_open_to(&headers) {
        return (
            StatusCode::UNAUTHORIZED,
            [(header::WWW_AUTHENTICATE, "Bearer")],
            "the metrics of this connector need the token of [monitoring] token_file\n",
        )
            .into_response();
    }
    match state.handler.metrics().await {
        Ok(text) => ([(header::CONTENT_TYPE, OPEN_METRICS)], text).into_response(),
        Err(refusal) => {
            let refusal = crate::internal_error::with_trace_number(refusal);
            (StatusCode::INTERNAL_SERVER_ERROR, format!("{refusal}\n")).into_response()
        }
    }
}

async fn readiness_response(
    State(state): State<MonitoringState>,
    Query(asked): Query<BTreeMap<String, String>>,
    headers: HeaderMap,
) -> Response {
    let checks = state.handler.readiness().await;
    let is_ready = checks.iter().all(|check| check.fault.is_none());
    let status = match is_ready {
        true => StatusCode::OK,
        false => StatusCode::SERVICE_UNAVAILABLE,
    };
    let mut text = String::new();
    if asked.contains_key("verbose") || !is_ready {
        let is_open = state.is_open_to(&headers);
        for ReadinessCheck { name, fault } in &checks {
            text.push_str(&match fault {
                None => format!("[+] {name} ok\n"),
                Some(fault) if is_open => format!("[-] {name} {fault}\n"),
                Some(fault) => format!("[-] {name} {}\n", fault.code),
            });
        }
    }
    text.push_str(if is_ready { "ready\n" } else { "not ready\n" });
    (status, text).into_response()
}

/// Updates the status of `grpc.health.v1`.
async fn report_health(reporter: HealthReporter, handler: Arc<dyn MonitoringHandler>) {
    let mut look = tokio::time::interval(LOOK);
    // Initial status of the reporter.
    let mut told = ServingStatus::Serving;
    loop {
        look.tick().await;
        let checks = handler.readiness().await;
        let status = match checks.iter().all(|check| check.fault.is_none()) {
            true => ServingStatus::Serving,
            false => ServingStatus::NotServing,
        };
        // Watchers get each change once.
        if status != told {
            reporter.set_service_status("", status).await;
            told = status;
        }
    }
}

const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Largest number of connections.
const CONNECTIONS: usize = 32;

/// Largest number of concurrent requests on one HTTP/2 connection.
const STREAMS: u32 = 16;

/// Deadline for the head of a request.
const HEADERS: Duration = Duration::from_secs(10);

/// Longest duration of a connection.
const WHOLE: Duration = Duration::from_secs(300);

/// Pause after a failed accept.
const PAUSE: Duration = Duration::from_millis(100);

/// Interval of the readiness checks.
const LOOK: Duration = Duration::from_secs(2);

#[cfg(test)]
mod tests;
