//! Programs that speak HTTP: saved queries and statements, by the same walk as at the command line.

use crate::clients::Firm;
use hansa_test_support::participant::TestParticipant;
use hansa_test_support::tls;
use hansa_test_support::workflow::{PURPOSE, text};
use rustls::RootCertStore;
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, ServerName};
use serde_json::Value;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// The lines of a configuration that open the face, with two saved queries.
pub(crate) const WEB: &str = r#"
[web]
listen = "127.0.0.1:0"

[query.sites]
title = "Sites with so many bicycles"
sql = "SELECT site, bikes FROM lindau.bikes WHERE bikes >= $least ORDER BY site"

  [query.sites.parameter.least]
  type = "int"
  default = "0"

[query.hidden]
title = "What no contract gives"
sql = "SELECT * FROM lindau.secrets"
"#;

/// What came for a request.
pub(crate) struct WebReply {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
    /// Whether its end came, by its length or its last piece.
    pub(crate) is_whole: bool,
}

impl WebReply {
    fn of(bytes: &[u8]) -> Self {
        let at = bytes.windows(4).position(|four| four == b"\r\n\r\n");
        let (head, mut rest) = match at {
            Some(at) => (&bytes[..at], &bytes[at + 4..]),
            None => (bytes, &[][..]),
        };
        let head = String::from_utf8_lossy(head).to_lowercase();
        let status = head
            .split(' ')
            .nth(1)
            .map_or(0, |word| word.parse().unwrap());
        let length = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length: "));
        let mut body = Vec::new();
        let mut is_whole = false;
        match length {
            Some(length) => {
                body.extend_from_slice(rest);
                is_whole = body.len() == length.parse::<usize>().unwrap();
            }
            None => {
                // Pieces, each behind its length in hexadecimal digits.
                while let Some(at) = rest.windows(2).position(|two| two == b"\r\n") {
                    let length = std::str::from_utf8(&rest[..at]).unwrap();
                    let length = usize::from_str_radix(length, 16).unwrap();
                    if length == 0 {
                        is_whole = true;
                        break;
                    }
                    let piece = &rest[at + 2..];
                    body.extend_from_slice(&piece[..length.min(piece.len())]);
                    rest = piece.get(length + 2..).unwrap_or_default();
                }
            }
        }
        Self {
            status,
            head,
            body,
            is_whole,
        }
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.body.clone()).unwrap()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    /// The code of a problem.
    pub(crate) fn code(&self) -> String {
        assert!(
            self.head.contains("application/problem+json"),
            "{} {}",
            self.head,
            self.text()
        );
        text(&self.json(), "code")
    }
}

/// The face of a participant that serves, and how it is reached.
pub(crate) struct WebFace {
    address: SocketAddr,
    connector: TlsConnector,
    name: ServerName<'static>,
}

impl WebFace {
    pub(crate) fn of(participant: &TestParticipant) -> Self {
        let state = participant.folder().join("state");
        let address = std::fs::read_to_string(state.join("web")).unwrap();
        let mut roots = RootCertStore::empty();
        let pem = std::fs::read(state.join("clients-root.pem")).unwrap();
        for root in CertificateDer::pem_slice_iter(&pem) {
            roots.add(root.unwrap()).unwrap();
        }
        let mut config = tls::client()
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Self {
            address: address.trim().parse().unwrap(),
            connector: TlsConnector::from(Arc::new(config)),
            name: ServerName::try_from(participant.domain().to_owned()).unwrap(),
        }
    }

    pub(crate) async fn open(&self) -> TlsStream<TcpStream> {
        let stream = TcpStream::connect(self.address).await.unwrap();
        self.connector
            .connect(self.name.clone(), stream)
            .await
            .unwrap()
    }

    /// All that comes for these bytes, until the other end closes.
    pub(crate) async fn raw(&self, bytes: &[u8]) -> Vec<u8> {
        let mut stream = self.open().await;
        stream.write_all(bytes).await.unwrap();
        rest(&mut stream).await
    }

    pub(crate) async fn get(&self, path: &str, token: &Value, headers: &str) -> WebReply {
        WebReply::of(&self.raw(head("GET", path, token, headers).as_bytes()).await)
    }

    pub(crate) async fn post(&self, path: &str, token: &Value, body: &Value) -> WebReply {
        let body = body.to_string();
        let headers = format!(
            "Content-Type: application/json\r\nContent-Length: {}\r\n",
            body.len()
        );
        let request = format!("{}{body}", head("POST", path, token, &headers));
        WebReply::of(&self.raw(request.as_bytes()).await)
    }
}

/// What comes until the other end closes, or breaks off.
pub(crate) async fn rest(stream: &mut TlsStream<TcpStream>) -> Vec<u8> {
    let mut bytes = Vec::new();
    let _ = stream.read_to_end(&mut bytes).await;
    bytes
}

pub(crate) fn head(method: &str, path: &str, token: &Value, headers: &str) -> String {
    let token = text(token, "access_token");
    format!(
        "{method} {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nConnection: close\r\n{headers}\r\n"
    )
}

#[test]
fn a_saved_query_gives_csv_and_leaves_the_same_records() {
    let firm = Firm::start_with(WEB, |_| {});
    let token = firm.token(&["--purpose", PURPOSE]);
    let face = WebFace::of(&firm.firm);
    firm.runtime.block_on(async {
        let all = face.get("/v1/queries/sites", &token, "").await;
        assert_eq!((all.status, all.is_whole), (200, true), "{}", all.text());
        assert_eq!(all.text(), "site,bikes\r\nHafen,310\r\nInsel,77\r\n");
        assert!(all.head.contains("x-hansa-reads: [{"), "{}", all.head);
        let some = face.get("/v1/queries/sites?least=100&format=json", &token, "").await;
        let some = some.json();
        assert_eq!(some["rows"][0]["site"], Value::from("Hafen"));
        assert_eq!(some["row_count"], Value::from(1));
        assert_eq!(some["reads"][0]["dataset"], Value::from("bikes"));
        // A statement with values in its places.
        let asked = serde_json::json!({"sql": "SELECT sum(bikes) AS n FROM lindau.bikes WHERE site <> ?", "parameters": ["Hafen"]});
        let sum = face.post("/v1/query", &token, &asked).await.json();
        assert_eq!(sum["rows"][0]["n"], Value::from(77));
        let listed = face.get("/v1/queries", &token, "").await.json();
        assert_eq!(listed["queries"].as_array().unwrap().len(), 1, "{listed}");
        assert_eq!(text(&listed["queries"][0], "path"), "/v1/queries/sites");
        let described = face.get("/openapi.json", &token, "").await.text();
        assert!(described.contains("/v1/queries/sites") && !described.contains("hidden"), "{described}");
        for (path, status, code) in [
            ("/v1/queries/sites?least=many", 400, "USAGE"),
            ("/v1/queries/nothing", 404, "QUERY_UNKNOWN"),
            ("/v1/queries/hidden", 404, "DATASET_UNKNOWN"),
            ("/v1/queries/lindau/sites", 404, "QUERY_UNKNOWN"),
        ] {
            let refused = face.get(path, &token, "").await;
            assert_eq!((refused.status, refused.code().as_str()), (status, code), "{path}");
        }
        let wrong = serde_json::json!({"sql": "SELECT nothing FROM lindau.bikes"});
        let wrong = face.post("/v1/query", &token, &wrong).await;
        assert_eq!((wrong.status, wrong.code().as_str()), (400, "COLUMN_UNKNOWN"));
    });
    let errands = firm.firm.records("errand");
    assert_eq!(errands.len(), 3);
    for errand in &errands {
        assert_eq!(text(errand, "access_token"), text(&token, "token"));
        assert_eq!(text(errand, "purpose"), PURPOSE);
    }
    assert_eq!(firm.city.records("permit").len(), 3);
    assert_eq!(firm.firm.records("received").len(), 3);
    assert_eq!(firm.city.records("receipt_ack").len(), 3);
}
