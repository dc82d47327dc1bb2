//! Requests as browsers, strangers and proxies send them, byte by byte.

mod uploads;

use super::file_upload::{FileUpload, UploadHead};
use super::server::{ConsoleServerConfig, serve_console};
use super::{
    ConsoleAction, ConsoleBody, ConsoleHandler, ConsoleOrigin, ConsoleRequest, ConsoleResponse,
    CookieChange,
};
use crate::peer::settings::TransportSettings;
use bytes::Bytes;
use futures::StreamExt as _;
use hansa_policy::refusal::{ErrorCode, Refusal};
use parking_lot::Mutex;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

/// Handler that keeps the requests that reach it.
#[derive(Default)]
struct RequestCollector(Mutex<Vec<ConsoleRequest>>, Mutex<Vec<ReceivedUpload>>);

/// File that a handler has read, and the code of its end; none for a whole one.
#[derive(Debug, Default)]
struct ReceivedUpload {
    head: Option<UploadHead>,
    bytes: Vec<u8>,
    fault: Option<ErrorCode>,
}

impl ReceivedUpload {
    async fn read(&mut self, upload: &mut FileUpload) -> Result<(), Refusal> {
        self.head = Some(upload.read_head().await?);
        while let Some(bytes) = upload.read_bytes().await? {
            self.bytes.extend_from_slice(&bytes);
        }
        Ok(())
    }
}

/// File that takes longer than a connection lives, in small pieces; or that stands still after its first piece.
fn build_file(name: &str) -> Option<ConsoleBody> {
    let pieces = match name {
        "slow" => 40,
        "still" => 1,
        _ => return None,
    };
    let written = futures::stream::iter(0..pieces).then(|number| async move {
        tokio::time::sleep(Duration::from_millis(50)).await;
        Ok(Bytes::from(format!("piece {number}\n")))
    });
    Some(ConsoleBody::Stream(match name {
        "still" => written.chain(futures::stream::pending()).boxed(),
        _ => written.boxed(),
    }))
}

#[async_trait::async_trait]
impl ConsoleHandler for RequestCollector {
    async fn answer_request(&self, request: ConsoleRequest) -> ConsoleResponse {
        let name = request.path.first().map_or("", String::as_str);
        let body = build_file(name).unwrap_or_else(|| "page".into());
        let cookie = match request.path.first().map(String::as_str) {
            Some("enter") => Some(CookieChange::Set("secret".to_owned())),
            Some("leave") => Some(CookieChange::Clear),
            _ => None,
        };
        let is_callback = request.path.last().is_some_and(|part| part == "callback");
        let login = match request.path.last().map(String::as_str) {
            Some("start") => Some(CookieChange::Set("state".to_owned())),
            Some("callback") => Some(CookieChange::Clear),
            _ => None,
        };
        let is_immutable = request.path.first().is_some_and(|part| part == "a");
        self.0.lock().push(request);
        ConsoleResponse {
            status: 200,
            content_type: "text/html; charset=utf-8",
            body,
            file_name: None,
            location: None,
            next: is_callback.then(|| "/".to_owned()),
            cookie,
            login,
            language: None,
            is_immutable,
        }
    }

    async fn answer_upload(
        &self,
        request: ConsoleRequest,
        upload: &mut FileUpload,
    ) -> ConsoleResponse {
        let mut received = ReceivedUpload::default();
        // A person without a session is refused unread.
        if request.session.is_some() {
            received.fault = received.read(upload).await.err().map(|fault| fault.code);
        }
        let status = match (&request.session, received.fault) {
            (None, _) => 303,
            (_, Some(_)) => 422,
            (_, None) => 200,
        };
        self.1.lock().push(received);
        let response = self.answer_request(request).await;
        ConsoleResponse { status, ..response }
    }
}

struct TestConsole {
    address: std::net::SocketAddr,
    handler: Arc<RequestCollector>,
    stop: CancellationToken,
}

impl Drop for TestConsole {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

impl TestConsole {
    async fn start() -> Self {
        Self::start_with_age(TransportSettings::default().connection_age).await
    }

    /// Console whose connections take requests for this time.
    async fn start_with_age(connection_age: Duration) -> Self {
        let settings = TransportSettings {
            call: Duration::from_millis(800),
            connection_age,
            ..TransportSettings::default()
        };
        Self::start_with_settings(settings).await
    }

    /// Console that gives senders this time.
    async fn start_within(call: Duration) -> Self {
        let settings = TransportSettings {
            call,
            ..TransportSettings::default()
        };
        Self::start_with_settings(settings).await
    }

    async fn start_with_settings(settings: TransportSettings) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let handler = Arc::new(RequestCollector::default());
        let stop = CancellationToken::new();
        let config = ConsoleServerConfig {
            origin: ConsoleOrigin {
                origin: "http://lindau.localhost:8818".to_owned(),
                is_secure: false,
            },
            tls: None,
            settings,
        };
        let ending = stop.clone();
        tokio::spawn(serve_console(
            listener,
            config,
            Arc::clone(&handler),
            async move { ending.cancelled().await },
        ));
        Self {
            address,
            handler,
            stop,
        }
    }

    /// Sends lines of a request, each with its line end, and gives the whole response.
    async fn send(&self, lines: &[&str], body: &str) -> String {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        let mut head = lines.join("\r\n");
        head.push_str("\r\nConnection: close\r\n\r\n");
        head.push_str(body);
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        let read = stream.read_to_end(&mut answer);
        let _ = tokio::time::timeout(Duration::from_secs(30), read)
            .await
            .expect("an end");
        String::from_utf8_lossy(&answer).into_owned()
    }

    /// Status of a response, and what reached the handler.
    async fn status(&self, lines: &[&str], body: &str) -> (String, Vec<ConsoleRequest>) {
        let answer = self.send(lines, body).await;
        let status = answer.split(' ').nth(1).unwrap_or("none").to_owned();
        (status, std::mem::take(&mut *self.handler.0.lock()))
    }
}

const HOST: &str = "Host: lindau.localhost:8818";
const ORIGIN: &str = "Origin: http://lindau.localhost:8818";
const FORM: &str = "Content-Type: application/x-www-form-urlencoded";

#[tokio::test]
async fn a_page_has_the_headers_that_keep_others_away() {
    let console = TestConsole::start().await;
    let answer = console.send(&["GET / HTTP/1.1", HOST], "").await;
    let head = answer.to_lowercase();
    for header in [
        "content-security-policy: default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
         connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'; \
         require-trusted-types-for 'script'; trusted-types 'none'",
        "cache-control: no-store",
        "referrer-policy: same-origin",
        "x-content-type-options: nosniff",
        "cross-origin-opener-policy: same-origin",
        "cross-origin-resource-policy: same-origin",
    ] {
        assert!(head.contains(header), "{header} is not in {head}");
    }
    // A page and a secret in one compressed text can be told apart by length.
    assert!(!head.contains("content-encoding"), "{head}");
    assert!(!head.contains("strict-transport-security"), "{head}");
    let asset = console
        .send(&["GET /a/x/console.css HTTP/1.1", HOST], "")
        .await;
    assert!(asset.contains("immutable"), "{asset}");
}

#[tokio::test]
async fn another_host_gets_nothing_even_with_a_cookie() {
    let console = TestConsole::start().await;
    let cookie = "Cookie: hansa=secret";
    for lines in [
        &["GET / HTTP/1.1", "Host: evil.example", cookie][..],
        &["GET / HTTP/1.1", HOST, "Host: evil.example", cookie],
        &["GET / HTTP/1.1", "Host: evil.example", HOST, cookie],
        &["GET http://evil.example/ HTTP/1.1", HOST, cookie],
        &["GET / HTTP/1.1", "Host: lindau.localhost", cookie],
        &["GET / HTTP/1.1", "Host: 127.0.0.1:8818", cookie],
        &["GET / HTTP/1.1", "Host: LINDAU.localhost:8818.", cookie],
    ] {
        let (status, seen) = console.status(lines, "").await;
        assert!(
            matches!(status.as_str(), "421" | "400"),
            "{lines:?}: {status}"
        );
        assert!(seen.is_empty(), "{lines:?}");
        // Nor is the right name told.
        let answer = console.send(lines, "").await.to_lowercase();
        assert!(!answer.contains("lindau.localhost"), "{answer}");
    }
    // A link of a stranger does not raise the browser's own dialogue in the console's name.
    let token = format!(
        "GET /?x=hansa_{}_{} HTTP/1.1",
        "a".repeat(12),
        "b".repeat(64)
    );
    let answer = console.send(&[&token, HOST], "").await.to_lowercase();
    assert!(!answer.contains("www-authenticate"), "{answer}");
    assert!(answer.contains("text/plain"), "{answer}");
    let (status, seen) = console.status(&["GET / HTTP/1.1", HOST, cookie], "").await;
    assert_eq!(status, "200");
    assert_eq!(seen[0].session.as_deref(), Some("secret"));
    assert_eq!(seen[0].action, ConsoleAction::Read);
}

#[tokio::test]
async fn whoever_sends_nothing_holds_no_place() {
    let console = TestConsole::start().await;
    let mut silent = Vec::new();
    for _ in 0..64 {
        silent.push(TcpStream::connect(console.address).await.unwrap());
    }
    let ended = async {
        for stream in &mut silent {
            let _ = stream.read_to_end(&mut Vec::new()).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), ended)
        .await
        .expect("silent connections end");
    let (status, _) = console.status(&["GET / HTTP/1.1", HOST], "").await;
    assert_eq!(status, "200");
}

#[tokio::test]
async fn a_file_is_sent_to_its_end_and_one_that_stands_still_is_cut() {
    let console = TestConsole::start_with_age(Duration::from_millis(100)).await;
    // Two seconds: longer than the age of a connection and the time for a page together.
    let slow = console.send(&["GET /slow HTTP/1.1", HOST], "").await;
    assert!(slow.contains("piece 39\n"), "{slow}");
    assert!(slow.ends_with("0\r\n\r\n"), "{slow}");
    let still = console.send(&["GET /still HTTP/1.1", HOST], "").await;
    assert!(still.contains("piece 0\n"), "{still}");
    assert!(!still.ends_with("0\r\n\r\n"), "{still}");
    // An idle connection ends at its age.
    let mut idle = TcpStream::connect(console.address).await.unwrap();
    let head = format!("GET / HTTP/1.1\r\n{HOST}\r\n\r\n");
    idle.write_all(head.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    let ended = tokio::time::timeout(Duration::from_secs(30), idle.read_to_end(&mut answer)).await;
    assert!(ended.is_ok(), "an idle connection ends");
}

#[tokio::test]
async fn only_a_page_of_the_console_acts() {
    let console = TestConsole::start().await;
    let post = "POST /leave HTTP/1.1";
    let length = "Content-Length: 5";
    for (lines, wanted) in [
        (&[post, HOST, FORM, length][..], "403"),
        (&[post, HOST, "Origin: null", FORM, length], "403"),
        (
            &[
                post,
                HOST,
                "Origin: http://other.localhost:8818",
                FORM,
                length,
            ],
            "403",
        ),
        (
            &[
                post,
                HOST,
                "Origin: http://lindau.localhost:8819",
                FORM,
                length,
            ],
            "403",
        ),
        (&[post, HOST, ORIGIN, ORIGIN, FORM, length], "403"),
        (
            &[
                post,
                HOST,
                ORIGIN,
                "Sec-Fetch-Site: same-site",
                FORM,
                length,
            ],
            "403",
        ),
        (
            &[
                post,
                HOST,
                ORIGIN,
                "Sec-Fetch-Site: cross-site",
                FORM,
                length,
            ],
            "403",
        ),
        (
            &[post, HOST, ORIGIN, "Content-Type: text/plain", length],
            "415",
        ),
        (
            &[post, HOST, ORIGIN, "Content-Type: application/json", length],
            "415",
        ),
        (&[post, HOST, ORIGIN, length], "415"),
        (&[post, HOST, ORIGIN, FORM, FORM, length], "415"),
    ] {
        let (status, seen) = console.status(lines, "key=a").await;
        assert_eq!(status, wanted, "{lines:?}");
        assert!(seen.is_empty(), "{lines:?}");
    }
    let lines = [
        post,
        HOST,
        ORIGIN,
        "Sec-Fetch-Site: same-origin",
        FORM,
        length,
    ];
    let (status, seen) = console.status(&lines, "key=a").await;
    assert_eq!(
        (status.as_str(), seen[0].action),
        ("200", ConsoleAction::Act)
    );
    assert_eq!(seen[0].form["key"], "a");
}

#[tokio::test]
async fn requests_that_two_programs_read_differently_are_refused() {
    let console = TestConsole::start().await;
    let post = "POST /enter HTTP/1.1";
    for (lines, body) in [
        (&["GET / HTTP/1.0", HOST][..], ""),
        (&["HEAD / HTTP/1.1", HOST], ""),
        (&["PUT / HTTP/1.1", HOST, "Content-Length: 0"], ""),
        (&["GET / HTTP/1.1", HOST, "Content-Length: 3"], "a=b"),
        (
            &[post, HOST, ORIGIN, FORM, "Transfer-Encoding: chunked"],
            "3\r\na=b\r\n0\r\n\r\n",
        ),
        (
            &[
                post,
                HOST,
                ORIGIN,
                FORM,
                "Content-Length: 3",
                "Transfer-Encoding: chunked",
            ],
            "a=b",
        ),
        (
            &[
                post,
                HOST,
                ORIGIN,
                FORM,
                "Content-Length: 3",
                "Content-Length: 4",
            ],
            "a=b",
        ),
        (&[post, HOST, ORIGIN, FORM, "Content-Length: 7"], "a=b&a=c"),
        (&[post, HOST, ORIGIN, FORM, "Content-Length: 5"], "a=%ff"),
        (&["GET /?a=1&a=2 HTTP/1.1", HOST], ""),
        (&["GET /%00 HTTP/1.1", HOST], ""),
    ] {
        let (status, seen) = console.status(lines, body).await;
        assert_ne!(status, "200", "{lines:?}");
        assert!(seen.is_empty(), "{lines:?}");
    }
}

#[tokio::test]
async fn a_form_that_does_not_come_whole_or_is_too_long_acts_nothing() {
    let console = TestConsole::start().await;
    let post = "POST /enter HTTP/1.1";
    let (status, seen) = console
        .status(&[post, HOST, ORIGIN, FORM, "Content-Length: 30"], "code=1")
        .await;
    assert_eq!(status, "408");
    assert!(seen.is_empty());
    let long = "a".repeat(600 * 1024);
    let length = format!("Content-Length: {}", long.len());
    let (status, seen) = console
        .status(&[post, HOST, ORIGIN, FORM, &length], &long)
        .await;
    assert!(matches!(status.as_str(), "413" | "none"), "{status}");
    assert!(seen.is_empty());
}

#[tokio::test]
async fn a_cookie_is_set_for_this_host_alone_and_one_that_stands_there_twice_is_none() {
    let console = TestConsole::start().await;
    let entered = console.send(&["GET /enter HTTP/1.1", HOST], "").await;
    assert!(
        entered.contains("set-cookie: hansa=secret; HttpOnly; SameSite=Strict; Path=/\r\n"),
        "{entered}"
    );
    let left = console.send(&["GET /leave HTTP/1.1", HOST], "").await;
    assert!(
        left.contains("hansa=; HttpOnly; SameSite=Strict; Path=/; Max-Age=0"),
        "{left}"
    );
    console.handler.0.lock().clear();
    for (cookies, wanted) in [
        (&["Cookie: a=b; hansa=one; c=d"][..], Some("one")),
        (&["Cookie: hansa=one; hansa=two"], None),
        (&["Cookie: hansa=one", "Cookie: hansa=two"], None),
        (&["Cookie: xhansa=one"], None),
        (&[], None),
    ] {
        let lines = [&["GET / HTTP/1.1", HOST], cookies].concat();
        let (_, seen) = console.status(&lines, "").await;
        assert_eq!(seen[0].session.as_deref(), wanted, "{cookies:?}");
    }
}

#[tokio::test]
async fn a_message_of_the_issuer_comes_without_a_page_and_gets_no_session() {
    let console = TestConsole::start().await;
    let cookie = "Cookie: hansa=stolen; hansa-login=state";
    let length = "Content-Length: 14";
    let lines = ["POST /oidc/logout HTTP/1.1", HOST, FORM, cookie, length];
    let (status, seen) = console.status(&lines, "logout_token=x").await;
    assert_eq!((status.as_str(), seen.len()), ("200", 1));
    assert_eq!(seen[0].action, ConsoleAction::Message);
    assert_eq!((&seen[0].session, &seen[0].login), (&None, &None));
    assert_eq!(seen[0].form["logout_token"], "x");
    // Nothing else comes without a page, and no other host and no other body does.
    for (lines, wanted) in [
        (
            ["POST /oidc/callback HTTP/1.1", HOST, FORM, cookie, length],
            "403",
        ),
        (
            ["POST /oidc/logout/x HTTP/1.1", HOST, FORM, cookie, length],
            "403",
        ),
        (
            [
                "POST /oidc/logout HTTP/1.1",
                "Host: evil.example",
                FORM,
                cookie,
                length,
            ],
            "421",
        ),
        (
            [
                "POST /oidc/logout HTTP/1.1",
                HOST,
                "Content-Type: text/plain",
                cookie,
                length,
            ],
            "415",
        ),
    ] {
        let (status, seen) = console.status(&lines, "logout_token=x").await;
        assert_eq!((status.as_str(), seen.len()), (wanted, 0), "{lines:?}");
    }
}

#[tokio::test]
async fn a_browser_comes_back_from_the_issuer_with_the_cookie_of_its_login() {
    let console = TestConsole::start().await;
    let answer = console.send(&["GET /oidc/start HTTP/1.1", HOST], "").await;
    assert!(
        answer.contains(
            "set-cookie: hansa-login=state; HttpOnly; SameSite=Lax; Path=/oidc; Max-Age=600"
        ),
        "{answer}"
    );
    assert!(!answer.contains("refresh:"), "{answer}");
    let lines = [
        "GET /oidc/callback?code=c HTTP/1.1",
        HOST,
        "Cookie: hansa-login=state",
        "Sec-Fetch-Site: cross-site",
    ];
    let answer = console.send(&lines, "").await;
    assert!(answer.contains("refresh: 0; url=/\r\n"), "{answer}");
    assert!(answer.contains("set-cookie: hansa-login=; "), "{answer}");
    assert!(answer.contains("Max-Age=0"), "{answer}");
    let seen = std::mem::take(&mut *console.handler.0.lock());
    assert_eq!(seen[1].login.as_deref(), Some("state"));
    assert_eq!(seen[1].session, None);
}
