//! Server of the console: HTTP/1.1 and HTTP/2, over TLS or on the own machine.

use super::checked_request::{CheckedRequest, LANGUAGE_COOKIE, check_request};
use super::file_upload::FileUpload;
use super::{
    ConsoleBody, ConsoleHandler, ConsoleOrigin, ConsoleRequest, ConsoleResponse, CookieChange,
    LOGIN_PATH,
};
use crate::client_connection::{self, ClientConnection};
use crate::peer::server::ClientTls;
use crate::peer::settings::TransportSettings;
use crate::web::problem::WebError;
use crate::web::server::{REQUEST_TIME, build_http_server, trace_connection_error};
use axum::body::Body;
use bytes::Bytes;
use futures::StreamExt as _;
use futures::stream::BoxStream;
use http::{HeaderName, HeaderValue, Request, Response, StatusCode, header};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use std::convert::Infallible;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::sync::{RwLock, Semaphore};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tonic::transport::server::Connected as _;

/// Largest number of connections without TLS, all from the own machine.
const CONNECTIONS: usize = 64;

/// Time before another try to accept, after the process ran out of file descriptors.
const PAUSE: Duration = Duration::from_millis(50);

/// Time for which running requests are waited for when the connector stops.
const PATIENCE: Duration = Duration::from_secs(1);

/// Time after which a file of which a browser takes nothing loses its connection.
const STANDSTILL: Duration = Duration::from_secs(60);

/// Content that a page may load, and pages that may hold it (Content Security Policy Level 3).
const CONTENT_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
                              form-action 'self'; frame-ancestors 'none'; base-uri 'none'; \
                              require-trusted-types-for 'script'; trusted-types 'none'";

/// Headers of each response.
const HEADERS: [(HeaderName, &str); 7] = [
    (header::CONTENT_SECURITY_POLICY, CONTENT_POLICY),
    (header::CACHE_CONTROL, "no-store"),
    // With `no-referrer`, browsers send `Origin: null` with a form (Fetch, section 3.2), and no act would come from a page of the console.
    (header::REFERRER_POLICY, "same-origin"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        "same-origin",
    ),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        "same-origin",
    ),
    (
        HeaderName::from_static("permissions-policy"),
        "publickey-credentials-get=(self), publickey-credentials-create=(self), camera=(), geolocation=(), microphone=()",
    ),
];

/// Time for which a browser reaches the console by HTTPS alone.
const TRANSPORT_SECURITY: &str = "max-age=31536000";

/// Life of an asset in a cache. Its path contains its digest.
const IMMUTABLE: &str = "public, max-age=31536000, immutable";

/// Configuration of the console's server.
#[derive(Debug)]
pub struct ConsoleServerConfig {
    /// Address of the console.
    pub origin: ConsoleOrigin,
    /// TLS of the socket; absent on the own machine.
    pub tls: Option<ClientTls>,
    /// Limits of connections.
    pub settings: TransportSettings,
}

/// Serves browsers on a listening socket until `stop`.
pub async fn serve_console<H: ConsoleHandler>(
    listener: TcpListener,
    config: ConsoleServerConfig,
    handler: Arc<H>,
    stop: impl Future<Output = ()> + Send,
) {
    let ConsoleServerConfig {
        origin,
        tls,
        settings,
    } = config;
    let site = ConsoleSite {
        handler,
        origin: Arc::new(origin),
        // Without TLS browsers speak HTTP/1.1, whose time for a head begins with the connection.
        server: Arc::new(match tls {
            Some(_) => build_http_server(&settings),
            None => build_http_server(&settings).http1_only(),
        }),
        body_time: settings.call.min(REQUEST_TIME),
        age: settings.connection_age,
        standstill: settings.call.min(STANDSTILL),
        ending: CancellationToken::new(),
    };
    let mut connections = JoinSet::new();
    tokio::pin!(stop);
    match tls {
        Some(tls) => {
            let secured = client_connection::accept_clients(listener, tls, &settings, "console");
            let mut secured = std::pin::pin!(secured);
            loop {
                tokio::select! {
                    () = &mut stop => break,
                    Some(_) = connections.join_next() => {}
                    next = secured.next() => match next {
                        Some(Ok(stream)) => {
                            let known = stream.connect_info();
                            let address = known.credentials(None).address;
                            let site = site.clone();
                            connections.spawn(site.serve_connection(stream, address, Some(known)));
                        }
                        Some(Err(_)) => {}
                        None => break,
                    },
                }
            }
        }
        None => {
            let places = Arc::new(Semaphore::new(CONNECTIONS));
            loop {
                tokio::select! {
                    () = &mut stop => break,
                    Some(_) = connections.join_next() => {}
                    accepted = listener.accept() => match accepted {
                        Ok((stream, from)) => {
                            let Ok(place) = Arc::clone(&places).try_acquire_owned() else {
                                continue;
                            };
                            let site = site.clone();
                            connections.spawn(async move {
                                let _place = place;
                                site.serve_connection(stream, Some(from.ip()), None).await;
                            });
                        }
                        Err(_) => tokio::time::sleep(PAUSE).await,
                    },
                }
            }
        }
    }
    site.ending.cancel();
    let ended = async { while connections.join_next().await.is_some() {} };
    let _ = tokio::time::timeout(PATIENCE, ended).await;
    connections.shutdown().await;
}

/// Parts that all connections share.
struct ConsoleSite<H> {
    handler: Arc<H>,
    origin: Arc<ConsoleOrigin>,
    server: Arc<auto::Builder<TokioExecutor>>,
    /// Deadline for reading a form.
    body_time: Duration,
    /// Age at which a connection takes no more requests.
    age: Duration,
    /// Longest time in which nothing of a file is taken, once the connection has this age.
    standstill: Duration,
    ending: CancellationToken,
}

impl<H> Clone for ConsoleSite<H> {
    fn clone(&self) -> Self {
        Self {
            handler: Arc::clone(&self.handler),
            origin: Arc::clone(&self.origin),
            server: Arc::clone(&self.server),
            body_time: self.body_time,
            age: self.age,
            standstill: self.standstill,
            ending: self.ending.clone(),
        }
    }
}

/// Files that are being sent on a connection.
#[derive(Debug, Default)]
struct SentFiles {
    /// Number of files that are being sent.
    files: AtomicUsize,
    /// Number of the pieces of all files that the connection has taken.
    pieces: AtomicU64,
}

impl SentFiles {
    /// Body of a file, which counts here as long as it is sent.
    fn send_file(self: &Arc<Self>, pieces: BoxStream<'static, std::io::Result<Bytes>>) -> Body {
        let file = SentFile::new(self);
        Body::from_stream(pieces.inspect(move |_| {
            file.0.pieces.fetch_add(1, Ordering::Relaxed);
        }))
    }

    /// Number of the pieces, while a file is being sent.
    fn progress(&self) -> Option<u64> {
        let is_sending = self.files.load(Ordering::Acquire) > 0;
        is_sending.then(|| self.pieces.load(Ordering::Relaxed))
    }
}

/// File that counts among those of its connection until it is dropped.
struct SentFile(Arc<SentFiles>);

impl SentFile {
    fn new(files: &Arc<SentFiles>) -> Self {
        files.files.fetch_add(1, Ordering::AcqRel);
        Self(Arc::clone(files))
    }
}

impl Drop for SentFile {
    fn drop(&mut self) {
        self.0.files.fetch_sub(1, Ordering::AcqRel);
    }
}

/// Response to a request that no page makes: its sentence as text, without a way to sign in by the browser's own dialogue.
fn build_error_response(error: WebError) -> Response<Body> {
    let text = error.to_text();
    let mut response = error.response();
    let headers = response.headers_mut();
    headers.remove(header::WWW_AUTHENTICATE);
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("text/plain; charset=utf-8"),
    );
    *response.body_mut() = Body::from(text);
    response
}

impl<H: ConsoleHandler> ConsoleSite<H> {
    async fn serve_connection(
        self,
        stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
        address: Option<IpAddr>,
        known: Option<Arc<ClientConnection>>,
    ) {
        let site = self.clone();
        let files = Arc::new(SentFiles::default());
        let sent = Arc::clone(&files);
        // Held for reading while a file comes.
        let uploads = Arc::new(RwLock::new(()));
        let running = Arc::clone(&uploads);
        let service = service_fn(move |request: Request<Incoming>| {
            let (site, sent, uploads) = (site.clone(), Arc::clone(&sent), Arc::clone(&running));
            // Who may see a page is asked at each request. A connection with a request is bounded by its age.
            if let Some(known) = &known {
                known.mark_admitted();
            }
            async move {
                let request = request.map(Body::new);
                let answered = site.answer_request(address, request, &sent, &uploads);
                Ok::<_, Infallible>(answered.await)
            }
        });
        let served = self.server.serve_connection(TokioIo::new(stream), service);
        let mut served = std::pin::pin!(served);
        tokio::select! {
            ended = served.as_mut() => return trace_connection_error(ended),
            () = tokio::time::sleep(self.age) => {
                served.as_mut().graceful_shutdown();
                // A file of many bytes may need longer than a connection lasts. Its sender keeps to a least rate.
                tokio::select! {
                    ended = served.as_mut() => return trace_connection_error(ended),
                    _ended = uploads.write() => {}
                    () = self.ending.cancelled() => {}
                }
            }
            () = self.ending.cancelled() => served.as_mut().graceful_shutdown(),
        }
        // A file that is being sent is sent to its end. Who takes nothing of it, or does not read a page to its end, loses the connection.
        loop {
            let before = files.progress();
            let patience = match before {
                Some(_) => self.standstill,
                None => PATIENCE,
            };
            tokio::select! {
                ended = served.as_mut() => return trace_connection_error(ended),
                () = tokio::time::sleep(patience) => {}
                () = self.ending.cancelled() => break,
            }
            if before.is_none() || files.progress() == before {
                return;
            }
        }
        if let Ok(ended) = tokio::time::timeout(PATIENCE, served).await {
            trace_connection_error(ended);
        }
    }

    async fn answer_request(
        &self,
        address: Option<IpAddr>,
        request: Request<Body>,
        files: &Arc<SentFiles>,
        uploads: &RwLock<()>,
    ) -> Response<Body> {
        let checked = check_request(&self.origin, address, request, self.body_time).await;
        let mut response = match checked {
            Ok(CheckedRequest {
                request,
                upload: None,
            }) => {
                let page = self.handler.answer_request(request).await;
                self.build_response(page, files)
            }
            Ok(CheckedRequest {
                request,
                upload: Some(upload),
            }) => {
                let _running = uploads.read().await;
                self.answer_upload(request, upload, files).await
            }
            Err(error) => build_error_response(error),
        };
        let headers = response.headers_mut();
        for (name, value) in HEADERS {
            headers
                .entry(name)
                .or_insert(HeaderValue::from_static(value));
        }
        if self.origin.is_secure {
            let value = HeaderValue::from_static(TRANSPORT_SECURITY);
            headers.insert(header::STRICT_TRANSPORT_SECURITY, value);
        }
        response
    }

    /// Response to a request that brings a file. The connection then ends, since the handler may have left a part of it unread.
    async fn answer_upload(
        &self,
        request: ConsoleRequest,
        mut upload: FileUpload,
        files: &Arc<SentFiles>,
    ) -> Response<Body> {
        let answered = self.handler.answer_upload(request, &mut upload).await;
        let mut response = self.build_response(answered, files);
        let headers = response.headers_mut();
        headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
        tokio::spawn(upload.discard_rest());
        response
    }

    fn build_response(&self, page: ConsoleResponse, files: &Arc<SentFiles>) -> Response<Body> {
        let ConsoleResponse {
            status,
            content_type,
            body,
            file_name,
            location,
            next,
            cookie,
            login,
            language,
            is_immutable,
        } = page;
        let mut response = Response::new(match body {
            ConsoleBody::Whole(bytes) => Body::from(bytes),
            ConsoleBody::Stream(pieces) => files.send_file(pieces),
        });
        *response.status_mut() =
            StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
        if let Some(name) = file_name {
            // The name is made by the console, of letters, digits, hyphens and full stops (RFC 6266, section 4.3).
            let value = format!("attachment; filename=\"{name}\"");
            if let Ok(value) = HeaderValue::try_from(value) {
                headers.insert(header::CONTENT_DISPOSITION, value);
            }
        }
        if let Some(Ok(path)) = location.map(HeaderValue::try_from) {
            headers.insert(header::LOCATION, path);
        }
        if let Some(Ok(next)) = next.map(|path| HeaderValue::try_from(format!("0; url={path}"))) {
            headers.insert(header::REFRESH, next);
        }
        let cookies = [
            cookie.map(|change| self.session_cookie(&change)),
            login.map(|change| self.login_cookie(&change)),
        ];
        for cookie in cookies.into_iter().flatten() {
            if let Ok(cookie) = HeaderValue::try_from(cookie) {
                headers.append(header::SET_COOKIE, cookie);
            }
        }
        if let Some(language) = language {
            let cookie =
                format!("{LANGUAGE_COOKIE}={language}; SameSite=Strict; Path=/; Max-Age=31536000");
            if let Ok(cookie) = HeaderValue::try_from(cookie) {
                headers.append(header::SET_COOKIE, cookie);
            }
        }
        if is_immutable {
            let value = HeaderValue::from_static(IMMUTABLE);
            headers.insert(header::CACHE_CONTROL, value);
        }
        response
    }

    fn session_cookie(&self, change: &CookieChange) -> String {
        let name = self.origin.cookie_name();
        let (value, end) = match change {
            CookieChange::Set(value) => (value.as_str(), ""),
            CookieChange::Clear => ("", "; Max-Age=0"),
        };
        let secure = self.secure_attribute();
        format!("{name}={value}; HttpOnly; SameSite=Strict; Path=/{secure}{end}")
    }

    /// Cookie of a login at the issuer. It comes back with a browser that another site sends here, so it is not `Strict`.
    fn login_cookie(&self, change: &CookieChange) -> String {
        let name = self.origin.login_cookie_name();
        let (value, age) = match change {
            CookieChange::Set(value) => (value.as_str(), 600),
            CookieChange::Clear => ("", 0),
        };
        let secure = self.secure_attribute();
        format!("{name}={value}; HttpOnly; SameSite=Lax; Path={LOGIN_PATH}{secure}; Max-Age={age}")
    }

    fn secure_attribute(&self) -> &'static str {
        match self.origin.is_secure {
            true => "; Secure",
            false => "",
        }
    }
}
