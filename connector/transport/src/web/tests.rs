//! Tests of requests byte by byte over real TLS, with a handler that knows one saved query.

use super::format::AnswerWriter;
use super::server::{WebServerConfig, serve_web};
use super::{
    ClientSavedQuery, OpenAnswer, OpenAnswerStanding, OpenDataset, PortalPage, WebHandler,
};
use crate::client_fixture::{ID, client_secret, identify_client};
use crate::flight_sql::access_token::AccessToken;
use crate::flight_sql::{
    ClientAnswer, ClientCredentials, ClientTable, FlightSqlHandler, StatementDescription,
};
use crate::peer::settings::TransportSettings;
use crate::peer::testing::tls_league::TlsLeague;
use arrow_array::cast::AsArray as _;
use arrow_array::types::Int64Type;
use arrow_array::{Int64Array, RecordBatch};
use arrow_schema::{DataType, Field, Schema, SchemaRef};
use bytes::Bytes;
use futures::{StreamExt as _, stream};
use hansa_catalog::{ColumnType, SavedQuery, SavedQueryParameter};
use hansa_policy::refusal::{ErrorCode, Refusal};
use parking_lot::Mutex;
use rustls::ClientConfig;
use serde_json::Value;
use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicUsize, Ordering};
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

fn columns() -> SchemaRef {
    let read = r#"[{"participant":"munster.example","attribution":["Stadt Münster"]}]"#;
    let metadata = [("hansa.reads".to_owned(), read.to_owned())];
    let fields = vec![Field::new("n", DataType::Int64, true)];
    Arc::new(Schema::new_with_metadata(fields, metadata.into()))
}

/// Handler for one token: as many numbers as the parameter states, with an error after an odd number. Everybody may fetch others.
#[derive(Default)]
struct NumbersHandler {
    /// Reserved amounts of open data.
    reserved: Mutex<Vec<u64>>,
    /// True if the log accepts no records.
    is_full: AtomicBool,
    /// True if the open view has ended.
    is_over: Arc<AtomicBool>,
    /// Number of questions for the open view.
    asked: AtomicUsize,
    /// True if they are refused.
    is_refused: AtomicBool,
    ticks: AtomicI64,
}

struct NumbersStanding(Arc<AtomicBool>);

impl OpenAnswerStanding for NumbersStanding {
    fn ended_view_refusal(&self) -> Option<Refusal> {
        let over = Refusal::new(ErrorCode::Withdrawn, "the view is over");
        self.0.load(Ordering::SeqCst).then_some(over)
    }
}

fn numbers(batches: i64, from: i64) -> Vec<Result<RecordBatch, Refusal>> {
    let batch = |_| {
        let numbers = Int64Array::from_iter_values(from..from + 1000);
        Ok(RecordBatch::try_new(columns(), vec![Arc::new(numbers)]).unwrap())
    };
    (0..batches).map(batch).collect()
}

#[async_trait::async_trait]
impl FlightSqlHandler for NumbersHandler {
    type Client = Option<String>;

    fn identify(
        &self,
        presented: ClientCredentials<'_>,
        purpose: Option<&str>,
    ) -> Result<Option<String>, Refusal> {
        identify_client(presented, purpose)
    }

    async fn receipts(&self, _: &Option<String>) -> Result<Vec<Bytes>, Refusal> {
        Ok(Vec::new())
    }

    async fn tables(&self, _: &Option<String>) -> Result<Vec<ClientTable>, Refusal> {
        Ok(Vec::new())
    }

    async fn describe_statement(
        &self,
        _: &Option<String>,
        _: &str,
        _: Option<RecordBatch>,
    ) -> Result<StatementDescription, Refusal> {
        Err(Refusal::new(ErrorCode::Internal, "nobody asks"))
    }

    async fn run(
        &self,
        _: &Option<String>,
        sql: &str,
        parameters: Option<RecordBatch>,
    ) -> Result<ClientAnswer, Refusal> {
        assert_eq!(sql, "SELECT ($1)");
        let row = parameters.unwrap();
        let count = row.column(0).as_primitive::<Int64Type>().value(0);
        let mut batches = numbers(count / 1000, 0);
        let broken = (count % 2 == 1).then(|| Err(Refusal::new(ErrorCode::StreamCut, "it broke")));
        batches.extend(broken);
        Ok(ClientAnswer {
            columns: columns(),
            rows: stream::iter(batches).boxed(),
            evidence: None,
        })
    }
}

#[async_trait::async_trait]
impl WebHandler for NumbersHandler {
    async fn saved_queries(
        &self,
        purpose: &Option<String>,
    ) -> Result<Vec<ClientSavedQuery>, Refusal> {
        Ok(vec![self.saved_query(purpose, None, "numbers").await?])
    }

    async fn saved_query(
        &self,
        _: &Option<String>,
        owner: Option<&str>,
        name: &str,
    ) -> Result<ClientSavedQuery, Refusal> {
        if (owner, name) != (None, "numbers") {
            return Err(Refusal::new(ErrorCode::QueryUnknown, "there is none"));
        }
        Ok(ClientSavedQuery {
            owner: None,
            query: SavedQuery {
                name: "numbers".parse().unwrap(),
                title: "Numbers".to_owned(),
                description: None,
                sql: "SELECT $count".to_owned(),
                parameters: vec![SavedQueryParameter {
                    name: "count".parse().unwrap(),
                    kind: ColumnType::Int,
                    description: None,
                    default: None,
                }],
            },
            statement: "SELECT ($1)".to_owned(),
            columns: columns(),
        })
    }

    async fn explain_statement(&self, _: &Option<String>, _: &str) -> Result<Value, Refusal> {
        Ok(Value::Null)
    }

    fn open_datasets(&self) -> Vec<OpenDataset> {
        let dataset = OpenDataset {
            name: "counts".to_owned(),
            title: "Counts".to_owned(),
            licence: "https://licence.example/".to_owned(),
            attribution: None,
            contract: "c".repeat(64),
            version: "1".to_owned(),
            columns: columns(),
        };
        let is_over = self.is_over.load(Ordering::SeqCst);
        (!is_over).then_some(dataset).into_iter().collect()
    }

    fn dataspace(&self) -> Option<Arc<dyn crate::dataspace::DataspaceHandler>> {
        None
    }

    fn opens_anything(&self) -> bool {
        !self.open_datasets().is_empty()
    }

    fn tells_portals(&self, _: &[String]) -> bool {
        false
    }

    fn ticks(&self) -> i64 {
        self.ticks.load(Ordering::SeqCst)
    }

    async fn find_portal_page(
        &self,
        _: &[String],
        _: Option<&[String]>,
        _: &BTreeMap<String, String>,
    ) -> Result<Option<PortalPage>, Refusal> {
        Ok(None)
    }

    fn admit_stranger(&self, _: Option<IpAddr>) -> Result<(), Duration> {
        match self.reserved.lock().len() {
            0..20 => Ok(()),
            _ => Err(Duration::from_secs(7)),
        }
    }

    async fn open_answer(&self, dataset: &OpenDataset) -> Result<OpenAnswer, Refusal> {
        assert_eq!(dataset.name, "counts");
        self.asked.fetch_add(1, Ordering::SeqCst);
        if self.is_refused.load(Ordering::SeqCst) {
            let secret = "a sentence for the own people";
            return Err(Refusal::new(ErrorCode::SnapshotDamaged, secret));
        }
        Ok(OpenAnswer {
            answer: ClientAnswer {
                columns: columns(),
                rows: stream::iter(numbers(400, i64::MIN)).boxed(),
                evidence: None,
            },
            standing: Box::new(NumbersStanding(Arc::clone(&self.is_over))),
        })
    }

    fn parquet_writer(&self, columns: SchemaRef) -> Result<Box<dyn AnswerWriter>, Refusal> {
        Ok(Box::new(super::format::csv::CsvWriter::new(columns, false)))
    }

    async fn reserve(&self, _: Option<&OpenDataset>, bytes: u64) -> Result<(), Refusal> {
        if self.is_full.load(Ordering::SeqCst) {
            let full = "the log can't be written, so no question is answered";
            return Err(Refusal::new(ErrorCode::EvidenceUnavailable, full));
        }
        self.reserved.lock().push(bytes);
        Ok(())
    }
}

struct Face {
    address: SocketAddr,
    tls: Arc<ClientConfig>,
    handler: Arc<NumbersHandler>,
}

impl Face {
    async fn start(settings: TransportSettings) -> Self {
        let league = TlsLeague::new();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let mut tls = ClientConfig::clone(&league.client_without_certificate());
        tls.alpn_protocols.clear();
        let handler = Arc::new(NumbersHandler::default());
        let config = WebServerConfig {
            tls: league.client_tls(),
            settings,
            folder: std::env::temp_dir(),
        };
        tokio::spawn(serve_web(
            listener,
            config,
            Arc::clone(&handler),
            std::future::pending(),
        ));
        Self {
            address,
            tls: Arc::new(tls),
            handler,
        }
    }

    async fn open(&self) -> TlsStream<TcpStream> {
        self.secure(TcpStream::connect(self.address).await.unwrap())
            .await
    }

    async fn secure(&self, stream: TcpStream) -> TlsStream<TcpStream> {
        let connector = TlsConnector::from(Arc::clone(&self.tls));
        let name = self.address.ip().into();
        connector.connect(name, stream).await.unwrap()
    }

    /// All bytes that come back for these bytes, until the other end closes.
    async fn raw(&self, bytes: &str) -> String {
        let mut stream = self.open().await;
        stream.write_all(bytes.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        // A cut answer has no TLS end either.
        let _ = stream.read_to_end(&mut answer).await;
        String::from_utf8(answer).unwrap()
    }

    /// Response to a caller without credentials.
    async fn fetch(&self, path: &str) -> WebAnswer {
        let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        WebAnswer::of(&self.raw(&request).await)
    }

    async fn get(&self, path: &str, headers: &str) -> WebAnswer {
        let token = AccessToken::new(ID, &client_secret()).unwrap().to_text();
        let request = format!(
            "GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nConnection: close\r\n{headers}\r\n"
        );
        WebAnswer::of(&self.raw(&request).await)
    }
}

struct WebAnswer {
    status: u16,
    head: String,
    body: String,
}

impl WebAnswer {
    fn of(text: &str) -> Self {
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or((text, ""));
        Self {
            status: head
                .split(' ')
                .nth(1)
                .map_or(0, |word| word.parse().unwrap()),
            head: head.to_lowercase(),
            body: body.to_owned(),
        }
    }

    fn code(&self) -> String {
        let problem: Value = serde_json::from_str(&self.body).unwrap();
        assert!(self.head.contains("content-type: application/problem+json"));
        assert_eq!(problem["status"], Value::from(self.status));
        problem["code"].as_str().unwrap().to_owned()
    }
}

#[tokio::test]
async fn without_a_token_nobody_is_told_what_there_is() {
    let face = Face::start(TransportSettings::default()).await;
    for path in [
        "/",
        "/v1/queries",
        "/v1/queries/numbers",
        "/openapi.json",
        "/nothing",
    ] {
        let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        let answer = WebAnswer::of(&face.raw(&request).await);
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (401, "TOKEN_REQUIRED"),
            "{path}"
        );
        assert!(
            answer.head.contains("www-authenticate: basic realm="),
            "{}",
            answer.head
        );
        assert!(!answer.body.contains("umbers"), "{}", answer.body);
    }
    let wrong = AccessToken::new(ID, &"d".repeat(64)).unwrap().to_text();
    let request = format!(
        "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer {wrong}\r\n\r\n"
    );
    let answer = WebAnswer::of(&face.raw(&request).await);
    assert_eq!(
        (answer.status, answer.code().as_str()),
        (401, "TOKEN_INVALID")
    );
}

#[tokio::test]
async fn a_saved_query_is_asked_by_its_name() {
    let face = Face::start(TransportSettings::default()).await;
    let answer = face.get("/v1/queries/numbers?count=1000", "").await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    for line in [
        "content-type: text/csv; charset=utf-8; header=present",
        "content-disposition: attachment; filename=\"numbers.csv\"",
        "cache-control: no-store",
        "x-content-type-options: nosniff",
        "content-security-policy: default-src 'none'",
        "stadt m\\u00fcnster",
        "content-length: ",
    ] {
        assert!(answer.head.contains(line), "{line}: {}", answer.head);
    }
    assert!(!answer.head.contains("access-control"), "{}", answer.head);
    assert_eq!(answer.body.lines().count(), 1001);
    let json = face
        .get(
            "/v1/queries/numbers?count=1000",
            "Accept: application/json\r\n",
        )
        .await;
    let json: Value = serde_json::from_str(&json.body).unwrap();
    assert_eq!(json["row_count"], Value::from(1000));
    let listed = face.get("/v1/queries", "").await;
    let listed: Value = serde_json::from_str(&listed.body).unwrap();
    assert_eq!(
        listed["queries"][0]["path"],
        Value::from("/v1/queries/numbers")
    );
    let described = face.get("/openapi.json", "").await;
    let described: Value = serde_json::from_str(&described.body).unwrap();
    assert_eq!(described["openapi"], Value::from("3.1.0"));
    for (path, status, code) in [
        ("/v1/queries/numbers", 400, "USAGE"),
        ("/v1/queries/numbers?count=x", 400, "USAGE"),
        ("/v1/queries/numbers?count=1000&n=1", 400, "USAGE"),
        ("/v1/queries/numbers?count=1000&format=pdf", 400, "USAGE"),
        ("/v1/queries?x=1", 400, "USAGE"),
        ("/v1/queries/others", 404, "QUERY_UNKNOWN"),
        ("/v1/queries/munster/numbers", 404, "QUERY_UNKNOWN"),
        ("/v1/query", 405, "USAGE"),
        ("/v1/queries/numbers/", 404, "QUERY_UNKNOWN"),
        ("/v2", 404, "USAGE"),
        (
            "/v1/queries/numbers?count=1000&format=geojson",
            400,
            "USAGE",
        ),
    ] {
        let answer = face.get(path, "").await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (status, code),
            "{path}"
        );
    }
    let purposes = face
        .get("/v1/queries?purpose=a", "x-hansa-purpose: b\r\n")
        .await;
    assert_eq!(purposes.code(), "PURPOSE_UNKNOWN");
}

#[tokio::test]
async fn a_cut_answer_has_no_end() {
    let face = Face::start(TransportSettings::default()).await;
    // An early failure is sent as a refusal, without any rows.
    let small = face.get("/v1/queries/numbers?count=1001", "").await;
    assert_eq!((small.status, small.code().as_str()), (502, "STREAM_CUT"));
    for format in ["csv", "json"] {
        let address = |count| format!("/v1/queries/numbers?count={count}&format={format}");
        let whole = face.get(&address(200_000), "").await;
        assert!(
            whole.head.contains("transfer-encoding: chunked"),
            "{}",
            whole.head
        );
        assert!(whole.body.ends_with("\r\n0\r\n\r\n"));
        let cut = face.get(&address(400_001), "").await;
        assert_eq!(cut.status, 200);
        assert!(cut.body.len() > 256 * 1024);
        assert!(!cut.body.ends_with("0\r\n\r\n"), "{format}");
        assert!(!cut.body.contains("complete"));
    }
}

#[tokio::test]
async fn a_request_has_one_length() {
    let face = Face::start(TransportSettings::default()).await;
    let token = AccessToken::new(ID, &client_secret()).unwrap().to_text();
    let hidden =
        format!("GET /v1/queries HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\r\n");
    let body = "{\"sql\": \"SELECT 1\"}";
    for (headers, status) in [
        ("Transfer-Encoding: chunked\r\n".to_owned(), 411),
        (
            "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n".to_owned(),
            411,
        ),
        (
            "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n".to_owned(),
            411,
        ),
        ("Transfer-Encoding: identity\r\n".to_owned(), 400),
        ("Transfer-Encoding: chunked, identity\r\n".to_owned(), 400),
        ("Content-Length: 5\r\nContent-Length: 6\r\n".to_owned(), 400),
        ("Content-Length: 5, 5\r\n".to_owned(), 400),
        ("Content-Length: +5\r\n".to_owned(), 400),
        ("Content-Length : 5\r\n".to_owned(), 400),
        ("Host: y\r\nContent-Length: 0\r\n".to_owned(), 400),
    ] {
        let request = format!(
            "POST /v1/query HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\n{headers}\r\n0\r\n\r\n{hidden}"
        );
        let came = face.raw(&request).await;
        let answer = WebAnswer::of(&came);
        assert_eq!(answer.status, status, "{headers}: {came}");
        // Bytes after it are not parsed as another request.
        assert_eq!(came.matches("HTTP/1.1 ").count(), 1, "{headers}: {came}");
        assert!(!came.contains("umbers"), "{came}");
    }
    let old = face
        .raw(&format!(
            "GET /v1/queries HTTP/1.0\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\r\n"
        ))
        .await;
    assert!(old.contains(" 505 "), "{old}");
    let length = body.len();
    let get = face.raw(&format!("GET /v1/queries HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nContent-Length: {length}\r\n\r\n{body}{hidden}")).await;
    assert_eq!(get.matches("HTTP/1.1 ").count(), 1, "{get}");
    assert!(get.contains(" 400 "), "{get}");
    let anonymous = face
        .raw(&format!(
            "GET /v1/queries HTTP/1.1\r\nAuthorization: Bearer {token}\r\n\r\n"
        ))
        .await;
    assert!(anonymous.contains(" 400 "), "{anonymous}");
    let large = "x".repeat(64 * 1024);
    let large = face
        .raw(&format!(
            "GET / HTTP/1.1\r\nHost: x\r\nx-a: {large}\r\n\r\n"
        ))
        .await;
    assert!(large.starts_with("HTTP/1.1 431 "), "{large}");
}

#[tokio::test]
async fn slow_and_endless_requests_end() {
    let settings = TransportSettings {
        call: Duration::from_millis(300),
        ..TransportSettings::default()
    };
    let face = Face::start(settings).await;
    let token = AccessToken::new(ID, &client_secret()).unwrap().to_text();
    let head = format!("POST /v1/query HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n");
    // A head that does not end, a body that does not arrive, and one above the limit.
    let slow = face.raw(&format!("{head}x-a: ")).await;
    assert!(!slow.contains(" 200 "), "{slow}");
    let slow = face
        .raw(&format!(
            "{head}Content-Type: application/json\r\nContent-Length: 50\r\n\r\n{{"
        ))
        .await;
    assert!(slow.contains(" 408 "), "{slow}");
    let length = 1024 * 1024;
    let large = face
        .raw(&format!(
            "{head}Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{}",
            "x".repeat(600 * 1024)
        ))
        .await;
    assert!(large.contains(" 413 "), "{large}");
    let other = face
        .raw(&format!(
            "{head}Content-Type: text/plain\r\nContent-Length: 2\r\n\r\n{{}}"
        ))
        .await;
    assert!(other.contains(" 415 "), "{other}");
}

#[tokio::test]
async fn open_bytes_leave_behind_their_record_alone() {
    let face = Face::start(TransportSettings::default()).await;
    let handler = &face.handler;
    let index = face.fetch("/open").await;
    let listed: Value = serde_json::from_str(&index.body).unwrap();
    assert_eq!(
        listed["datasets"][0]["files"][1]["href"],
        "https://x/open/counts.csv"
    );
    let file = face.fetch("/open/counts.csv").await;
    assert_eq!((file.status, file.body.lines().count()), (200, 400_001));
    assert!(
        file.head
            .contains("link: <https://licence.example/>; rel=\"license\""),
        "{}",
        file.head
    );
    // The sent amount, reserved before sending; the second reader of a file causes no question.
    assert_eq!(
        *handler.reserved.lock(),
        [index.body.len(), file.body.len()].map(|length| length as u64)
    );
    let again = face.fetch("/open/counts.csv").await;
    assert_eq!(
        (again.body, handler.asked.load(Ordering::SeqCst)),
        (file.body, 1)
    );
    handler.is_full.store(true, Ordering::SeqCst);
    for path in [
        "/open/counts/rows",
        "/open",
        "/open/counts.csv",
        "/open/counts.parquet",
    ] {
        let refused = face.fetch(path).await;
        assert_eq!(
            (refused.status, refused.code().as_str()),
            (500, "EVIDENCE_UNAVAILABLE"),
            "{path}"
        );
    }
    handler.is_full.store(false, Ordering::SeqCst);
    let other = face.fetch("/open/counts.geojson").await;
    assert_eq!(
        (other.status, other.code().as_str()),
        (404, "DATASET_UNKNOWN")
    );
    while handler.reserved.lock().len() < 20 {
        face.fetch("/open").await;
    }
    let many = face.fetch("/open/counts.csv").await;
    assert_eq!(many.status, 429);
    assert!(many.head.contains("retry-after: 8"), "{}", many.head);
}

#[tokio::test]
async fn an_open_view_that_ends_cuts_its_readers() {
    let face = Face::start(TransportSettings::default()).await;
    // The client reads little: most of the eight million bytes wait at the server.
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    let mut stream = face
        .secure(socket.connect(face.address).await.unwrap())
        .await;
    let request = "GET /open/counts.csv HTTP/1.1\r\nHost: x\r\n\r\n";
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut begin = vec![0; 1024];
    stream.read_exact(&mut begin).await.unwrap();
    face.handler.is_over.store(true, Ordering::SeqCst);
    let _ = stream.read_to_end(&mut begin).await;
    let answer = WebAnswer::of(std::str::from_utf8(&begin).unwrap());
    let length = answer
        .head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "));
    let length: usize = length.unwrap().parse().unwrap();
    assert!(
        answer.body.len() < length,
        "{} of {length}",
        answer.body.len()
    );
    // A participant without open data discloses nothing about it.
    assert_eq!(face.fetch("/open").await.code(), "TOKEN_REQUIRED");
}

#[tokio::test]
async fn open_rows_come_in_pages() {
    let face = Face::start(TransportSettings::default()).await;
    let page = async |path: &str| {
        let answer = face.fetch(path).await;
        let length = format!("content-length: {}", answer.body.len());
        assert!(answer.head.contains(&length), "{}", answer.head);
        serde_json::from_str::<Value>(&answer.body).unwrap()
    };
    let first = page("/open/counts/rows").await;
    assert_eq!(
        (&first["page"], &first["pages"]),
        (&Value::from(1), &Value::from(400))
    );
    assert_eq!(first["rows"].as_array().unwrap().len(), 1000);
    assert_eq!(first["rows"][0]["n"], Value::from(i64::MIN));
    assert_eq!(first["next"], "https://x/open/counts/rows?page=2");
    assert_eq!(first["complete"], Value::from(true));
    let last = page("/open/counts/rows?page=400").await;
    assert_eq!(last["rows"][999]["n"], Value::from(i64::MIN + 999));
    assert_eq!(last.get("next"), None);
    let reserved = face.handler.reserved.lock().clone();
    assert!(reserved.iter().all(|bytes| *bytes > 20_000), "{reserved:?}");
    for (path, status) in [
        ("/open/counts/rows?page=401", 404),
        ("/open/counts/rows?page=0", 400),
        ("/open/counts/rows?page=-1", 400),
        ("/open/counts/rows?limit=3", 400),
        ("/open/other/rows", 404),
    ] {
        assert_eq!(face.fetch(path).await.status, status, "{path}");
    }
    let described = page("/open/openapi.json").await;
    assert_eq!(described["openapi"], "3.1.0");
    assert!(
        described["paths"].get("/open/counts.parquet").is_some(),
        "{described}"
    );
}

/// A file that can't be made is not tried at each request, and strangers don't learn the reason.
#[tokio::test]
async fn a_file_that_is_refused_is_not_asked_for_again_at_once() {
    let face = Face::start(TransportSettings::default()).await;
    let handler = &face.handler;
    handler.is_refused.store(true, Ordering::SeqCst);
    for _ in 0..3 {
        let refused = face.fetch("/open/counts.csv").await;
        assert_eq!(refused.status, 503, "{}", refused.body);
        assert!(!refused.body.contains("own people"), "{}", refused.body);
        assert!(refused.head.contains("retry-after: "), "{}", refused.head);
    }
    assert_eq!(handler.asked.load(Ordering::SeqCst), 1);
    handler.is_refused.store(false, Ordering::SeqCst);
    handler.ticks.store(3_600_000_000, Ordering::SeqCst);
    assert_eq!(face.fetch("/open/counts.csv").await.status, 200);
    assert_eq!(handler.asked.load(Ordering::SeqCst), 2);
    assert!(handler.reserved.lock().iter().all(|bytes| *bytes > 0));
}
