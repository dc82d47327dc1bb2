//! Client of a peer: a connection over the connector's TLS configuration, and typed requests.

pub mod answer_stream;
pub mod batch_decoder;
mod open_calls;
mod page_cache;
mod peer_connection;
mod watched_connection;

use crate::peer::settings::{COMPRESSION, TransportSettings};
use crate::secure_connection::UNHEARD;
use crate::{secure_connection, trace_link};
use answer_stream::AnswerBatchStream;
use arrow_flight::Ticket;
use arrow_flight::flight_service_client::FlightServiceClient;
use futures::StreamExt as _;
use futures::stream::{self, BoxStream};
use hansa_audit_log::ledger::Recorded;
use hansa_policy::id::ParticipantId;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_proto::peer::catalog_page::{
    self, CatalogEntryPage, CatalogPageReply, CatalogPageRequest,
};
use hansa_proto::peer::greeting::{self, PeerGreeting};
use hansa_proto::peer::message::compact_ack::{self, CompactAck, SubmittedMessage};
use hansa_proto::peer::message::{self, InboxItem, PeerMessage};
use hansa_proto::peer::pb::peer_client;
use hansa_proto::peer::proof::{self, LogProof, LogProofRequest};
use hansa_proto::peer::query_request::{self, QueryRequestEnvelope};
use hansa_proto::peer::witness::{self, CosignOutcome, HeadSubmission};
use hansa_proto::peer::{pb, refusal};
use open_calls::OpenCalls;
use page_cache::CatalogPageCache;
use peer_connection::PeerChannels;
use std::fmt;
use std::sync::Arc;
use tonic::transport::Channel;
use tonic::{Request, Status};

/// Parameters of connections to one participant. Both functions are called at every handshake.
#[derive(Clone)]
pub struct PeerEndpoint {
    /// Participant to connect to.
    pub participant: ParticipantId,
    /// Host name or address.
    pub host: String,
    /// Port number.
    pub port: u16,
    /// Provider of the present TLS configuration.
    pub tls: ClientTlsProvider,
    /// Check of the other end's identity after a handshake, by the present trust bundle.
    pub check: PeerIdentityCheck,
    /// Limits of connections.
    pub settings: TransportSettings,
}

/// Function that returns the present TLS configuration.
pub type ClientTlsProvider = Arc<dyn Fn() -> Arc<rustls::ClientConfig> + Send + Sync>;

/// Function that checks the identity of the other end after a handshake.
pub type PeerIdentityCheck =
    Arc<dyn Fn(&rustls::ClientConnection) -> Result<(), Refusal> + Send + Sync>;

impl fmt::Debug for PeerEndpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PeerEndpoint")
            .field("participant", &self.participant)
            .field("host", &self.host)
            .field("port", &self.port)
            .finish_non_exhaustive()
    }
}

/// Recorded question.
pub trait QueryRecord {
    /// Envelope of the question.
    fn request_envelope(&self) -> &QueryRequestEnvelope;
}

/// Connection to one participant. Cheap to clone. A broken connection is reopened at the next request.
#[derive(Debug, Clone)]
pub struct PeerClient {
    channel: Channel,
    /// Separate connection for messages: its stream is always open, so keep-alive checks on it would never stop.
    inbox: Channel,
    calls: OpenCalls,
    participant: ParticipantId,
    settings: TransportSettings,
    pages: CatalogPageCache,
}

impl PeerClient {
    /// Connects to the endpoint.
    ///
    /// # Errors
    /// `PEER_UNREACHABLE`, or the refusal of the identity check.
    pub async fn connect(endpoint: PeerEndpoint) -> Result<Self, Refusal> {
        let participant = endpoint.participant.clone();
        let settings = endpoint.settings.clone();
        let calls = OpenCalls::new();
        let opening = peer_connection::open_channels(endpoint, calls.clone());
        let opening = tokio::time::timeout(settings.opening_timeout(), opening);
        let channels = match opening.await {
            Ok(opened) => opened?,
            Err(late) => {
                let refusal =
                    unreachable_peer_refusal(&participant, "no connection within its time");
                return Err(refusal.caused_by(late));
            }
        };
        let PeerChannels {
            calls: channel,
            inbox,
        } = channels;
        Ok(Self {
            channel,
            inbox,
            calls,
            participant,
            settings,
            pages: CatalogPageCache::default(),
        })
    }

    /// Participant of the connection.
    #[must_use]
    pub const fn participant(&self) -> &ParticipantId {
        &self.participant
    }

    /// Exchanges greetings.
    ///
    /// # Errors
    /// The refusal of the participant, or the reason why it can't be reached.
    pub async fn hello(&self, ours: &PeerGreeting) -> Result<PeerGreeting, Refusal> {
        let message = pb::HelloRequest {
            greeting: Some(greeting::to_wire(ours)),
        };
        let reply = self
            .call_in_time(|| async {
                let mut client = self.service_client();
                client.hello(self.timed_request(message.clone())).await
            })
            .await?;
        let pb::HelloReply { greeting } = reply.into_inner();
        greeting::from_wire(greeting).map_err(|fault| self.invalid_data_refusal(fault))
    }

    /// One page of the participant's catalogue. A page that this connection has received before is sent again only if it has
    /// changed.
    ///
    /// # Errors
    /// As [`Self::hello`].
    pub async fn fetch_catalog_page(
        &self,
        request: &CatalogPageRequest,
    ) -> Result<CatalogEntryPage, Refusal> {
        let known = self.pages.get(request);
        let asked = CatalogPageRequest {
            known: known.as_ref().map(|(digest, _)| *digest),
            ..request.clone()
        };
        let message = catalog_page::request_to_wire(&asked);
        let reply = self
            .call_in_time(|| async {
                let mut client = self.service_client();
                client.catalog(self.timed_request(message.clone())).await
            })
            .await?;
        let reply = catalog_page::reply_from_wire(reply.into_inner())
            .map_err(|fault| self.invalid_data_refusal(fault))?;
        match (reply, known) {
            (CatalogPageReply::Page(page, digest), _) => {
                self.pages.keep_page(request, digest, &page);
                Ok(page)
            }
            (
                CatalogPageReply::Unchanged {
                    newest_message: messages,
                },
                Some((_, page)),
            ) => Ok(CatalogEntryPage {
                newest_message: messages,
                ..page
            }),
            (CatalogPageReply::Unchanged { .. }, None) => {
                Err(self.invalid_data_refusal(Refusal::new(
                    ErrorCode::MessageMalformed,
                    "a page is said to be known that was never sent",
                )))
            }
        }
    }

    /// Sends one message. On return it is durable at the participant. The acknowledgement of a receipt omits the receipt, as long
    /// as the participant still has the receipt that it issued.
    ///
    /// # Errors
    /// As [`Self::hello`].
    pub async fn send_message(&self, message: &PeerMessage) -> Result<(), Refusal> {
        if let Some(short) = CompactAck::of(message)
            && self.submit_message(SubmittedMessage::Short(short)).await?
        {
            return Ok(());
        }
        match self
            .submit_message(SubmittedMessage::Whole(message.clone()))
            .await?
        {
            true => Ok(()),
            false => {
                let sentence = "a message was asked for in full that was sent in full";
                Err(self.invalid_data_refusal(Refusal::new(ErrorCode::MessageMalformed, sentence)))
            }
        }
    }

    /// Sends a message. False if the participant needs it in full.
    async fn submit_message(&self, peer_message: SubmittedMessage) -> Result<bool, Refusal> {
        let message = pb::SendRequest {
            message: Some(compact_ack::handed_to_wire(&peer_message)),
        };
        let short = matches!(peer_message, SubmittedMessage::Short(_));
        let reply = self
            .call_in_time(|| async {
                // Compression enlarges short messages.
                let mut client = if short {
                    self.service_client()
                } else {
                    self.peer_with_compression()
                };
                client.send(self.timed_request(message.clone())).await
            })
            .await?;
        let pb::SendReply { whole } = reply.into_inner();
        Ok(!whole)
    }

    /// Messages after this number. Without `once`, also new messages as they arrive, with ascending numbers. When the stream ends,
    /// the caller must request it again.
    ///
    /// # Errors
    /// As [`Self::hello`].
    pub async fn open_inbox(
        &self,
        after: u64,
        once: bool,
    ) -> Result<BoxStream<'static, Result<InboxItem, Refusal>>, Refusal> {
        let call = once.then(|| {
            let mut call = self.calls.open_call();
            call.begin_answer();
            call
        });
        let channel = if once { &self.channel } else { &self.inbox };
        let begun = self
            .limit_time(|| async {
                let mut client = self.peer_on(channel.clone());
                client.inbox(pb::InboxRequest { after, once }).await
            })
            .await?;
        let messages = begun.into_inner();
        let state = Some((messages, after, self.clone(), call));
        Ok(stream::unfold(state, |state| async move {
            let (mut messages, last, client, call) = state?;
            let item = match messages.message().await {
                Ok(message) => message::inbox_from_wire(message?)
                    .map_err(|fault| client.invalid_data_refusal(fault))
                    .and_then(|item| client.check_rising_number(last, item)),
                Err(status) => Err(client.failed_call_refusal(&status)),
            };
            match item {
                Ok(item) => {
                    let last = item.number();
                    Some((Ok(item), Some((messages, last, client, call))))
                }
                Err(refusal) => Some((Err(refusal), None)),
            }
        })
        .boxed())
    }

    /// Requests a proof from the participant's log.
    ///
    /// # Errors
    /// As [`Self::hello`].
    pub async fn fetch_proof(&self, request: LogProofRequest) -> Result<LogProof, Refusal> {
        let message = proof::request_to_wire(request);
        let reply = self
            .call_in_time(|| async {
                let mut client = self.service_client();
                client.proof(self.timed_request(message)).await
            })
            .await?;
        proof::from_wire(reply.into_inner()).map_err(|fault| self.invalid_data_refusal(fault))
    }

    /// Submits a head of the own log to be cosigned.
    ///
    /// # Errors
    /// As [`Self::hello`].
    pub async fn submit_head(&self, submission: &HeadSubmission) -> Result<CosignOutcome, Refusal> {
        let message = witness::request_to_wire(submission);
        let reply = self
            .call_in_time(|| async {
                let mut client = self.peer_with_compression();
                client.witness(self.timed_request(message.clone())).await
            })
            .await?;
        witness::from_wire(reply.into_inner()).map_err(|fault| self.invalid_data_refusal(fault))
    }

    /// Asks a question whose record is durable, and returns when the answer has begun.
    ///
    /// # Errors
    /// The refusal of the participant, the reason why it can't be reached, or that its answer is invalid.
    pub async fn ask_query<T: QueryRecord>(
        &self,
        remote_query: &Recorded<T>,
    ) -> Result<AnswerBatchStream, Refusal> {
        let asking = remote_query.request_envelope();
        let wait = asking.deadline;
        let ticket = Ticket {
            ticket: query_request::to_ticket(asking),
        };
        let call = self.calls.open_call();
        let begin = async {
            let begun = secure_connection::repeat_unsent_call(|| async {
                let mut client = self.flight_client();
                let mut request = Request::new(ticket.clone());
                trace_link::inject_context(request.metadata_mut());
                client.do_get(request).await
            });
            let frames = begun
                .await
                .map_err(|status| self.failed_call_refusal(&status))?
                .into_inner();
            AnswerBatchStream::begin_stream(frames, self.clone(), call, wait).await
        };
        match tokio::time::timeout(wait.unwrap_or(self.settings.stall), begin).await {
            Ok(begun) => begun,
            Err(late) => Err(self.late_answer_refusal().caused_by(late)),
        }
    }

    #[cfg(test)]
    pub(crate) fn channel(&self) -> Channel {
        self.channel.clone()
    }

    fn service_client(&self) -> peer_client::PeerClient<Channel> {
        self.peer_on(self.channel.clone())
    }

    fn peer_on(&self, channel: Channel) -> peer_client::PeerClient<Channel> {
        peer_client::PeerClient::new(channel)
            .max_decoding_message_size(self.settings.message)
            .max_encoding_message_size(self.settings.request)
    }

    /// Client with compression, for long requests. Compression enlarges short ones.
    fn peer_with_compression(&self) -> peer_client::PeerClient<Channel> {
        self.service_client().send_compressed(COMPRESSION)
    }

    fn flight_client(&self) -> FlightServiceClient<Channel> {
        FlightServiceClient::new(self.channel.clone())
            .max_decoding_message_size(self.settings.message)
            .max_encoding_message_size(self.settings.request)
    }

    /// Request with the timeout of this side.
    fn timed_request<T>(&self, message: T) -> Request<T> {
        let mut request = Request::new(message);
        request.set_timeout(self.settings.call);
        request
    }

    /// Result of a call within its timeout, while signs of life arrive from the peer.
    async fn call_in_time<T, F>(&self, call: impl Fn() -> F) -> Result<T, Refusal>
    where
        F: Future<Output = Result<T, Status>>,
    {
        let _open = self.calls.open_call();
        self.limit_time(call).await
    }

    /// Result of a call within its timeout.
    async fn limit_time<T, F>(&self, call: impl Fn() -> F) -> Result<T, Refusal>
    where
        F: Future<Output = Result<T, Status>>,
    {
        match tokio::time::timeout(
            self.settings.call,
            secure_connection::repeat_unsent_call(call),
        )
        .await
        {
            Ok(outcome) => outcome.map_err(|status| self.failed_call_refusal(&status)),
            Err(late) => Err(self.late_answer_refusal().caused_by(late)),
        }
    }

    /// Refusal of a failed call. A refusal of the own identity check takes precedence.
    pub(crate) fn failed_call_refusal(&self, status: &Status) -> Refusal {
        if let Some(refusal) = secure_connection::refusal_within(status) {
            return refusal;
        }
        if secure_connection::never_sent(status) {
            return unreachable_peer_refusal(
                &self.participant,
                "it closed the connection before it was asked",
            )
            .caused_by(status.clone());
        }
        if secure_connection::is_unheard(status) {
            return unreachable_peer_refusal(&self.participant, UNHEARD).caused_by(status.clone());
        }
        refusal::from_wire(status, &self.participant)
    }

    /// Refusal for invalid data from the participant.
    pub(crate) fn invalid_data_refusal(&self, mut fault: Refusal) -> Refusal {
        if fault.code == ErrorCode::MessageMalformed {
            fault.code = ErrorCode::PeerDataInvalid;
        }
        fault.sentence = format!("{}: {}", self.participant.domain(), fault.sentence);
        fault.with_participant(self.participant.clone())
    }

    pub(crate) fn late_answer_refusal(&self) -> Refusal {
        Refusal::new(
            ErrorCode::TimedOut,
            format!("{} did not answer in time", self.participant.domain()),
        )
        .with_participant(self.participant.clone())
    }

    pub(crate) const fn settings(&self) -> &TransportSettings {
        &self.settings
    }

    fn check_rising_number(&self, last: u64, item: InboxItem) -> Result<InboxItem, Refusal> {
        let number = item.number();
        if number > last {
            return Ok(item);
        }
        Err(self.invalid_data_refusal(Refusal::new(
            ErrorCode::PeerDataInvalid,
            format!("message {number} came after message {last}"),
        )))
    }
}

/// Refusal for a participant that can't be reached.
pub(crate) fn unreachable_peer_refusal(participant: &ParticipantId, why: &str) -> Refusal {
    Refusal::new(
        ErrorCode::PeerUnreachable,
        format!("{} can't be reached: {why}", participant.domain()),
    )
    .with_participant(participant.clone())
}
