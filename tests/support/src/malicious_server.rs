//! A provider that keeps to no rule: it listens with a participant's key and certificate, asks the real one for
//! everything, and changes the answers as a test tells it.

use crate::league::TestLeague;
use crate::malicious_peer::MaliciousPeer;
use arrow_flight::flight_service_client::FlightServiceClient;
use arrow_flight::flight_service_server::{FlightService, FlightServiceServer};
use arrow_flight::{
    Action, ActionType, Criteria, Empty, FlightData, FlightDescriptor, FlightInfo,
    HandshakeRequest, HandshakeResponse, PollInfo, PutResult, SchemaResult, Ticket,
};
use futures::stream::{self, BoxStream};
use futures::{StreamExt as _, TryStreamExt as _};
use hansa_proto::peer::pb;
use hansa_proto::peer::pb::peer_client::PeerClient;
use hansa_proto::peer::pb::peer_server::{Peer, PeerServer};
use std::sync::{Arc, Mutex, PoisonError};
use tonic::transport::Channel;
use tonic::{Request, Response, Status, Streaming};

/// Makes another answer of the real one, message by message; the last one carries the receipt.
pub type AnswerRewrite = Arc<dyn Fn(Vec<FlightData>) -> Vec<FlightData> + Send + Sync>;

/// Makes another question of one that came.
pub type TicketRewrite = Arc<dyn Fn(Ticket) -> Ticket + Send + Sync>;

/// What it does with questions and answers.
#[derive(Clone)]
struct TamperingRules {
    twist: TicketRewrite,
    change: AnswerRewrite,
    /// The last but one message is sent again and again.
    endless: bool,
}

/// Such a provider; it ends with this.
pub struct MaliciousServer {
    rules: Arc<Mutex<TamperingRules>>,
    asked: Arc<Mutex<Vec<Ticket>>>,
    address: String,
    _runtime: tokio::runtime::Runtime,
}

impl std::fmt::Debug for MaliciousServer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MaliciousServer")
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}

impl MaliciousServer {
    /// Listens in the place of a participant and asks the real one over this connection.
    ///
    /// # Panics
    /// When the participant's files are not what they must be, or there is no port.
    #[must_use]
    #[expect(clippy::expect_used, reason = "a test can't go on without its files")]
    pub fn listen(league: &TestLeague, alias: &str, real: &MaliciousPeer) -> Self {
        let (chain, key) = league.shown_by(alias);
        let mut config = crate::tls::server()
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .expect("certificate and key fit");
        config.alpn_protocols = vec![b"h2".to_vec()];
        let tls = tokio_rustls::TlsAcceptor::from(Arc::new(config));
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .expect("a runtime");
        let rules = Arc::new(Mutex::new(TamperingRules {
            twist: Arc::new(|ticket| ticket),
            change: Arc::new(|frames| frames),
            endless: false,
        }));
        let listener = runtime
            .block_on(tokio::net::TcpListener::bind("127.0.0.1:0"))
            .expect("a port");
        let address = listener.local_addr().expect("the port").to_string();
        let asked = Arc::<Mutex<Vec<Ticket>>>::default();
        let service = TamperingService {
            rules: Arc::clone(&rules),
            asked: Arc::clone(&asked),
            real: real.channel(),
        };
        runtime.spawn(async move {
            let incoming = stream::unfold((listener, tls), |(listener, tls)| async move {
                loop {
                    if let Ok((tcp, _)) = listener.accept().await
                        && let Ok(mut secured) = tls.accept(tcp).await
                    {
                        let (near, mut far) = tokio::io::duplex(1 << 16);
                        tokio::spawn(async move {
                            let _ = tokio::io::copy_bidirectional(&mut secured, &mut far).await;
                        });
                        return Some((Ok::<_, std::io::Error>(near), (listener, tls)));
                    }
                }
            });
            tonic::transport::Server::builder()
                .add_service(PeerServer::new(service.clone()))
                .add_service(FlightServiceServer::new(service))
                .serve_with_incoming(incoming)
                .await
        });
        Self {
            rules,
            asked,
            address,
            _runtime: runtime,
        }
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// From now on it changes answers like this; `endless` sends the last message of rows again and again.
    pub fn rewrite_answers(&self, change: AnswerRewrite, endless: bool) {
        let mut rules = self.rules.lock().unwrap_or_else(PoisonError::into_inner);
        (rules.change, rules.endless) = (change, endless);
    }

    /// From now on it asks the real one something else than it was asked.
    pub fn rewrite_tickets(&self, twist: TicketRewrite) {
        let mut rules = self.rules.lock().unwrap_or_else(PoisonError::into_inner);
        rules.twist = twist;
    }

    /// All questions that came so far, as they came.
    #[must_use]
    pub fn asked(&self) -> Vec<Ticket> {
        let asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        asked.clone()
    }
}

#[derive(Clone)]
struct TamperingService {
    rules: Arc<Mutex<TamperingRules>>,
    asked: Arc<Mutex<Vec<Ticket>>>,
    real: Channel,
}

type GrpcResponse<T> = Result<Response<T>, Status>;

fn no<T>() -> GrpcResponse<T> {
    Err(Status::unimplemented("not here"))
}

#[tonic::async_trait]
impl Peer for TamperingService {
    type InboxStream = BoxStream<'static, Result<pb::InboxMessage, Status>>;

    async fn hello(&self, request: Request<pb::HelloRequest>) -> GrpcResponse<pb::HelloReply> {
        self.peer().hello(request.into_inner()).await
    }

    async fn catalog(
        &self,
        request: Request<pb::CatalogRequest>,
    ) -> GrpcResponse<pb::CatalogReply> {
        self.peer().catalog(request.into_inner()).await
    }

    async fn send(&self, request: Request<pb::SendRequest>) -> GrpcResponse<pb::SendReply> {
        self.peer().send(request.into_inner()).await
    }

    async fn inbox(&self, request: Request<pb::InboxRequest>) -> GrpcResponse<Self::InboxStream> {
        let messages = self.peer().inbox(request.into_inner()).await?.into_inner();
        Ok(Response::new(messages.boxed()))
    }

    async fn proof(&self, request: Request<pb::ProofRequest>) -> GrpcResponse<pb::ProofReply> {
        self.peer().proof(request.into_inner()).await
    }

    async fn witness(
        &self,
        request: Request<pb::WitnessRequest>,
    ) -> GrpcResponse<pb::WitnessReply> {
        self.peer().witness(request.into_inner()).await
    }
}

impl TamperingService {
    /// Keeps a question, and says what is to be done with it.
    fn record_ticket(&self, ticket: &Ticket) -> TamperingRules {
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        asked.push(ticket.clone());
        let rules = self.rules.lock();
        rules.unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn peer(&self) -> PeerClient<Channel> {
        PeerClient::new(self.real.clone())
    }
}

#[tonic::async_trait]
impl FlightService for TamperingService {
    type HandshakeStream = BoxStream<'static, Result<HandshakeResponse, Status>>;
    type ListFlightsStream = BoxStream<'static, Result<FlightInfo, Status>>;
    type DoGetStream = BoxStream<'static, Result<FlightData, Status>>;
    type DoPutStream = BoxStream<'static, Result<PutResult, Status>>;
    type DoExchangeStream = BoxStream<'static, Result<FlightData, Status>>;
    type DoActionStream = BoxStream<'static, Result<arrow_flight::Result, Status>>;
    type ListActionsStream = BoxStream<'static, Result<ActionType, Status>>;

    async fn do_get(&self, request: Request<Ticket>) -> GrpcResponse<Self::DoGetStream> {
        let ticket = request.into_inner();
        let TamperingRules {
            twist,
            change,
            endless,
        } = self.record_ticket(&ticket);
        let mut real = FlightServiceClient::new(self.real.clone());
        let real = real.do_get(twist(ticket)).await?.into_inner();
        let frames: Vec<FlightData> = real.try_collect().await?;
        let mut frames = change(frames);
        let last = if endless { frames.pop() } else { None };
        let again = frames.last().cloned().filter(|_| endless);
        let frames = stream::iter(frames)
            .chain(stream::iter(again).cycle())
            .chain(stream::iter(last))
            .map(Ok);
        Ok(Response::new(frames.boxed()))
    }

    async fn handshake(
        &self,
        _: Request<Streaming<HandshakeRequest>>,
    ) -> GrpcResponse<Self::HandshakeStream> {
        no()
    }

    async fn list_flights(&self, _: Request<Criteria>) -> GrpcResponse<Self::ListFlightsStream> {
        no()
    }

    async fn get_flight_info(&self, _: Request<FlightDescriptor>) -> GrpcResponse<FlightInfo> {
        no()
    }

    async fn poll_flight_info(&self, _: Request<FlightDescriptor>) -> GrpcResponse<PollInfo> {
        no()
    }

    async fn get_schema(&self, _: Request<FlightDescriptor>) -> GrpcResponse<SchemaResult> {
        no()
    }

    async fn do_put(&self, _: Request<Streaming<FlightData>>) -> GrpcResponse<Self::DoPutStream> {
        no()
    }

    async fn do_exchange(
        &self,
        _: Request<Streaming<FlightData>>,
    ) -> GrpcResponse<Self::DoExchangeStream> {
        no()
    }

    async fn do_action(&self, _: Request<Action>) -> GrpcResponse<Self::DoActionStream> {
        no()
    }

    async fn list_actions(&self, _: Request<Empty>) -> GrpcResponse<Self::ListActionsStream> {
        no()
    }
}
