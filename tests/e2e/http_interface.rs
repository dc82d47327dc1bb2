//! Programs that speak HTTP: saved queries and statements, by the same walk as at the command line.

use crate::binary;
use crate::clients::{Firm, says};
use hansa_test_support::league::TestLeague;
use hansa_test_support::participant::TestParticipant;
use hansa_test_support::tls;
use hansa_test_support::workflow::{ALL, PURPOSE, text};
use rustls::RootCertStore;
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, ServerName};
use serde_json::Value;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};
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
    pub(crate) fn of(bytes: &[u8]) -> Self {
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

    /// One whose end takes in little before it is read.
    pub(crate) async fn open_slow(&self) -> TlsStream<TcpStream> {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(4096).unwrap();
        let stream = socket.connect(self.address).await.unwrap();
        self.connector
            .connect(self.name.clone(), stream)
            .await
            .unwrap()
    }

    /// All that comes for these bytes, until the other end closes. It may close before it has taken all of them.
    pub(crate) async fn raw(&self, bytes: &[u8]) -> Vec<u8> {
        let mut stream = self.open().await;
        let _ = stream.write_all(bytes).await;
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
    let remote_queries = firm.firm.records("remote_query");
    assert_eq!(remote_queries.len(), 3);
    for remote_query in &remote_queries {
        assert_eq!(text(remote_query, "access_token"), text(&token, "token"));
        assert_eq!(text(remote_query, "purpose"), PURPOSE);
    }
    assert_eq!(firm.city.records("permit").len(), 3);
    assert_eq!(firm.firm.records("received").len(), 3);
    assert_eq!(firm.city.records("receipt_ack").len(), 3);
}

const TREES: &str = "lon,lat,kind,planted\n7.1,51.1,oak,2020-03-01\n7.2,51.2,lime,2021-03-01\n7.3,51.3,oak,2022-03-01\n,,fir,2023-03-01\n";

const KINDS: &str = r#"
[dataset.query.kinds]
title = "Trees of a kind"
sql = "SELECT lon, lat, kind FROM trees WHERE kind = $kind ORDER BY lon"
[dataset.query.kinds.parameter.kind]
type = "text"
"#;

/// A city with trees, of which a firm may see all, and with visits, of which it may see the cells of places alone.
fn trees() -> Firm {
    let league = TestLeague::new(binary());
    let mut city = league.city("lindau");
    let firm = league.firm("acme");
    league.hand_bundle_to("lindau");
    city.holds("trees", TREES, KINDS);
    city.holds("visits", "lon,lat,n\n7.1,51.1,3\n7.2,51.2,4\n", "");
    city.publishes();
    city.offers("trees", "all", ALL, "\"league\"", "auto");
    let cells = format!("{ALL}\ncells = {{ to = \"grid:1000\" }}");
    city.offers("visits", "cells", &cells, "\"league\"", "auto");
    city.serve();
    firm.knows(&city);
    for dataset in ["lindau.trees", "lindau.visits"] {
        let _ = firm.contract(dataset);
    }
    // The firm opens a dataset of its own to anybody.
    firm.holds("squares", "lon,lat,name\n7.1,51.1,market\n", "");
    firm.publishes();
    let open = "open_data = true\nvalid = { from = 2026-01-01, until = 2029-12-31 }";
    firm.offers("squares", "open", open, "\"public\"", "auto");
    Firm::of(league, city, firm, "\n[web]\nlisten = \"127.0.0.1:0\"\n")
}

#[test]
fn a_saved_query_of_a_provider_is_asked_by_whoever_holds_a_contract() {
    let firm = trees();
    let token = firm.token(&["--purpose", PURPOSE]);
    let face = WebFace::of(&firm.firm);
    firm.runtime.block_on(async {
        let path = "/v1/queries/lindau/kinds?kind=oak";
        let csv = face.get(path, &token, "").await;
        assert_eq!(
            csv.text(),
            "lon,lat,kind\r\n7.1,51.1,oak\r\n7.3,51.3,oak\r\n"
        );
        let points = face
            .get(&format!("{path}&format=geojson"), &token, "")
            .await
            .json();
        assert_eq!(
            points["features"][1]["geometry"]["coordinates"][0],
            Value::from(7.3)
        );
        assert_eq!(
            points["features"][0]["properties"]["kind"],
            Value::from("oak")
        );
        let listed = face.get("/v1/queries", &token, "").await.json();
        assert_eq!(text(&listed["queries"][0], "owner"), "lindau");
        let missing = face.get("/v1/queries/lindau/kinds", &token, "").await;
        assert_eq!((missing.status, missing.code().as_str()), (400, "USAGE"));
        let shown = firm
            .firm
            .hansa(&["--json", "catalog", "show", "lindau.trees"])
            .must()
            .json();
        assert!(shown.to_string().contains("Trees of a kind"), "{shown}");
        let contract = text(&csv_reads(&csv), "contract");
        firm.city
            .hansa(&[
                "--yes", "contract", "withdraw", &contract, "--reason", "enough",
            ])
            .must();
        let gone = face.get(path, &token, "").await;
        assert_eq!((gone.status, gone.code().as_str()), (409, "WITHDRAWN"));
    });
}

/// What stands first in the header that names what was read.
fn csv_reads(reply: &WebReply) -> Value {
    let line = reply
        .head
        .lines()
        .find_map(|line| line.strip_prefix("x-hansa-reads: "));
    let reads: Value = serde_json::from_str(line.unwrap()).unwrap();
    reads[0].clone()
}

#[test]
fn points_are_features_and_pages_end_with_the_last() {
    let firm = trees();
    let token = firm.token(&["--purpose", PURPOSE]);
    let face = WebFace::of(&firm.firm);
    firm.runtime.block_on(async {
        let collections = face.get("/ogc/collections", &token, "").await.json();
        assert_eq!(text(&collections["collections"][0], "id"), "lindau.trees");
        let items = "/ogc/collections/lindau.trees/items";
        let all = face.get(items, &token, "").await.json();
        assert_eq!(all["numberReturned"], Value::from(4));
        assert_eq!(all["links"].as_array().unwrap().len(), 1);
        let some = face
            .get(
                &format!("{items}?bbox=7.15,51,7.4,52&datetime=2022-01-01/.."),
                &token,
                "",
            )
            .await
            .json();
        assert_eq!(some["numberReturned"], Value::from(1), "{some}");
        // Each page once, in the order of all columns.
        let (mut next, mut seen) = (Some(format!("{items}?limit=3")), 0);
        let mut pages = 0;
        while let Some(path) = next.take() {
            let page = face.get(&path, &token, "").await.json();
            seen += page["features"].as_array().unwrap().len();
            pages += 1;
            let links = page["links"].as_array().unwrap().iter();
            let link = links.into_iter().find(|link| text(link, "rel") == "next");
            next = link.map(|link| text(link, "href").replace("https://x", ""));
        }
        assert_eq!((pages, seen), (2, 4));
        let other = face
            .get(&format!("{items}?snapshot=1999"), &token, "")
            .await;
        assert_eq!(other.status, 409);
        for (path, status, code) in [
            (format!("{items}?kind=oak"), 400, "USAGE"),
            (format!("{items}/1"), 404, "USAGE"),
            (
                "/ogc/collections/lindau.secrets/items".to_owned(),
                404,
                "DATASET_UNKNOWN",
            ),
        ] {
            let refused = face.get(&path, &token, "").await;
            assert_eq!(
                (refused.status, refused.code().as_str()),
                (status, code),
                "{path}"
            );
        }
        // A contract that shows cells alone gives no points, however small the box.
        let cells = face
            .get(
                "/ogc/collections/lindau.visits/items?bbox=7,51,7.15,51.15",
                &token,
                "",
            )
            .await;
        assert_eq!(
            (cells.status, cells.code().as_str()),
            (404, "DATASET_UNKNOWN")
        );
        assert_eq!(collections["collections"].as_array().unwrap().len(), 1);
    });
}

#[test]
fn what_an_agent_saw_is_in_the_log() {
    let firm = trees();
    let token = firm.token(&["--purpose", PURPOSE, "--purpose", "dpv:Marketing"]);
    let face = WebFace::of(&firm.firm);
    let call = |name: &str, arguments: Value| {
        let params = serde_json::json!({"name": name, "arguments": arguments});
        serde_json::json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params})
    };
    let asked = firm.runtime.block_on(async {
        let begin = serde_json::json!({"jsonrpc": "2.0", "id": "a", "method": "initialize",
            "params": {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}}});
        let begun = face.post("/mcp?purpose=dpv:Marketing", &token, &begin).await.json();
        assert_eq!(begun["result"]["protocolVersion"], Value::from("2025-06-18"));
        let ready = serde_json::json!({"jsonrpc": "2.0", "method": "notifications/initialized"});
        assert_eq!(face.post("/mcp", &token, &ready).await.status, 202);
        let list = serde_json::json!({"jsonrpc": "2.0", "id": 2, "method": "tools/list"});
        let list = face.post("/mcp", &token, &list).await.json();
        assert_eq!(list["result"]["tools"].as_array().unwrap().len(), 3);
        let found = call("catalog_search", serde_json::json!({"purpose": PURPOSE, "words": "trees kind"}));
        let found = face.post("/mcp", &token, &found).await.json();
        assert_eq!(found["result"]["structuredContent"]["found"], Value::from(2), "{found}");
        let explained = call("explain", serde_json::json!({"purpose": PURPOSE, "sql": "SELECT kind FROM lindau.trees"}));
        let explained = face.post("/mcp", &token, &explained).await.json();
        assert_eq!(explained["result"]["isError"], Value::from(false), "{explained}");
        // Without a purpose, for another one, and for what no contract gives.
        let none = call("ask", serde_json::json!({"sql": "SELECT kind FROM lindau.trees"}));
        let none = face.post("/mcp", &token, &none).await.json();
        assert_eq!(none["error"]["code"], Value::from(-32602), "{none}");
        for (purpose, sql, code) in [
            ("dpv:Advertising", "SELECT kind FROM lindau.trees", "PURPOSE_NOT_COVERED"),
            ("dpv:Marketing", "SELECT kind FROM lindau.trees", "PURPOSE_NOT_COVERED"),
            (PURPOSE, "SELECT * FROM lindau.secrets", "DATASET_UNKNOWN"),
        ] {
            let refused = call("ask", serde_json::json!({"purpose": purpose, "sql": sql}));
            let refused = face.post("/mcp", &token, &refused).await.json();
            assert_eq!(refused["result"]["isError"], Value::from(true), "{refused}");
            assert_eq!(text(&refused["result"]["structuredContent"], "code"), code, "{refused}");
        }
        let page = head("POST", "/mcp", &token, "Origin: https://evil.example\r\nContent-Type: application/json\r\nContent-Length: 2\r\n");
        let page = WebReply::of(&face.raw(format!("{page}{{}}").as_bytes()).await);
        assert_eq!(page.status, 403);
        let ask = call("ask", serde_json::json!({"purpose": PURPOSE, "query": "lindau/kinds", "parameters": {"kind": "oak"}}));
        face.post("/mcp", &token, &ask).await.json()
    });
    let answer = &asked["result"]["structuredContent"];
    assert_eq!(answer["row_count"], Value::from(2), "{asked}");
    let request = &answer["requests"][0];
    let received = firm.firm.records("received").pop().unwrap();
    assert_eq!(text(&received, "request_id"), text(request, "request"));
    assert_eq!(text(&received, "receipt"), text(request, "receipt"));
    let permits = firm.city.records("permit");
    assert!(
        permits
            .iter()
            .any(|permit| text(permit, "request_id") == text(request, "request"))
    );
}

/// The programs of others: `pip install --target FOLDER` of what tests/clients/packages.txt lists.
#[test]
#[ignore = "needs packages of Python, by HANSA_CLIENT_PACKAGES"]
fn programs_in_python_ask_over_http() {
    let packages = std::env::var("HANSA_CLIENT_PACKAGES").unwrap();
    let firm = trees();
    let token = firm.token(&["--purpose", PURPOSE]);
    let state = firm.firm.folder().join("state");
    let address = std::fs::read_to_string(state.join("web")).unwrap();
    let target = serde_json::json!({
        "address": address.trim(),
        "name": firm.firm.domain(),
        "root": state.join("clients-root.pem"),
        "token": token["access_token"],
        "id": token["token"],
        "purpose": PURPOSE,
    });
    firm.firm.write("target.json", &target.to_string());
    let script = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../tests/clients/http_programs.py"
    );
    says(
        std::process::Command::new("python3")
            .args([script, "target.json"])
            .current_dir(firm.firm.folder())
            .env("PYTHONPATH", &packages),
        9,
    );
}
