//! A bare Arrow Flight server: the text of the ticket over the named files, over the same mutual TLS and the same settings
//! of HTTP/2 as the governed wire. It runs as a process of its own, like the provider.

use crate::bare_server::client::PlanReuse;
use crate::bare_server::registered_tables::BareTableRegistry;
use crate::bare_server::{StringLayout, frame, over, runtime};
use crate::governed_query::clock;
use arrow_flight::encode::FlightDataEncoderBuilder;
use arrow_flight::error::FlightError;
use arrow_flight::flight_service_server::{FlightService, FlightServiceServer};
use arrow_flight::{
    Action, ActionType, Criteria, Empty, FlightData, FlightDescriptor, FlightInfo,
    HandshakeRequest, HandshakeResponse, PollInfo, PutResult, SchemaResult, Ticket,
};
use datafusion::execution::SendableRecordBatchStream;
use futures::stream::BoxStream;
use futures::{StreamExt as _, TryStreamExt as _};
use hansa_identity::mtls::{self, TrustStore};
use hansa_identity::participant_identity::{self, IdentityFiles};
use hansa_policy::id::ParticipantId;
use hansa_transport::peer::settings::TransportSettings;
use std::collections::BTreeMap;
use std::io;
use std::io::BufRead as _;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::process::{Child, Command, Stdio};
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;
use tonic::transport::server::Connected;
use tonic::{Request, Response, Status, Streaming};

/// The server's process.
pub(crate) struct BareServerProcess {
    child: Child,
    address: String,
    _out: std::io::BufReader<std::process::ChildStdout>,
}

impl BareServerProcess {
    /// Starts this program again, to serve these files with the certificate of `provider`.
    pub(crate) fn start(
        league: &Path,
        provider: &str,
        files: &BTreeMap<impl serde::Serialize + Ord, Vec<PathBuf>>,
    ) -> Self {
        let keys = crate::governed_query::files(&league.join(provider));
        let report = serde_json::json!({
            "files": files, "id": format!("hansa://{provider}.example"),
            "tls_key": keys.tls_key, "tls_cert": keys.tls_cert, "bundle": keys.bundle,
            "signing_key": keys.signing_key, "note_key": keys.note_key,
        });
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--bare-server", &report.to_string()])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut out = std::io::BufReader::new(child.stdout.take().unwrap());
        let mut address = String::new();
        out.read_line(&mut address).unwrap();
        Self {
            child,
            address: address.trim().to_owned(),
            _out: out,
        }
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// Its process.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for BareServerProcess {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Serves until it is killed.
pub(crate) fn run(text: &str) {
    let report: serde_json::Value = serde_json::from_str(text).unwrap();
    let path = |name: &str| PathBuf::from(report[name].as_str().unwrap());
    let keys = IdentityFiles {
        signing_key: path("signing_key"),
        note_key: path("note_key"),
        tls_key: path("tls_key"),
        tls_cert: path("tls_cert"),
        bundle: path("bundle"),
    };
    let bare = BareFlightService {
        files: serde_json::from_value(report["files"].clone()).unwrap(),
        registered: BareTableRegistry::default(),
    };
    let clock = clock();
    let id: ParticipantId = report["id"].as_str().unwrap().parse().unwrap();
    let identity = participant_identity::load_identity(&keys, &id, 0, clock().wall).unwrap();
    let trust = TrustStore::new(&identity);
    let tls = tokio_rustls::TlsAcceptor::from(mtls::server_config(&trust, &clock).unwrap());
    runtime().block_on(async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        println!("{}", listener.local_addr().unwrap());
        let secured = futures::stream::unfold(listener, |listener| async {
            let (tcp, _) = listener.accept().await.unwrap();
            tcp.set_nodelay(true).unwrap();
            Some((tcp, listener))
        })
        .then(move |tcp| {
            let tls = tls.clone();
            async move { tls.accept(tcp).await.map(AnonymousConnection) }
        });
        let settings = TransportSettings::default();
        tonic::transport::Server::builder()
            .max_frame_size(settings.frame)
            .initial_stream_window_size(settings.stream_window)
            .initial_connection_window_size(settings.connection_window)
            .add_service(FlightServiceServer::new(bare))
            .serve_with_incoming(secured)
            .await
            .unwrap();
    });
}

/// A connection of which tonic need not know anything.
struct AnonymousConnection(TlsStream<TcpStream>);

impl Connected for AnonymousConnection {
    type ConnectInfo = ();

    fn connect_info(&self) -> Self::ConnectInfo {}
}

impl AsyncRead for AnonymousConnection {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().0).poll_read(context, buffer)
    }
}

impl AsyncWrite for AnonymousConnection {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().0).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().0).poll_write_vectored(context, bytes)
    }

    fn is_write_vectored(&self) -> bool {
        self.0.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().0).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().0).poll_shutdown(context)
    }
}

/// Answers whatever it is asked.
struct BareFlightService {
    files: BTreeMap<String, Vec<PathBuf>>,
    registered: BareTableRegistry,
}

type FlightResponse<T> = Result<Response<T>, Status>;
type UnusedStream<T> = BoxStream<'static, Result<T, Status>>;

/// Rows as they leave.
fn sent(stream: SendableRecordBatchStream) -> FlightResponse<UnusedStream<FlightData>> {
    let frames = FlightDataEncoderBuilder::new()
        .with_schema(stream.schema())
        .build(stream.map_err(|fault| FlightError::ExternalError(Box::new(fault))))
        .map_err(|fault| Status::internal(fault.to_string()));
    Ok(Response::new(frames.boxed()))
}

fn unused<T>() -> FlightResponse<T> {
    Err(Status::unimplemented(
        "the bare server streams, and no more",
    ))
}

#[tonic::async_trait]
impl FlightService for BareFlightService {
    type HandshakeStream = UnusedStream<HandshakeResponse>;
    type ListFlightsStream = UnusedStream<FlightInfo>;
    type DoGetStream = UnusedStream<FlightData>;
    type DoPutStream = UnusedStream<PutResult>;
    type DoActionStream = UnusedStream<arrow_flight::Result>;
    type ListActionsStream = UnusedStream<ActionType>;
    type DoExchangeStream = UnusedStream<FlightData>;

    /// The ticket is `dataset`, a line feed, and the text of the question over the table `t`, whose texts are plain ones where an
    /// equals sign stands before the dataset; without a dataset, over all of them by their names. Before a dataset that stays registered
    /// stands the mark of when its plan is made.
    async fn do_get(&self, request: Request<Ticket>) -> FlightResponse<Self::DoGetStream> {
        let ticket = String::from_utf8(request.into_inner().ticket.to_vec()).unwrap();
        let (dataset, sql) = ticket.split_once('\n').unwrap();
        for planned in [PlanReuse::Anew, PlanReuse::Once] {
            if let Some(dataset) = dataset.strip_prefix(planned.mark()) {
                let files = &self.files[dataset];
                return sent(self.registered.rows(dataset, files, (sql, planned)).await);
            }
        }
        let frame = match dataset.strip_prefix('=') {
            Some(dataset) => frame(sql, &self.files[dataset], StringLayout::Plain).await,
            None if dataset.is_empty() => over(sql, &self.files).await,
            None => frame(sql, &self.files[dataset], StringLayout::Views).await,
        };
        sent(frame.execute_stream().await.unwrap())
    }

    /// The bare unary call.
    async fn get_flight_info(&self, _: Request<FlightDescriptor>) -> FlightResponse<FlightInfo> {
        Ok(Response::new(FlightInfo::new()))
    }

    async fn handshake(
        &self,
        _: Request<Streaming<HandshakeRequest>>,
    ) -> FlightResponse<Self::HandshakeStream> {
        unused()
    }

    async fn list_flights(&self, _: Request<Criteria>) -> FlightResponse<Self::ListFlightsStream> {
        unused()
    }

    async fn poll_flight_info(&self, _: Request<FlightDescriptor>) -> FlightResponse<PollInfo> {
        unused()
    }

    async fn get_schema(&self, _: Request<FlightDescriptor>) -> FlightResponse<SchemaResult> {
        unused()
    }

    async fn do_put(&self, _: Request<Streaming<FlightData>>) -> FlightResponse<Self::DoPutStream> {
        unused()
    }

    async fn do_action(&self, _: Request<Action>) -> FlightResponse<Self::DoActionStream> {
        unused()
    }

    async fn list_actions(&self, _: Request<Empty>) -> FlightResponse<Self::ListActionsStream> {
        unused()
    }

    async fn do_exchange(
        &self,
        _: Request<Streaming<FlightData>>,
    ) -> FlightResponse<Self::DoExchangeStream> {
        unused()
    }
}
