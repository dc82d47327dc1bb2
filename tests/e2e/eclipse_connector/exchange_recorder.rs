//! Stands between a city and an Eclipse connector, and writes down what they say: what was recorded is played where there is no Java.

use crate::http_interface::WebReply;
use crate::http_peer::{self, PeerRequest};
use hansa_test_support::tls;
use parking_lot::Mutex;
use rustls::RootCertStore;
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::{TlsAcceptor, TlsConnector};

/// The two places in between.
pub(crate) struct ExchangeRecorder {
    /// Where the city reaches the Eclipse connector.
    pub(crate) eclipse: SocketAddr,
    /// Where the Eclipse connector reaches the city.
    pub(crate) city: SocketAddr,
    said: Arc<Mutex<Vec<Value>>>,
}

impl ExchangeRecorder {
    /// Passes on to an Eclipse connector and a city on these ports of this machine; the city shows a certificate.
    pub(crate) async fn start(
        (eclipse_port, city_port): (u16, u16),
        listeners: (std::net::TcpListener, std::net::TcpListener),
        (shown, key): (&str, &str),
    ) -> Self {
        let said: Arc<Mutex<Vec<Value>>> = Arc::default();
        let listen = |listener: std::net::TcpListener| {
            listener.set_nonblocking(true).unwrap();
            TcpListener::from_std(listener).unwrap()
        };
        let (to_eclipse, to_city) = (listen(listeners.0), listen(listeners.1));
        let (eclipse, city) = (
            to_eclipse.local_addr().unwrap(),
            to_city.local_addr().unwrap(),
        );
        let certificate = CertificateDer::from_pem_slice(shown.as_bytes()).unwrap();
        let private = PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap();
        let mut roots = RootCertStore::empty();
        roots.add(certificate.clone()).unwrap();
        let client = tls::client()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let connector = TlsConnector::from(Arc::new(client));
        let server = tls::server()
            .with_no_client_auth()
            .with_single_cert(vec![certificate], private)
            .unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(server));
        let kept = Arc::clone(&said);
        tokio::spawn(async move {
            loop {
                let (mut caller, _) = to_eclipse.accept().await.unwrap();
                let kept = Arc::clone(&kept);
                tokio::spawn(async move {
                    let Some(request) = asked(&mut caller).await else {
                        return;
                    };
                    let at = begun(&kept, "city", &request);
                    let mut other = TcpStream::connect(("127.0.0.1", eclipse_port))
                        .await
                        .unwrap();
                    let answer = passed_on(&mut other, &request).await;
                    ended(&kept, at, &answer);
                    let _gone = caller.write_all(&answer).await;
                });
            }
        });
        let kept = Arc::clone(&said);
        tokio::spawn(async move {
            loop {
                let (caller, _) = to_city.accept().await.unwrap();
                let (kept, acceptor, connector) =
                    (Arc::clone(&kept), acceptor.clone(), connector.clone());
                tokio::spawn(async move {
                    let Ok(mut caller) = acceptor.accept(caller).await else {
                        return;
                    };
                    let Some(request) = asked(&mut caller).await else {
                        return;
                    };
                    let at = begun(&kept, "eclipse", &request);
                    let other = TcpStream::connect(("127.0.0.1", city_port)).await.unwrap();
                    let name = ServerName::try_from("localhost").unwrap();
                    let mut other = connector.connect(name, other).await.unwrap();
                    let answer = passed_on(&mut other, &request).await;
                    ended(&kept, at, &answer);
                    let _gone = caller.write_all(&answer).await;
                    let _gone = caller.shutdown().await;
                });
            }
        });
        Self {
            eclipse,
            city,
            said,
        }
    }

    /// All that was said, a line each, with names in the place of addresses.
    pub(crate) fn lines(&self) -> String {
        let said = self.said.lock();
        let lines: Vec<String> = said.iter().map(Value::to_string).collect();
        let text = lines.join("\n") + "\n";
        text.replace(&format!("http://{}", self.eclipse), "{eclipse}")
            .replace(&format!("https://{}", self.city), "{city}")
    }
}

async fn asked(caller: &mut (impl AsyncRead + Unpin)) -> Option<(Vec<u8>, PeerRequest)> {
    let (mut bytes, mut piece) = (Vec::new(), [0; 4096]);
    loop {
        let length = caller
            .read(&mut piece)
            .await
            .ok()
            .filter(|length| *length > 0)?;
        bytes.extend_from_slice(&piece[..length]);
        if let Some(request) = http_peer::request(&bytes) {
            return Some((bytes, request));
        }
    }
}

/// Writes down a request in the order in which requests came; gives its place.
fn begun(said: &Mutex<Vec<Value>>, by: &str, (_, request): &(Vec<u8>, PeerRequest)) -> usize {
    let mut said = said.lock();
    said.push(json!({
        "by": by,
        "method": request.method,
        "path": request.path,
        "message": request.body,
    }));
    said.len() - 1
}

fn ended(said: &Mutex<Vec<Value>>, at: usize, answer: &[u8]) {
    let reply = WebReply::of(answer);
    let mut said = said.lock();
    said[at]["status"] = json!(reply.status);
    said[at]["answer"] = serde_json::from_slice(&reply.body).unwrap_or_default();
}

/// Passes a request on, on a connection that ends with it.
async fn passed_on(
    other: &mut (impl AsyncRead + tokio::io::AsyncWrite + Unpin),
    (bytes, _): &(Vec<u8>, PeerRequest),
) -> Vec<u8> {
    let end = bytes
        .windows(4)
        .position(|four| four == b"\r\n\r\n")
        .unwrap();
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let lines = head
        .split("\r\n")
        .filter(|line| !line.to_lowercase().starts_with("connection:"));
    let head: Vec<&str> = lines.collect();
    let head = format!("{}\r\nConnection: close\r\n\r\n", head.join("\r\n"));
    other.write_all(head.as_bytes()).await.unwrap();
    other.write_all(&bytes[end + 4..]).await.unwrap();
    let mut answer = Vec::new();
    let _cut = other.read_to_end(&mut answer).await;
    answer
}
