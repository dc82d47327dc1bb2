//! Peer query client: carries the remote queries of a question, each in the log before it goes, and settles what is owed when
//! rows end.

pub(crate) mod contract_succession;
pub(crate) mod fragment_scope;
mod key_disclosure;
pub mod own_answer;
mod remote_query_record;

use crate::answer::concurrency::QueryPermit;
use crate::answer::incoming_query::QueryCaller;
use crate::answer::query_intake::OpenQuestion;
use crate::league::credentials;
use crate::log::audit_event::AuditEvent;
use crate::participant::Connector;
use crate::peer::peer_connections::KnownPeer;
use crate::process::blocking_work::waiting;
use crate::process::randomness::random_bytes;
use crate::question::peer_query_client::fragment_scope::{FragmentResult, FragmentRowScope};
use crate::question::peer_query_client::remote_query_record::RemoteQueryRecord;
use crate::question::query_author::QueryAuthor;
use crate::receipt;
use crate::receipt::SentQuery;
use arrow_array::RecordBatch;
use async_trait::async_trait;
use futures::StreamExt as _;
use futures::stream::BoxStream;
use hansa_audit_log::record::answers::NotReceivedRecord;
use hansa_policy::id::{ContractId, ParticipantId, RequestId};
use hansa_policy::peer::VerifiedPeer;
use hansa_policy::query_request::{QueryRequest, RowScope};
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_proto::peer::query_request::QueryRequestEnvelope;
use hansa_query::federation::remote_query::{
    RemoteExecutor, RemoteQuery, RemoteRows, TransferMetrics,
};
use hansa_transport::peer::client::answer_stream::AnswerBatchStream;
use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use tracing::Instrument as _;

/// Carries remote queries: to peers over the wire, to the own gate for own data.
#[derive(Debug)]
pub struct PeerQueryClient {
    connector: Arc<Connector>,
    peers: BTreeMap<ParticipantId, KnownPeer>,
    /// Taken by the first part that is asked of the own gate.
    permit: std::sync::OnceLock<QueryPermit>,
    /// Holds up the end of the connector.
    _open: OpenQuestion,
    /// For whom it asks, under a pseudonym.
    actor: Option<String>,
    /// The access token that was presented.
    access_token: Option<String>,
    /// The program of another participant that asks us without a connector.
    program: Option<VerifiedPeer>,
    row_scope: FragmentRowScope,
    /// Where the question is traced: the engine asks on threads of its own.
    span: tracing::Span,
    fragment_results: Mutex<BTreeMap<usize, FragmentResult>>,
    /// The last request of each remote query.
    sent: Mutex<BTreeMap<usize, RequestId>>,
}

impl PeerQueryClient {
    /// A messenger to these peers, for a person of this house.
    ///
    /// # Errors
    /// `MOVED` while the connector is being stopped; or when the index can't be read, or a pseudonym not be kept.
    pub(crate) fn new(connector: &Arc<Connector>, author: &QueryAuthor) -> Result<Self, Refusal> {
        let open = connector.queries.intake.admit()?;
        let peers = connector.known_peers()?;
        let now = connector.now();
        let actor = waiting(|| {
            let pseudonyms = &connector.records.pseudonyms;
            let person = match author {
                QueryAuthor::House { person, .. } => person.as_ref(),
                QueryAuthor::Program(_) => None,
            };
            person
                .map(|person| pseudonyms.pseudonym(person, now))
                .transpose()
        })?;
        Ok(Self {
            connector: Arc::clone(connector),
            peers: peers
                .into_iter()
                .map(|peer| (peer.id.clone(), peer))
                .collect(),
            permit: std::sync::OnceLock::new(),
            _open: open,
            actor,
            access_token: match author {
                QueryAuthor::House { access_token, .. } => access_token.clone(),
                QueryAuthor::Program(_) => None,
            },
            program: author.program().cloned(),
            row_scope: FragmentRowScope::All,
            span: tracing::Span::current(),
            fragment_results: Mutex::default(),
            sent: Mutex::default(),
        })
    }

    async fn own(&self, asking: QueryRequestEnvelope) -> Result<RemoteRows, Refusal> {
        let caller = match &self.program {
            Some(program) => QueryCaller::Peer(program.clone()),
            None => {
                if self.permit.get().is_none() {
                    // A part that comes second gives its slot back.
                    let _second = self.permit.set(self.connector.query_permit()?);
                }
                QueryCaller::House
            }
        };
        let delivery = crate::answer::answer(&self.connector, caller, asking)
            .await
            .map_err(own_answer::plain)?;
        let frames = tokio_stream::wrappers::ReceiverStream::new(delivery.frames);
        let rows = own_answer::rows(frames.boxed()).await?;
        if let Some(placement) = delivery.placement {
            let _first = rows.travelled.placement.set(placement);
        }
        Ok(rows)
    }

    async fn remote(
        &self,
        peer: &KnownPeer,
        asking: QueryRequestEnvelope,
        remote_query: &RemoteQuery,
    ) -> Result<RemoteRows, Refusal> {
        let connector = &self.connector;
        let client = connector.call(peer).await?;
        connector.deals_with(&peer.id)?;
        let asked = SentQuery::of(&asking);
        let begun = connector.ticks();
        let sending = RemoteQueryRecord {
            asking,
            participant: peer.id.clone(),
            datasets: remote_query
                .reads
                .iter()
                .map(|reading| reading.dataset.to_string())
                .collect(),
            keys: key_disclosure::sent_keys(remote_query),
            actor: self.actor.clone(),
            access_token: self.access_token.clone(),
            repeats: self.sent.lock().insert(remote_query.number, asked.request),
        };
        let recorded = sending.record(connector, remote_query).await?;
        // Once more behind the record: what was withdrawn since then goes nowhere.
        if let Err(refusal) = key_disclosure::may_go(connector, remote_query, &peer.id) {
            not_sent(connector, peer, asked.request, refusal.code).await?;
            return Err(refusal);
        }
        match client.ask(&recorded).await {
            Ok(stream) => {
                let schema = stream.schema().clone();
                let travelled: Arc<TransferMetrics> = Arc::default();
                let carried = RemoteStream {
                    connector: Arc::clone(connector),
                    peer: peer.clone(),
                    asked,
                    stream: Some(stream),
                    travelled: Arc::clone(&travelled),
                    span: tracing::Span::current(),
                };
                Ok(RemoteRows {
                    schema,
                    batches: carried.batches(begun),
                    travelled,
                })
            }
            Err(refusal) => {
                // Answers that run over that connection go on. The next program listens for another one.
                if matches!(refusal.code, ErrorCode::PeerUnreachable | ErrorCode::Moved) {
                    connector.hang_up(&peer.id).await;
                }
                not_received(connector, peer, asked.request, refusal.code).await?;
                Err(refusal)
            }
        }
    }

    /// The same, asking for these rows alone.
    pub(crate) fn about(mut self, about: FragmentRowScope) -> Self {
        self.row_scope = about;
        self
    }

    /// What came of each remote query that was answered.
    pub fn came(&self) -> BTreeMap<usize, FragmentResult> {
        self.fragment_results.lock().clone()
    }

    fn rows(&self, remote_query: &RemoteQuery) -> RowScope {
        match &self.row_scope {
            FragmentRowScope::All => RowScope::All,
            FragmentRowScope::AsOf(at) => RowScope::AsOf(*at),
            FragmentRowScope::Since(parts) => match parts.get(&remote_query.number) {
                Some(request) => RowScope::Since(*request),
                None => RowScope::All,
            },
        }
    }
}

#[async_trait]
impl RemoteExecutor for PeerQueryClient {
    async fn fetch(&self, remote_query: RemoteQuery) -> Result<RemoteRows, Refusal> {
        let mut left = contract_succession::ATTEMPTS;
        loop {
            match self.once(&remote_query).await {
                Err(refusal)
                    if left > 0
                        && contract_succession::not_there_yet(&self.connector, &refusal) =>
                {
                    left = left.saturating_sub(1);
                    tokio::time::sleep(contract_succession::PAUSE).await;
                }
                other => {
                    return other.map_err(|refusal| remote_query.qualify_examples(refusal));
                }
            }
        }
    }
}

impl PeerQueryClient {
    /// Asks for a part, once.
    async fn once(&self, remote_query: &RemoteQuery) -> Result<RemoteRows, Refusal> {
        let contracts: Vec<ContractId> = remote_query.contracts().into_iter().collect();
        let request = RequestId(random_bytes());
        let rows = self.rows(remote_query);
        let asking = QueryRequestEnvelope {
            credentials: match self.program {
                None => credentials::credentials(&self.connector, &contracts)?,
                // Ours show nothing of somebody else.
                Some(_) => Vec::new(),
            },
            ask: QueryRequest {
                request,
                contracts,
                sql: remote_query.sql.clone(),
                purpose: remote_query.purpose.clone(),
                rows,
            },
            deadline: Some(self.connector.query_limits().time),
            accept: self.connector.config().compress.into_iter().collect(),
            compact_answers: true,
        };
        let span = self.ask_span(request, remote_query);
        let answered = self
            .ask_participant(asking, remote_query)
            .instrument(span)
            .await;
        // To whoever asks for all rows, that there are no new ones is no answer.
        let quiet = matches!(rows, RowScope::Since(_))
            && matches!(&answered, Err(refusal) if refusal.code == ErrorCode::NothingNew);
        if answered.is_ok() || quiet {
            self.fragment_results
                .lock()
                .insert(remote_query.number, FragmentResult { request, quiet });
        }
        if !quiet {
            return answered;
        }
        Ok(RemoteRows {
            schema: Arc::clone(&remote_query.schema),
            batches: futures::stream::empty().boxed(),
            travelled: Arc::default(),
        })
    }

    /// The span of one part of the question, from its record to the last byte of its answer.
    fn ask_span(&self, request: RequestId, remote_query: &RemoteQuery) -> tracing::Span {
        let datasets: Vec<&str> = remote_query
            .reads
            .iter()
            .map(|reading| reading.dataset.name.as_str())
            .collect();
        let contracts = remote_query.contracts();
        let contracts: Vec<String> = contracts.iter().map(ToString::to_string).collect();
        // At this level the lines of every log have it.
        tracing::error_span!(
            parent: &self.span,
            "ask",
            otel.kind = "client",
            request = %request,
            peer = remote_query.participant.domain(),
            contract = contracts.join(","),
            dataset = datasets.join(","),
        )
    }

    async fn ask_participant(
        &self,
        asking: QueryRequestEnvelope,
        remote_query: &RemoteQuery,
    ) -> Result<RemoteRows, Refusal> {
        if remote_query.participant == self.connector.id() {
            return self.own(asking).await;
        }
        if self.program.is_some() {
            // A participant passes nothing on for another.
            return Err(Refusal::new(
                ErrorCode::OnwardNotPermitted,
                "a program of another participant asks for what this one gives alone",
            ));
        }
        let peer = self.peers.get(&remote_query.participant).ok_or_else(|| {
            Refusal::new(
                ErrorCode::PeerUnknown,
                format!(
                    "no address of {} is known",
                    remote_query.participant.domain()
                ),
            )
        })?;
        self.remote(peer, asking, remote_query).await
    }
}

/// The rows of one remote query, and what is owed when they end.
struct RemoteStream {
    connector: Arc<Connector>,
    peer: KnownPeer,
    asked: SentQuery,
    stream: Option<AnswerBatchStream>,
    travelled: Arc<TransferMetrics>,
    /// Ends with the last byte.
    span: tracing::Span,
}

impl Drop for RemoteStream {
    /// Whoever has seen enough, as after a LIMIT, still owes an answer to the receipt: it is waited for within bounds.
    fn drop(&mut self) {
        let (Some(stream), Ok(handle)) =
            (self.stream.take(), tokio::runtime::Handle::try_current())
        else {
            return;
        };
        let left = AbandonedStream {
            connector: Arc::clone(&self.connector),
            peer: self.peer.clone(),
            asked: self.asked.clone(),
            travelled: Arc::clone(&self.travelled),
            span: self.span.clone(),
        };
        self.connector
            .queries
            .background_tasks
            .spawn_on(left.settle(stream), &handle);
    }
}

/// An answer that nobody reads any more.
struct AbandonedStream {
    connector: Arc<Connector>,
    peer: KnownPeer,
    asked: SentQuery,
    travelled: Arc<TransferMetrics>,
    span: tracing::Span,
}

/// How many more bytes are taken for the sake of a receipt: about what is on its way when the reader turns away.
const MORE: u64 = 4 * 1024 * 1024;

/// How long a receipt is waited for.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(5);

impl AbandonedStream {
    async fn settle(self, mut stream: AnswerBatchStream) {
        let enough = stream.transfer_summary().bytes.saturating_add(MORE);
        let end = async {
            while stream.transfer_summary().bytes < enough {
                match stream.next().await {
                    Some(Ok(_)) => {}
                    Some(Err(_)) | None => break,
                }
            }
        };
        let _in_time = tokio::time::timeout(PATIENCE, end).await;
        let settled = if stream.transfer_summary().receipt.is_some() {
            let mut carried = RemoteStream {
                connector: Arc::clone(&self.connector),
                peer: self.peer,
                asked: self.asked,
                stream: Some(stream),
                travelled: self.travelled,
                span: self.span,
            };
            carried.settle(None).await
        } else {
            // The provider's log holds what it sent; that it was not taken to its end is in the log here.
            not_received(
                &self.connector,
                &self.peer,
                self.asked.request,
                ErrorCode::Interrupted,
            )
            .await
        };
        if let Err(refusal) = settled {
            tracing::warn!(code = %refusal.code, "receipt.unsettled");
        }
    }
}

/// Tells how many rows of an answer had come that broke off or was cut by the end of a connector.
fn tell_rows(refusal: Refusal, rows: u64) -> Refusal {
    match refusal.code {
        ErrorCode::StreamCut | ErrorCode::Moved => {
            refusal.with_help(format!("{rows} rows of its answer had come"))
        }
        _ => refusal,
    }
}

async fn not_received(
    connector: &Connector,
    peer: &KnownPeer,
    request: RequestId,
    code: ErrorCode,
) -> Result<(), Refusal> {
    record_end(connector, peer, request, code, None).await
}

/// The same of a question that was in the log and did not go: nobody has seen the values in it.
async fn not_sent(
    connector: &Connector,
    peer: &KnownPeer,
    request: RequestId,
    code: ErrorCode,
) -> Result<(), Refusal> {
    record_end(connector, peer, request, code, Some(false)).await
}

async fn record_end(
    connector: &Connector,
    peer: &KnownPeer,
    request: RequestId,
    code: ErrorCode,
    sent: Option<bool>,
) -> Result<(), Refusal> {
    let end = AuditEvent::from(NotReceivedRecord {
        request_id: request.to_string(),
        peer: peer.id.to_string(),
        code: code.to_string(),
        sent,
    });
    connector.record(end).await.map(drop)
}

impl RemoteStream {
    fn batches(self, begun: i64) -> BoxStream<'static, Result<RecordBatch, Refusal>> {
        futures::stream::unfold(Some(self), move |carried| async move {
            let mut carried = carried?;
            let stream = carried.stream.as_mut()?;
            let next = stream.next().await;
            let micros = carried.connector.ticks().saturating_sub(begun);
            let micros = u64::try_from(micros).unwrap_or_default();
            let travelled = &carried.travelled;
            travelled.micros.store(micros, Ordering::Relaxed);
            travelled.bytes.store(stream.bytes(), Ordering::Relaxed);
            match next {
                Some(Ok(batch)) => Some((Ok(batch), Some(carried))),
                Some(Err(refusal)) => {
                    let refusal = tell_rows(refusal, stream.transfer_summary().rows);
                    let settled = carried.settle(Some(&refusal)).await;
                    Some((Err(settled.err().unwrap_or(refusal)), None))
                }
                None => match carried.settle(None).await {
                    Ok(()) => None,
                    Err(refusal) => Some((Err(refusal), None)),
                },
            }
        })
        .boxed()
    }

    /// Checks and answers the receipt; an answer whose receipt is wrong is no answer.
    async fn settle(&mut self, ended: Option<&Refusal>) -> Result<(), Refusal> {
        let Some(stream) = self.stream.take() else {
            return Ok(());
        };
        let received = stream.transfer_summary();
        if ended.is_some() && received.receipt.is_none() {
            self.connector.hang_up(&self.peer.id).await;
        }
        let verdict = receipt::take_in(
            &self.connector,
            &self.peer.id,
            &self.asked,
            &received,
            ended,
        )
        .await?;
        let _once = self.travelled.read.set(verdict.read);
        if verdict.is_countersigned {
            // Our word on the receipt is in the outbox; it is carried now or later, and the rows don't wait for it.
            crate::peer::mailbox::soon(&self.connector, &self.peer);
        }
        match (verdict.dispute, ended) {
            (Some(dispute), None) => Err(dispute),
            (_, _) => Ok(()),
        }
    }
}
