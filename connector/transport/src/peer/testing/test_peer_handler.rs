//! Peer handler that a test controls, with a real ledger in memory.

use crate::peer::client::QueryRecord;
use crate::peer_handler::{
    AnswerStream, AnswerStreamFrame, MessageReceipt, PeerHandler, PeerMessageStream,
    QueryRejection, RejectedConnection,
};
use async_trait::async_trait;
use bytes::Bytes;
use futures::StreamExt as _;
use futures::stream;
use hansa_audit_log::digest::Digest;
use hansa_audit_log::ledger::{Evidence, Ledger, Recorded};
use hansa_audit_log::record::answers::RemoteQueryRecord;
use hansa_audit_log::record::body::RecordBody;
use hansa_audit_log::time::UtcTimestamp;
use hansa_policy::decision::PendingRefusal;
use hansa_policy::id::{ContractId, RequestId};
use hansa_policy::peer::{MembershipStatus, PeerCertificate, Roster, VerifiedPeer};
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_proto::peer::catalog_page::{
    CatalogEntryPage, CatalogPageRequest, ListedDataset as CatalogueEntry,
};
use hansa_proto::peer::greeting::PeerGreeting;
use hansa_proto::peer::message::compact_ack::SubmittedMessage;
use hansa_proto::peer::message::{PeerMessage, SequencedMessage};
use hansa_proto::peer::proof::{LogProof, LogProofRequest};
use hansa_proto::peer::query_request::QueryRequestEnvelope;
use hansa_proto::peer::witness::{CosignOutcome, HeadSubmission};
use hansa_test_support::contract::{self, DiscardingLogStorage};
use std::sync::Mutex;
use tokio::sync::{Notify, broadcast, mpsc};

type AnswerFunction =
    Box<dyn Fn(&QueryRequestEnvelope) -> Result<AnswerStream, Refusal> + Send + Sync>;

/// Question that is received and never answered.
pub(crate) const HANG: &str = "SELECT hang";

/// Question that arrives while the connector is stopping.
pub(crate) const MOVING: &str = "SELECT moving";

/// Controlled peer handler.
pub(crate) struct TestPeerHandler {
    pub(crate) roster: Mutex<Roster>,
    pub(crate) answer: AnswerFunction,
    pub(crate) asked: Mutex<Vec<QueryRequestEnvelope>>,
    pub(crate) heard: Notify,
    pub(crate) messages: Mutex<Vec<PeerMessage>>,
    /// Receipt that it has issued.
    pub(crate) issued: Mutex<Option<Bytes>>,
    /// Number of submitted messages, complete or not.
    pub(crate) handed_in: Mutex<usize>,
    pub(crate) pages: Mutex<Vec<CatalogPageRequest>>,
    pub(crate) outbox: Mutex<Vec<SequencedMessage>>,
    pub(crate) late: broadcast::Sender<SequencedMessage>,
    pub(crate) rejections: (
        mpsc::Sender<RejectedConnection>,
        tokio::sync::Mutex<mpsc::Receiver<RejectedConnection>>,
    ),
    ledger: Mutex<Ledger<DiscardingLogStorage>>,
}

impl TestPeerHandler {
    /// Handler that answers every question in this way.
    pub(crate) fn with_answer(
        answer: impl Fn(&QueryRequestEnvelope) -> Result<AnswerStream, Refusal> + Send + Sync + 'static,
    ) -> Self {
        let (sender, receiver) = mpsc::channel(64);
        Self {
            roster: Mutex::new(test_roster()),
            answer: Box::new(answer),
            asked: Mutex::default(),
            heard: Notify::new(),
            messages: Mutex::default(),
            issued: Mutex::default(),
            handed_in: Mutex::default(),
            pages: Mutex::default(),
            outbox: Mutex::default(),
            late: broadcast::channel(8).0,
            rejections: (sender, tokio::sync::Mutex::new(receiver)),
            ledger: Mutex::new(contract::ledger()),
        }
    }

    /// Handler that answers every question with these frames.
    pub(crate) fn with_frames(frames: Vec<Result<AnswerStreamFrame, Refusal>>) -> Self {
        Self::with_answer(move |_| {
            Ok(AnswerStream {
                frames: stream::iter(frames.clone()).boxed(),
            })
        })
    }

    /// Handler that answers nothing.
    pub(crate) fn without_answers() -> Self {
        Self::with_answer(|_| Err(Refusal::new(ErrorCode::DatasetUnknown, "no such dataset")))
    }

    /// Number of refusals in the log.
    pub(crate) fn refusal_count(&self) -> u64 {
        self.ledger.lock().unwrap().durable_head().size
    }

    fn record_refusal(&self, refusal: Refusal) -> QueryRejection {
        let declined = PendingRefusal::from_refusal(refusal, None);
        match self
            .ledger
            .lock()
            .unwrap()
            .record(declined, contract::stamp(test_time()))
        {
            Ok(recorded) => QueryRejection::Declined(recorded),
            Err(_) => QueryRejection::Closed,
        }
    }

    /// From now on nothing can be recorded.
    pub(crate) fn fill_the_disk(&self) {
        self.ledger.lock().unwrap().storage_mut().full = true;
    }
}

fn test_roster() -> Roster {
    let status = MembershipStatus {
        issuers: vec![Digest::of(b"issuer")],
        denied: Vec::new(),
    };
    Roster::new([(super::tallinn_id(), status)].into())
}

#[async_trait]
impl PeerHandler for TestPeerHandler {
    fn recognise(&self, presented: &PeerCertificate) -> Result<VerifiedPeer, Refusal> {
        self.roster
            .lock()
            .unwrap()
            .recognise(presented, test_time())
            .map_err(|stranger| Refusal::new(ErrorCode::PeerNotTrusted, stranger.to_string()))
    }

    fn connection_rejected(&self, rejected: RejectedConnection) {
        // Crowded connections may exceed the channel's capacity.
        let _ = self.rejections.0.try_send(rejected);
    }

    async fn decline(&self, _: &PeerCertificate, refusal: Refusal) -> QueryRejection {
        self.record_refusal(refusal)
    }

    async fn hello(
        &self,
        peer: &VerifiedPeer,
        greeting: PeerGreeting,
    ) -> Result<PeerGreeting, QueryRejection> {
        Ok(PeerGreeting {
            program: format!("{} greets {}", greeting.program, peer.id()),
            ..greeting
        })
    }

    async fn catalog_page(
        &self,
        _: &VerifiedPeer,
        request: CatalogPageRequest,
    ) -> Result<CatalogEntryPage, QueryRejection> {
        self.pages.lock().unwrap().push(request.clone());
        let after = request.after.unwrap_or_default();
        let dataset = format!("after {after}").into_bytes().into();
        Ok(CatalogEntryPage {
            templates: Vec::new(),
            entries: vec![CatalogueEntry {
                dataset,
                offers: Vec::new(),
            }],
            next: None,
            ended: Vec::new(),
            newest_message: None,
        })
    }

    async fn accept_message(
        &self,
        _: &VerifiedPeer,
        message: SubmittedMessage,
    ) -> Result<MessageReceipt, QueryRejection> {
        *self.handed_in.lock().unwrap() += 1;
        let message = match message {
            SubmittedMessage::Whole(message) => Some(message),
            SubmittedMessage::Short(short) => {
                let issued = self.issued.lock().unwrap().clone();
                issued.and_then(|issued| short.with_receipt(&issued))
            }
        };
        let Some(message) = message else {
            return Ok(MessageReceipt::NotWhole);
        };
        self.messages.lock().unwrap().push(message);
        Ok(MessageReceipt::In)
    }

    async fn inbox(
        &self,
        _: &VerifiedPeer,
        after: u64,
        _once: bool,
    ) -> Result<PeerMessageStream, QueryRejection> {
        let kept: Vec<_> = self
            .outbox
            .lock()
            .unwrap()
            .iter()
            .filter(|numbered| numbered.number > after)
            .cloned()
            .map(Ok)
            .collect();
        let late = stream::unfold(self.late.subscribe(), |mut late| async move {
            Some((Ok(late.recv().await.ok()?), late))
        });
        Ok(stream::iter(kept).chain(late).boxed())
    }

    async fn log_proof(
        &self,
        _: &VerifiedPeer,
        request: LogProofRequest,
    ) -> Result<LogProof, QueryRejection> {
        match request {
            LogProofRequest::Consistency { from, to: _ } => Ok(LogProof::Consistency {
                hashes: vec![Digest::of(&from.to_be_bytes())],
                head: "head".into(),
            }),
            LogProofRequest::Records { .. } => Err(self.record_refusal(Refusal::new(
                ErrorCode::EvidenceIncomplete,
                "nothing for you",
            ))),
        }
    }

    async fn cosign_head(
        &self,
        _: &VerifiedPeer,
        submission: HeadSubmission,
    ) -> Result<CosignOutcome, QueryRejection> {
        match submission.growth.is_empty() {
            true => Ok(CosignOutcome::Wanted(vec![submission.head])),
            false => Ok(CosignOutcome::Witnessed(submission.head)),
        }
    }

    async fn answer_query(
        &self,
        _: &VerifiedPeer,
        asking: QueryRequestEnvelope,
    ) -> Result<AnswerStream, QueryRejection> {
        let answer = (self.answer)(&asking);
        let hangs = asking.ask.sql == HANG;
        let is_moving = asking.ask.sql == MOVING;
        self.asked.lock().unwrap().push(asking);
        self.heard.notify_one();
        if hangs {
            std::future::pending::<()>().await;
        }
        if is_moving {
            return Err(QueryRejection::Moved);
        }
        answer.map_err(|refusal| self.record_refusal(refusal))
    }
}

/// Recorded question.
#[derive(Debug)]
pub(crate) struct TestQueryRecord(pub(crate) QueryRequestEnvelope);

impl QueryRecord for TestQueryRecord {
    fn request_envelope(&self) -> &QueryRequestEnvelope {
        &self.0
    }
}

impl Evidence for TestQueryRecord {
    fn to_record_body(&self) -> RecordBody {
        RemoteQueryRecord {
            request_id: self.0.ask.request.to_string(),
            peer: String::new(),
            datasets: Vec::new(),
            contracts: Vec::new(),
            purpose: None,
            actor: None,
            sql_commit: Digest::of(b""),
            keys: Vec::new(),
            access_token: None,
            repeats: None,
        }
        .into()
    }
}

/// Question in the log of the asking participant.
pub(crate) fn recorded_query(sql: &str) -> Recorded<TestQueryRecord> {
    let remote_query = TestQueryRecord(QueryRequestEnvelope {
        ask: hansa_policy::query_request::QueryRequest {
            request: RequestId([1; 16]),
            contracts: vec![ContractId(Digest::of(b"contract"))],
            sql: sql.to_owned(),
            purpose: None,
            rows: hansa_policy::query_request::RowScope::All,
        },
        deadline: None,
        accept: [].into(),
        compact_answers: true,
        credentials: Vec::new(),
    });
    contract::recorded(&mut contract::ledger(), remote_query, test_time())
}

/// Refusal with all parts that a peer may see.
pub(crate) fn purpose_refusal() -> Refusal {
    Refusal::new(
        ErrorCode::PurposeNotCovered,
        "`advertising` is not permitted",
    )
    .with_contract(ContractId(Digest::of(b"contract")))
    .with_clause(hansa_policy::id::ClauseId(3), "research")
    .with_help("ask for research")
}

fn test_time() -> UtcTimestamp {
    UtcTimestamp::from_micros(1_800_000_000_000_000).unwrap()
}
