//! Tests of a connector and its worker on a loopback socket, over real TLS.

mod authentication;
mod task_rows;

use crate::cluster::client::{TaskRowStream, WorkerClient};
use crate::cluster::server::{
    self, ClusterCaller, ClusterTls, TaskFrame, TaskFrameStream, TaskHandler, closing_message,
    flight_message,
};
use crate::flight::{DoGetHandler, FlightMessageStream};
use crate::peer::settings::TransportSettings;
use crate::peer::testing::tls_league::TlsLeague;
use crate::peer::testing::{answer_frames, expect_soon};
use crate::peer_handler::AnswerStreamFrame;
use arrow_flight::{FlightData, Ticket};
use async_trait::async_trait;
use bytes::Bytes;
use futures::{StreamExt as _, stream};
use hansa_audit_log::digest::Digest;
use hansa_audit_log::time::UtcTimestamp;
use hansa_policy::id::{ContractId, RequestId};
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_proto::cluster::{
    BriefedContract, QuestionBriefing, TaskDataset, TaskLimits, TeamMember, WorkerTicket,
};
use rustls::ClientConfig;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tonic::{Request, Status};

type TaskFunction = Box<dyn Fn() -> Result<TaskFrameStream, Refusal> + Send + Sync>;

/// Handler that gives each ticket an equal answer.
struct TestTaskHandler {
    give: TaskFunction,
    briefed: Mutex<Vec<WorkerTicket>>,
}

impl TestTaskHandler {
    fn new(
        give: impl Fn() -> Result<TaskFrameStream, Refusal> + Send + Sync + 'static,
    ) -> Arc<Self> {
        Arc::new(Self {
            give: Box::new(give),
            briefed: Mutex::default(),
        })
    }

    /// Handler that gives these frames.
    fn these(frames: Vec<Result<TaskFrame, Refusal>>) -> Arc<Self> {
        Self::new(move || Ok(stream::iter(frames.clone()).boxed()))
    }
}

#[async_trait]
impl TaskHandler for TestTaskHandler {
    async fn answer_ticket(
        &self,
        caller: &ClusterCaller,
        ticket: WorkerTicket,
    ) -> Result<TaskFrameStream, Refusal> {
        assert_eq!(*caller, ClusterCaller::Connector);
        self.briefed.lock().unwrap().push(ticket);
        (self.give)()
    }
}

/// Worker that sends test messages, message by message.
struct RawTaskService(Vec<Result<FlightData, Status>>);

#[async_trait]
impl DoGetHandler for RawTaskService {
    async fn rows(&self, _: Request<Ticket>) -> Result<FlightMessageStream, Status> {
        Ok(stream::iter(self.0.clone()).boxed())
    }
}

/// Running worker.
struct TestWorker {
    address: SocketAddr,
    league: TlsLeague,
    settings: TransportSettings,
    stop: oneshot::Sender<()>,
    served: JoinHandle<Result<(), Refusal>>,
}

impl TestWorker {
    async fn start(handler: Arc<dyn TaskHandler>) -> Self {
        Self::start_with(handler, TransportSettings::default()).await
    }

    async fn start_with(handler: Arc<dyn TaskHandler>, settings: TransportSettings) -> Self {
        let (listener, league, stop, stopped) = place().await;
        let address = listener.local_addr().unwrap();
        let served = server::serve_tasks(
            listener,
            cluster_tls(&league),
            handler,
            settings.clone(),
            stopped,
        );
        Self {
            address,
            league,
            settings,
            stop,
            served: tokio::spawn(served),
        }
    }

    async fn sending(messages: Vec<Result<FlightData, Status>>) -> Self {
        let (listener, league, stop, stopped) = place().await;
        let address = listener.local_addr().unwrap();
        let settings = TransportSettings::default();
        let (tls, answers) = (cluster_tls(&league), RawTaskService(messages));
        let served = server::serve_tickets(listener, tls, answers, settings.clone(), stopped);
        Self {
            address,
            league,
            settings,
            stop,
            served: tokio::spawn(served),
        }
    }

    async fn open(&self) -> Result<WorkerClient, Refusal> {
        self.open_as(self.league.client()()).await
    }

    async fn open_as(&self, tls: Arc<ClientConfig>) -> Result<WorkerClient, Refusal> {
        open(self.address, tls, self.settings.clone()).await
    }

    /// Number of rows in one answer, or its refusal.
    async fn rows(&self) -> Result<usize, Refusal> {
        let client = self.open().await.unwrap();
        let mut answer = expect_soon(client.send_ticket(&briefing(), LONG)).await?;
        drain(&mut answer).await
    }

    async fn end(self) {
        self.stop.send(()).unwrap();
        expect_soon(self.served).await.unwrap().unwrap();
    }
}

/// Treats every caller with a certificate as the connector.
fn cluster_tls(league: &TlsLeague) -> ClusterTls {
    ClusterTls {
        tls: league.server(),
        caller: connector(),
    }
}

fn connector() -> server::CallerOf {
    Arc::new(|_| Ok(ClusterCaller::Connector))
}

/// Timeout of an answer.
const LONG: Duration = Duration::from_secs(60);

async fn place() -> (
    TcpListener,
    TlsLeague,
    oneshot::Sender<()>,
    impl Future<Output = ()> + Send,
) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let stopped = async move {
        let _ = stopped.await;
    };
    (listener, TlsLeague::new(), stop, stopped)
}

async fn open(
    address: SocketAddr,
    tls: Arc<ClientConfig>,
    settings: TransportSettings,
) -> Result<WorkerClient, Refusal> {
    let name = "127.0.0.1".try_into().unwrap();
    let worker = "north".parse().unwrap();
    expect_soon(WorkerClient::open(
        worker,
        &address.to_string(),
        tls,
        name,
        settings,
    ))
    .await
}

async fn drain(answer: &mut TaskRowStream) -> Result<usize, Refusal> {
    let mut rows = 0;
    let mut outcome = Ok(());
    while let Some(batch) = expect_soon(answer.next()).await {
        match batch {
            Ok(batch) => rows += batch.num_rows(),
            Err(refusal) => outcome = Err(refusal),
        }
    }
    outcome.map(|()| rows)
}

/// Messages of an answer: the schema, then batches of this many rows each.
fn parts(batches: &[usize]) -> Vec<(Bytes, Bytes)> {
    let data = |frame| match frame {
        AnswerStreamFrame::Data { header, body } => (header, body),
        AnswerStreamFrame::Receipt(_) => panic!("no receipt among the frames"),
    };
    answer_frames(batches).into_iter().map(data).collect()
}

fn frames_of(batches: &[usize]) -> Vec<Result<TaskFrame, Refusal>> {
    let data = |(header, body)| Ok(TaskFrame { header, body });
    parts(batches).into_iter().map(data).collect()
}

fn messages(batches: &[usize]) -> Vec<Result<FlightData, Status>> {
    let data = |(header, body)| Ok(flight_message(header, body, Bytes::new()));
    parts(batches).into_iter().map(data).collect()
}

fn briefing() -> WorkerTicket {
    with_grounds(vec![ground("trips")])
}

fn with_grounds(grounds: Vec<TaskDataset>) -> WorkerTicket {
    WorkerTicket::Begin(Box::new(QuestionBriefing {
        version: "0.1.0".to_owned(),
        request: RequestId([7; 16]),
        asker: "hansa://tallinn.example".parse().unwrap(),
        tenant: None,
        purpose: None,
        now: UtcTimestamp::EPOCH,
        planned: UtcTimestamp::EPOCH,
        sql: "SELECT count(*) FROM trips".to_owned(),
        grounds,
        house_grant: None,
        effects: Digest::of(b"effects"),
        plan: Digest::of(b"plan"),
        team: vec![TeamMember {
            name: "north".parse().unwrap(),
            address: "127.0.0.1:8815".to_owned(),
        }],
        worker: 0,
        limits: TaskLimits {
            memory: 1 << 20,
            spill: 0,
            time: Duration::from_secs(60),
            batch_rows: 8192,
        },
    }))
}

fn ground(dataset: &str) -> TaskDataset {
    TaskDataset {
        dataset: dataset.parse().unwrap(),
        contract: Some(BriefedContract {
            contract: ContractId(Digest::of(b"second")),
            first: ContractId(Digest::of(b"first")),
            envelope: "envelope".into(),
            active_prohibitions: Vec::new(),
        }),
        snapshot: "2026-03-01.1".to_owned(),
        digest: Digest::of(b"rows"),
    }
}

#[track_caller]
fn is_failure(refusal: &Refusal, part: &str) {
    assert_eq!(refusal.code, ErrorCode::WorkerFailed, "{refusal}");
    assert!(refusal.sentence.contains("`north`"), "{refusal}");
    assert!(refusal.sentence.contains(part), "{refusal}");
}
