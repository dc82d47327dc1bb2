//! A member that keeps to no rule of its own connector: it holds a participant's key and certificate, and says on the
//! wire whatever it likes. What comes back is kept as it was sent.

mod flight_call;

use crate::league::TestLeague;
use arrow_array::RecordBatch;
use arrow_flight::decode::FlightRecordBatchStream;
use arrow_flight::flight_service_client::FlightServiceClient;
use arrow_flight::{FlightData, Ticket};
use flight_call::{asked, decoded, opened};
use futures::TryStreamExt as _;
use hansa_policy::id::{ContractId, ParticipantId, PurposeId, RequestId};
use hansa_policy::query_request::{QueryRequest, RowScope};
use hansa_policy::refusal::Refusal;
use hansa_proto::peer::message::compact_ack::{CompactAck, SubmittedMessage, handed_to_wire};
use hansa_proto::peer::message::{self, MessageContent, PeerMessage, PeerMessageId};
use hansa_proto::peer::pb;
use hansa_proto::peer::pb::peer_client::PeerClient;
use hansa_proto::peer::query_request::{self, BufferCompression, QueryRequestEnvelope};
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use std::sync::Arc;
use tonic::transport::{Channel, Endpoint, Uri};
use tonic::{Request, Status};

/// The most bytes of one message that it takes.
const MESSAGE: usize = 64 * 1024 * 1024;

/// A connection that speaks for a participant.
pub struct MaliciousPeer {
    runtime: tokio::runtime::Runtime,
    channel: Channel,
    provider: ParticipantId,
}

impl std::fmt::Debug for MaliciousPeer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MaliciousPeer")
            .field("provider", &self.provider)
            .finish_non_exhaustive()
    }
}

/// What came back on a question.
#[derive(Debug, Clone, Default)]
pub struct CollectedAnswer {
    /// Why there is no answer, or none to its end.
    pub refusal: Option<Refusal>,
    /// The rows as CSV, in the order in which they came.
    pub rows: Vec<String>,
    /// Names, types and nullability of the columns, and the metadata of fields and schema.
    pub schema: String,
    /// Every byte of every message.
    pub bytes: Vec<u8>,
    /// The messages, each with header and body.
    pub frames: Vec<FlightData>,
    /// The receipt as it was sent.
    pub receipt: Vec<u8>,
}

impl CollectedAnswer {
    /// The code of the refusal; empty when there is none.
    #[must_use]
    pub fn code(&self) -> &'static str {
        self.refusal
            .as_ref()
            .map_or("", |refusal| refusal.code.as_str())
    }

    /// All that the refusal says, but not under which contract.
    #[must_use]
    pub fn message(&self) -> String {
        self.refusal.as_ref().map_or_else(String::new, |refusal| {
            format!("{} {} {:?}", refusal.code, refusal.sentence, refusal.help)
        })
    }

    /// Whether these words stand anywhere in what came back.
    #[must_use]
    pub fn tells(&self, words: &str) -> bool {
        let inside = |bytes: &[u8]| {
            bytes
                .windows(words.len().max(1))
                .any(|found| found == words.as_bytes())
        };
        // What is signed stands in base64.
        let signed = serde_json::from_slice::<serde_json::Value>(&self.receipt).ok();
        let payload = signed
            .as_ref()
            .and_then(|signed| signed.get("payload"))
            .and_then(serde_json::Value::as_str)
            .and_then(hansa_proto::base64url::decode)
            .unwrap_or_default();
        inside(&self.bytes)
            || inside(&payload)
            || self.rows.iter().any(|row| row.contains(words))
            || format!("{:?}", self.refusal).contains(words)
    }
}

impl MaliciousPeer {
    /// Connects with the participant's certificate to the one that listens there.
    ///
    /// # Errors
    /// What the handshake or the first words of HTTP/2 ended with.
    ///
    /// # Panics
    /// When the participant's files are not what they must be.
    #[expect(clippy::expect_used, reason = "a test can't go on without its files")]
    pub fn enter(
        league: &TestLeague,
        alias: &str,
        listener: &str,
        domain: &str,
    ) -> Result<Self, String> {
        let config = league.client(Some(league.certificate(alias)));
        let tls = tokio_rustls::TlsConnector::from(Arc::new(config));
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .expect("a runtime");
        let (address, name) = (listener.to_owned(), domain.to_owned());
        let connector = tower::service_fn(move |_: Uri| {
            let (tls, address, name) = (tls.clone(), address.clone(), name.clone());
            async move {
                let tcp = tokio::net::TcpStream::connect(&address).await?;
                tcp.set_nodelay(true)?;
                let name = ServerName::try_from(name).map_err(std::io::Error::other)?;
                Ok::<_, std::io::Error>(TokioIo::new(tls.connect(name, tcp).await?))
            }
        });
        let endpoint = Endpoint::from_shared(format!("http://{listener}"))
            .expect("an address")
            .initial_stream_window_size(4 << 20)
            .initial_connection_window_size(64 << 20)
            .http2_max_header_list_size(1 << 20);
        let channel = runtime
            .block_on(endpoint.connect_with_connector(connector))
            .map_err(|error| format!("{error:?}"))?;
        Ok(Self {
            runtime,
            channel,
            provider: domain.parse().expect("a participant"),
        })
    }

    /// The connection itself.
    #[must_use]
    pub fn channel(&self) -> Channel {
        self.channel.clone()
    }

    /// Asks under these contracts for the usual purpose.
    #[must_use]
    pub fn ask(&self, contracts: &[ContractId], sql: &str) -> CollectedAnswer {
        self.ask_for(contracts, sql, Some(crate::workflow::PURPOSE))
    }

    /// Asks for this purpose.
    ///
    /// # Panics
    /// When the purpose is none.
    #[must_use]
    #[expect(clippy::expect_used, reason = "a harness reports by failing the test")]
    pub fn ask_for(
        &self,
        contracts: &[ContractId],
        sql: &str,
        purpose: Option<&str>,
    ) -> CollectedAnswer {
        let purpose: Option<PurposeId> = purpose.map(|text| text.parse().expect("a purpose"));
        self.ticket(&ticket(contracts, sql, purpose), &[])
    }

    /// Sends the bytes of a ticket, with headers of its own choice.
    #[must_use]
    pub fn ticket(
        &self,
        ticket: &[u8],
        headers: &[(&'static str, &'static str)],
    ) -> CollectedAnswer {
        self.runtime
            .block_on(asked(self.channel.clone(), ticket, headers, &self.provider))
    }

    /// Sends many tickets at once, over the one connection.
    #[must_use]
    pub fn at_once(&self, tickets: &[Vec<u8>]) -> Vec<CollectedAnswer> {
        self.runtime.block_on(futures::future::join_all(
            tickets
                .iter()
                .map(|ticket| asked(self.channel.clone(), ticket, &[], &self.provider)),
        ))
    }

    /// Begins to read an answer and lets go of it after so many messages. Gives the rows that were read.
    #[must_use]
    pub fn abandon(&self, ticket: &[u8], messages: usize) -> usize {
        self.runtime.block_on(async {
            let Ok(mut frames) = opened(self.channel.clone(), ticket, &[]).await else {
                return 0;
            };
            let mut taken = Vec::new();
            while taken.len() < messages {
                match frames.message().await {
                    Ok(Some(frame)) => taken.push(frame),
                    Ok(None) | Err(_) => break,
                }
            }
            taken.retain(|frame| !frame.data_header.is_empty());
            decoded(taken).await.iter().map(RecordBatch::num_rows).sum()
        })
    }

    /// Hands in a message.
    ///
    /// # Errors
    /// Why it was not taken.
    pub fn send_message(&self, content: MessageContent) -> Result<(), Refusal> {
        let peer_message = PeerMessage {
            id: PeerMessageId(rand::random()),
            content,
        };
        self.send_raw_message(message::to_wire(&peer_message))
    }

    /// Hands in a message as it stands.
    ///
    /// # Errors
    /// Why it was not taken.
    pub fn send_raw_message(&self, message: pb::PeerMessage) -> Result<(), Refusal> {
        self.submit_message(message).map(|_| ())
    }

    /// Hands in a message as it stands; whether it was asked for whole instead of taken.
    ///
    /// # Errors
    /// Why it was not taken.
    pub fn submit_message(&self, peer_message: pb::PeerMessage) -> Result<bool, Refusal> {
        let message = pb::SendRequest {
            message: Some(peer_message),
        };
        let mut client = self.peer();
        self.runtime
            .block_on(client.send(message))
            .map(|reply| reply.into_inner().whole)
            .map_err(|status| self.refusal(&status))
    }

    /// Hands in the last signature of a receipt without the receipt, and says what became of it.
    pub fn send_compact_ack(&self, request: RequestId, receipt: &[u8]) -> &'static str {
        let whole = PeerMessage {
            id: PeerMessageId(rand::random()),
            content: MessageContent::Acknowledgement {
                request,
                receipt: receipt.to_vec().into(),
                disputed: false,
                witnessed: None,
            },
        };
        let Some(short) = CompactAck::of(&whole) else {
            return "no receipt of two signatures";
        };
        match self.submit_message(handed_to_wire(&SubmittedMessage::Short(short))) {
            Ok(true) => "asked for whole",
            Ok(false) => "taken",
            Err(refusal) => refusal.code.as_str(),
        }
    }

    /// Greets with any message.
    ///
    /// # Errors
    /// What is said to it.
    pub fn hello(&self, greeting: pb::Greeting) -> Result<pb::Greeting, Refusal> {
        let message = pb::HelloRequest {
            greeting: Some(greeting),
        };
        let mut client = self.peer();
        self.runtime
            .block_on(client.hello(message))
            .map(|reply| reply.into_inner().greeting.unwrap_or_default())
            .map_err(|status| self.refusal(&status))
    }

    /// Asks for a page of the catalogue.
    ///
    /// # Errors
    /// What is said to it.
    pub fn page(&self, after: &str, limit: u32) -> Result<pb::CatalogReply, Refusal> {
        let message = pb::CatalogRequest {
            after: after.to_owned(),
            limit,
            known: bytes::Bytes::new(),
        };
        let mut client = self.peer();
        self.runtime
            .block_on(client.catalog(message))
            .map(tonic::Response::into_inner)
            .map_err(|status| self.refusal(&status))
    }

    /// Asks for a proof from the log.
    ///
    /// # Errors
    /// What is said to it.
    pub fn proof(&self, wanted: pb::ProofRequest) -> Result<pb::ProofReply, Refusal> {
        let mut client = self.peer();
        self.runtime
            .block_on(client.proof(wanted))
            .map(tonic::Response::into_inner)
            .map_err(|status| self.refusal(&status))
    }

    /// Shows a head to be cosigned.
    ///
    /// # Errors
    /// What is said to it.
    pub fn witness(&self, shown: pb::WitnessRequest) -> Result<pb::WitnessReply, Refusal> {
        let mut client = self.peer();
        self.runtime
            .block_on(client.witness(shown))
            .map(tonic::Response::into_inner)
            .map_err(|status| self.refusal(&status))
    }

    /// The messages that wait for it after this number.
    ///
    /// # Errors
    /// What is said to it.
    pub fn inbox(&self, after: u64) -> Result<Vec<pb::InboxMessage>, Refusal> {
        let mut client = self.peer();
        self.runtime.block_on(async {
            let asked = client.inbox(pb::InboxRequest { after, once: true }).await;
            let messages = asked.map_err(|status| self.refusal(&status))?.into_inner();
            messages
                .try_collect()
                .await
                .map_err(|status| self.refusal(&status))
        })
    }

    fn peer(&self) -> PeerClient<Channel> {
        PeerClient::new(self.channel.clone())
            .max_decoding_message_size(MESSAGE)
            .max_encoding_message_size(MESSAGE)
    }

    fn refusal(&self, status: &Status) -> Refusal {
        hansa_proto::peer::refusal::from_wire(status, &self.provider)
    }
}

/// A question with a fresh identity, as its ticket.
#[must_use]
pub fn ticket(contracts: &[ContractId], sql: &str, purpose: Option<PurposeId>) -> Vec<u8> {
    query_request::to_ticket(&question(contracts, sql, purpose)).to_vec()
}

/// A question with a fresh identity.
#[must_use]
pub fn question(
    contracts: &[ContractId],
    sql: &str,
    purpose: Option<PurposeId>,
) -> QueryRequestEnvelope {
    QueryRequestEnvelope {
        ask: QueryRequest {
            request: RequestId(rand::random()),
            contracts: contracts.to_vec(),
            sql: sql.to_owned(),
            purpose,
            rows: RowScope::All,
        },
        deadline: None,
        accept: std::iter::empty::<BufferCompression>().collect(),
        compact_answers: false,
        credentials: Vec::new(),
    }
}
