//! Server for partners' requests: below the web server's paths, and on a listener without TLS for tests on this machine.

use super::{DataspaceBody, DataspaceHandler, DataspaceRequest, DataspaceResponse, PartnerKey};
use crate::internal_error;
use axum::body::{Body, to_bytes};
use hansa_policy::refusal::{ErrorClass, ErrorCode, Refusal};
use http::request::Parts;
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::collections::BTreeMap;
use std::convert::Infallible;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;

/// Largest size of a message, bytes.
const BODY: usize = 1024 * 1024;

/// Deadline for reading a message.
const BODY_TIME: Duration = Duration::from_secs(10);

/// True for a path of the protocol.
#[must_use]
pub fn is_path(path: &[String]) -> bool {
    match path {
        [first, rest @ ..] => {
            first == "dsp" || (first == ".well-known" && rest == ["dspace-version"])
        }
        [] => false,
    }
}

/// Request without its body.
pub struct UnreadRequest<'a> {
    /// Head of the HTTP request.
    pub parts: &'a Parts,
    /// Segments of its path.
    pub path: &'a [String],
    /// Query parameters.
    pub parameters: &'a BTreeMap<String, String>,
    /// Address of the caller.
    pub address: Option<IpAddr>,
}

impl std::fmt::Debug for UnreadRequest<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("UnreadRequest").finish_non_exhaustive()
    }
}

/// Identifies the caller of a request; none without valid credentials.
pub fn identify_partner<H: DataspaceHandler + ?Sized>(
    handler: &H,
    parts: &Parts,
    path: &[String],
    address: Option<IpAddr>,
) -> Option<PartnerKey> {
    let shown = parts.headers.get(header::AUTHORIZATION);
    let shown = shown.and_then(|value| value.to_str().ok());
    handler.identify(shown, address, inner_path(path)).ok()
}

/// Response to a request. The caller is identified before the body is read.
pub async fn answer_request<H: DataspaceHandler + ?Sized>(
    handler: &H,
    partner: Option<PartnerKey>,
    request: UnreadRequest<'_>,
    body: Body,
) -> Response<Body> {
    let path = inner_path(request.path);
    if path == [".well-known", "dspace-version"] {
        let answer = match request.parts.method == Method::GET {
            true => DataspaceResponse::json(200, handler.versions()),
            false => DataspaceResponse::json(405, Vec::new()),
        };
        return to_http_response(answer).await;
    }
    let Some(partner) = partner else {
        return to_http_response(unidentified_response(path)).await;
    };
    let is_post = match request.parts.method {
        Method::GET => false,
        Method::POST => true,
        _ => return to_http_response(DataspaceResponse::json(405, Vec::new())).await,
    };
    let read = tokio::time::timeout(BODY_TIME, to_bytes(body, BODY)).await;
    let Ok(Ok(body)) = read else {
        return to_http_response(DataspaceResponse::json(413, Vec::new())).await;
    };
    let request = DataspaceRequest {
        is_post,
        path: path.to_vec(),
        parameters: request.parameters.clone(),
        address: request.address,
        body: body.to_vec(),
    };
    to_http_response(handler.handle_request(&partner, request).await).await
}

/// Path after `/dsp`.
fn inner_path(path: &[String]) -> &[String] {
    match path {
        [first, rest @ ..] if first == "dsp" => rest,
        other => other,
    }
}

/// Response to an unidentified caller, which discloses nothing about processes. (Dataspace Protocol 2025-1, sections 9.2 and 11.2)
fn unidentified_response(path: &[String]) -> DataspaceResponse {
    let is_process = path
        .iter()
        .any(|part| part == "negotiations" || part == "transfers");
    DataspaceResponse::json(if is_process { 404 } else { 401 }, Vec::new())
}

async fn to_http_response(answer: DataspaceResponse) -> Response<Body> {
    let (body, kind) = match answer.body {
        DataspaceBody::Json(bytes) => (Body::from(bytes), "application/json"),
        DataspaceBody::Rows {
            answer,
            format,
            writer,
        } => match crate::web::transfer_body(*answer, format, writer).await {
            Ok(body) => (body, format.media_type()),
            Err(refusal) => {
                let refusal = internal_error::with_trace_number(refusal);
                tracing::info!(%refusal, "dataspace.rows_refused");
                // The code alone, since a partner must not learn the cause.
                let body = format!("{{\"code\":\"{}\"}}", refusal.code.as_str());
                let mut response = Response::new(Body::from(body));
                *response.status_mut() = match refusal.code.kind() {
                    ErrorClass::Failed | ErrorClass::OutOfReach => StatusCode::SERVICE_UNAVAILABLE,
                    _ => StatusCode::FORBIDDEN,
                };
                let kind = HeaderValue::from_static("application/json");
                response.headers_mut().insert(header::CONTENT_TYPE, kind);
                return response;
            }
        },
    };
    let mut response = Response::new(body);
    *response.status_mut() =
        StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    for (relation, address) in answer.links {
        if let Ok(link) = HeaderValue::from_str(&format!("<{address}>; rel=\"{relation}\"")) {
            headers.append(header::LINK, link);
        }
    }
    response
}

/// Serves on a listener without TLS until the future is dropped. For tests on this machine alone.
///
/// # Errors
/// `USAGE` when the listener's address is not a loopback address.
pub async fn serve_plain<H: DataspaceHandler>(
    listener: TcpListener,
    handler: Arc<H>,
) -> Result<(), Refusal> {
    let is_local = listener
        .local_addr()
        .is_ok_and(|address| address.ip().is_loopback());
    if !is_local {
        let sentence = "without TLS the protocol is spoken on this machine alone";
        return Err(Refusal::new(ErrorCode::UsageWrong, sentence));
    }
    loop {
        let Ok((stream, from)) = listener.accept().await else {
            continue;
        };
        let handler = Arc::clone(&handler);
        tokio::spawn(async move {
            let service = service_fn(move |request: Request<Incoming>| {
                let handler = Arc::clone(&handler);
                async move {
                    let (parts, body) = request.into_parts();
                    let path = parts.uri.path().split('/').skip(1);
                    let path: Vec<String> = path.map(str::to_owned).collect();
                    let partner = identify_partner(&*handler, &parts, &path, Some(from.ip()));
                    let request = UnreadRequest {
                        parts: &parts,
                        path: &path,
                        parameters: &BTreeMap::new(),
                        address: Some(from.ip()),
                    };
                    Ok::<_, Infallible>(
                        answer_request(&*handler, partner, request, Body::new(body)).await,
                    )
                }
            });
            let mut server = hyper::server::conn::http1::Builder::new();
            server
                .timer(TokioTimer::new())
                .header_read_timeout(BODY_TIME);
            if let Err(error) = server.serve_connection(TokioIo::new(stream), service).await {
                tracing::debug!(%error, "dataspace.connection_ended");
            }
        });
    }
}
