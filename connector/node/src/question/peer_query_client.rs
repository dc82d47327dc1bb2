//! Query client of a question. It records each remote query before sending it, and settles receipts at the end of the rows.

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
use crate::process::blocking_work::run_waiting;
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

/// Sender of remote queries: to peers over the network, and to the own answer workflow for own data.
#[derive(Debug)]
pub struct PeerQueryClient {
    connector: Arc<Connector>,
    peers: BTreeMap<ParticipantId, KnownPeer>,
    /// Slot that the first part on own data takes.
    permit: std::sync::OnceLock<QueryPermit>,
    /// Open question, which a shutdown waits for.
    _open: OpenQuestion,
    /// Pseudonym of the person that asks.
    actor: Option<String>,
    /// ID of the presented access token.
    access_token: Option<String>,
    /// Program of another participant that asks without a connector.
    program: Option<VerifiedPeer>,
    row_scope: FragmentRowScope,
    /// Tracing span of the question, because the engine uses its own threads.
    span: tracing::Span,
    fragment_results: Mutex<BTreeMap<usize, FragmentResult>>,
    /// Last request of each remote query.
    sent: Mutex<BTreeMap<usize, RequestId>>,
}

impl PeerQueryClient {
    /// Makes a query client for an own user or a program.
    ///
    /// # Errors
    /// `MOVED` during a shutdown; or if the index can't be read, or a pseudonym can't be stored.
    pub(crate) fn new(connector: &Arc<Connector>, author: &QueryAuthor) -> Result<Self, Refusal> {
        let open = connector.queries.intake.admit()?;
        let peers = connector.known_peers()?;
        let now = connector.now();
        let actor = run_waiting(|| {
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

    async fn ask_house(&self, asking: QueryRequestEnvelope) -> Result<RemoteRows, Refusal> {
        let caller = match &self.program {
            Some(program) => QueryCaller::Peer(program.clone()),
            None => {
                if self.permit.get().is_none() {
                    // A second part returns its slot.
                    let _second = self.permit.set(self.connector.query_permit()?);
                }
                QueryCaller::House
            }
        };
        let delivery = crate::answer::answer_query(&self.connector, caller, asking)
            .await
            .map_err(own_answer::to_plain_refusal)?;
        let frames = tokio_stream::wrappers::ReceiverStream::new(delivery.frames);
        let rows = own_answer::decode_rows(frames.boxed()).await?;
        if let Some(placement) = delivery.placement {
            let _first = rows.travelled.placement.set(placement);
        }
        Ok(rows)
    }

    async fn ask_peer(
        &self,
        peer: &KnownPeer,
        asking: QueryRequestEnvelope,
        remote_query: &RemoteQuery,
    ) -> Result<RemoteRows, Refusal> {
        let connector = &self.connector;
        let client = connector.call_peer(peer).await?;
        connector.check_not_forked(&peer.id)?;
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
        // Checked again after the record: values of a withdrawn contract are not sent.
        if let Err(refusal) = key_disclosure::may_go(connector, remote_query, &peer.id) {
            not_sent(connector, peer, asked.request, refusal.code).await?;
            return Err(refusal);
        }
        match client.ask_query(&recorded).await {
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
                    batches: carried.into_batches(begun),
                    travelled,
                })
            }
            Err(refusal) => {
                // Running answers on that connection continue. The next program listens on another one.
                if matches!(refusal.code, ErrorCode::PeerUnreachable | ErrorCode::Moved) {
                    connector.hang_up(&peer.id).await;
                }
                not_received(connector, peer, asked.request, refusal.code).await?;
                Err(refusal)
            }
        }
    }

    /// Sets the row scope of the query client.
    pub(crate) fn with_row_scope(mut self, about: FragmentRowScope) -> Self {
        self.row_scope = about;
        self
    }

    /// Results of the answered remote queries.
    pub fn answered_results(&self) -> BTreeMap<usize, FragmentResult> {
        self.fragment_results.lock().clone()
    }

    fn query_row_scope(&self, remote_query: &RemoteQuery) -> RowScope {
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
            match self.send_query(&remote_query).await {
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
    /// Sends a part of the question once.
    async fn send_query(&self, remote_query: &RemoteQuery) -> Result<RemoteRows, Refusal> {
        let contracts: Vec<ContractId> = remote_query.contracts().into_iter().collect();
        let request = RequestId(random_bytes());
        let rows = self.query_row_scope(remote_query);
        let asking = QueryRequestEnvelope {
            credentials: match self.program {
                None => credentials::needed_credentials(&self.connector, &contracts)?,
                // Credentials of this participant prove nothing about another one.
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
        // For a request of all rows, the absence of new rows is no answer.
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

    /// Tracing span of one part, from its record to the last byte of its answer.
    fn ask_span(&self, request: RequestId, remote_query: &RemoteQuery) -> tracing::Span {
        let datasets: Vec<&str> = remote_query
            .reads
            .iter()
            .map(|reading| reading.dataset.name.as_str())
            .collect();
        let contracts = remote_query.contracts();
        let contracts: Vec<String> = contracts.iter().map(ToString::to_string).collect();
        // At this level, the span is in the lines of every log.
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
            return self.ask_house(asking).await;
        }
        if self.program.is_some() {
            // A participant does not forward questions of another one.
            return Err(Refusal::new(
                ErrorCode::OnwardNotPermitted,
                "a program of another participant can ask only for data of this participant",
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
        self.ask_peer(peer, asking, remote_query).await
    }
}

/// Rows of one remote query, with the receipt to settle at the end.
struct RemoteStream {
    connector: Arc<Connector>,
    peer: KnownPeer,
    asked: SentQuery,
    stream: Option<AnswerBatchStream>,
    travelled: Arc<TransferMetrics>,
    /// Tracing span, which ends with the last byte.
    span: tracing::Span,
}

impl Drop for RemoteStream {
    /// Settles the receipt within limits after an early end of reading, such as after a LIMIT.
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
            .spawn_on(left.read_to_receipt(stream), &handle);
    }
}

/// Answer whose reader has stopped.
struct AbandonedStream {
    connector: Arc<Connector>,
    peer: KnownPeer,
    asked: SentQuery,
    travelled: Arc<TransferMetrics>,
    span: tracing::Span,
}

/// Most further bytes read to get the receipt: about the amount on its way when the reader stops.
const MORE: u64 = 4 * 1024 * 1024;

/// Longest wait for a receipt.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(5);

impl AbandonedStream {
    async fn read_to_receipt(self, mut stream: AnswerBatchStream) {
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
            carried.acknowledge_receipt(None).await
        } else {
            // The provider's log has the sent amount; the log here has the early end.
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

/// Adds the number of received rows to the refusal of a broken or cut answer.
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

/// Records that a recorded question was not sent, so nobody has seen the values in it.
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
    fn into_batches(self, begun: i64) -> BoxStream<'static, Result<RecordBatch, Refusal>> {
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
                    let settled = carried.acknowledge_receipt(Some(&refusal)).await;
                    Some((Err(settled.err().unwrap_or(refusal)), None))
                }
                None => match carried.acknowledge_receipt(None).await {
                    Ok(()) => None,
                    Err(refusal) => Some((Err(refusal), None)),
                },
            }
        })
        .boxed()
    }

    /// Checks and acknowledges the receipt. With a wrong receipt, the answer is refused.
    async fn acknowledge_receipt(&mut self, ended: Option<&Refusal>) -> Result<(), Refusal> {
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
            // The acknowledgement is in the outbox. It is delivered in the background, and the rows do not wait for it.
            crate::peer::mailbox::deliver_in_background(&self.connector, &self.peer);
        }
        match (verdict.dispute, ended) {
            (Some(dispute), None) => Err(dispute),
            (_, _) => Ok(()),
        }
    }
}
