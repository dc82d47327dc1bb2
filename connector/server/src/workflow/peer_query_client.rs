//! Messenger: carries the errands of a question, each on the books before it goes, and settles what is owed when rows end.

pub(crate) mod contract_succession;
pub(crate) mod fragment_scope;
mod key_disclosure;
mod own_answer;
mod remote_query_record;

use crate::participant::Connector;
use crate::participant::audit_event::AuditEvent;
use crate::participant::concurrency::QueryPermit;
use crate::participant::peer_connections::KnownPeer;
use crate::process::blocking_work::waiting;
use crate::process::randomness::random_bytes;
use crate::workflow::credentials;
use crate::workflow::peer_query_client::fragment_scope::{FragmentResult, FragmentRowScope};
use crate::workflow::peer_query_client::remote_query_record::RemoteQueryRecord;
use crate::workflow::receipt::{self, SentQuery};
use arrow_array::RecordBatch;
use async_trait::async_trait;
use futures::StreamExt as _;
use futures::stream::BoxStream;
use hansa_audit_log::json::Json;
use hansa_policy::id::{ContractId, ParticipantId, RequestId};
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

/// Carries errands: to peers over the wire, to the own gate for own data.
#[derive(Debug)]
pub(crate) struct PeerQueryClient {
    node: Arc<Connector>,
    peers: BTreeMap<ParticipantId, KnownPeer>,
    /// Taken by the first part that is asked of the own gate.
    seat: std::sync::OnceLock<QueryPermit>,
    /// For whom it asks, under a pseudonym.
    actor: Option<String>,
    row_scope: FragmentRowScope,
    fragment_results: Mutex<BTreeMap<usize, FragmentResult>>,
}

impl PeerQueryClient {
    /// A messenger to these peers, for a Unix user of this house.
    ///
    /// # Errors
    /// When the index can't be read, or a pseudonym not be kept.
    pub(crate) fn new(node: &Arc<Connector>, user: Option<u32>) -> Result<Self, Refusal> {
        let peers = node.known_peers()?;
        let now = node.now();
        let actor = user.map(|user| node.records.pseudonyms.pseudonym(user, now));
        let actor = waiting(|| actor.transpose())?;
        Ok(Self {
            node: Arc::clone(node),
            peers: peers
                .into_iter()
                .map(|peer| (peer.id.clone(), peer))
                .collect(),
            seat: std::sync::OnceLock::new(),
            actor,
            row_scope: FragmentRowScope::All,
            fragment_results: Mutex::default(),
        })
    }

    async fn own(&self, asking: QueryRequestEnvelope) -> Result<RemoteRows, Refusal> {
        if self.seat.get().is_none() {
            // A part that comes second gives its seat back.
            let _second = self.seat.set(self.node.query_permit()?);
        }
        let delivery = crate::workflow::answer::answer(
            &self.node,
            crate::workflow::answer::incoming_query::QueryCaller::House,
            asking,
        )
        .await
        .map_err(own_answer::plain)?;
        let frames = tokio_stream::wrappers::ReceiverStream::new(delivery.frames);
        own_answer::rows(frames.boxed()).await
    }

    async fn remote(
        &self,
        peer: &KnownPeer,
        asking: QueryRequestEnvelope,
        errand: &RemoteQuery,
    ) -> Result<RemoteRows, Refusal> {
        let node = &self.node;
        let client = node.call(peer).await?;
        node.deals_with(&peer.id)?;
        let asked = SentQuery::of(&asking);
        let begun = node.ticks();
        let sending = RemoteQueryRecord {
            asking,
            participant: peer.id.clone(),
            datasets: errand
                .reads
                .iter()
                .map(|reading| reading.dataset.to_string())
                .collect(),
            keys: key_disclosure::keys_json(errand),
            actor: self.actor.clone(),
        };
        let recorded = sending.record(node, errand).await?;
        // Once more behind the record: what was withdrawn since then goes nowhere.
        if let Err(refusal) = key_disclosure::may_go(node, errand, &peer.id) {
            not_sent(node, peer, asked.request, refusal.code).await?;
            return Err(refusal);
        }
        match client.ask(&recorded).await {
            Ok(stream) => {
                let schema = stream.schema().clone();
                let travelled: Arc<TransferMetrics> = Arc::default();
                let carried = RemoteStream {
                    node: Arc::clone(node),
                    peer: peer.clone(),
                    asked,
                    stream: Some(stream),
                    travelled: Arc::clone(&travelled),
                };
                Ok(RemoteRows {
                    schema,
                    batches: carried.batches(begun),
                    travelled,
                })
            }
            Err(refusal) => {
                if refusal.code == ErrorCode::PeerUnreachable {
                    node.hang_up(&peer.id).await;
                }
                not_received(node, peer, asked.request, refusal.code).await?;
                Err(refusal)
            }
        }
    }

    /// The same, asking for these rows alone.
    pub(crate) fn about(mut self, about: FragmentRowScope) -> Self {
        self.row_scope = about;
        self
    }

    /// What came of each errand that was answered.
    pub(crate) fn came(&self) -> BTreeMap<usize, FragmentResult> {
        self.fragment_results.lock().clone()
    }

    fn rows(&self, errand: &RemoteQuery) -> RowScope {
        match &self.row_scope {
            FragmentRowScope::All => RowScope::All,
            FragmentRowScope::AsOf(at) => RowScope::AsOf(*at),
            FragmentRowScope::Since(parts) => match parts.get(&errand.number) {
                Some(request) => RowScope::Since(*request),
                None => RowScope::All,
            },
        }
    }
}

#[async_trait]
impl RemoteExecutor for PeerQueryClient {
    async fn fetch(&self, errand: RemoteQuery) -> Result<RemoteRows, Refusal> {
        let mut left = contract_succession::ATTEMPTS;
        loop {
            match self.once(&errand).await {
                Err(refusal)
                    if left > 0 && contract_succession::not_there_yet(&self.node, &refusal) =>
                {
                    left = left.saturating_sub(1);
                    tokio::time::sleep(contract_succession::PAUSE).await;
                }
                other => return other,
            }
        }
    }
}

impl PeerQueryClient {
    /// Asks for a part, once.
    async fn once(&self, errand: &RemoteQuery) -> Result<RemoteRows, Refusal> {
        let contracts: Vec<ContractId> = errand.contracts().into_iter().collect();
        let request = RequestId(random_bytes());
        let rows = self.rows(errand);
        let asking = QueryRequestEnvelope {
            credentials: credentials::credentials(&self.node, &contracts)?,
            ask: QueryRequest {
                request,
                contracts,
                sql: errand.sql.clone(),
                purpose: errand.purpose.clone(),
                rows,
            },
            deadline: Some(self.node.query_limits().time),
            accept: self.node.config().compress.into_iter().collect(),
            compact_answers: true,
        };
        let answered = self.asked(asking, errand).await;
        // To whoever asks for all rows, that there are no new ones is no answer.
        let quiet = matches!(rows, RowScope::Since(_))
            && matches!(&answered, Err(refusal) if refusal.code == ErrorCode::NothingNew);
        if answered.is_ok() || quiet {
            self.fragment_results
                .lock()
                .insert(errand.number, FragmentResult { request, quiet });
        }
        if !quiet {
            return answered;
        }
        Ok(RemoteRows {
            schema: Arc::clone(&errand.schema),
            batches: futures::stream::empty().boxed(),
            travelled: Arc::default(),
        })
    }

    async fn asked(
        &self,
        asking: QueryRequestEnvelope,
        errand: &RemoteQuery,
    ) -> Result<RemoteRows, Refusal> {
        if errand.participant == self.node.id() {
            return self.own(asking).await;
        }
        let peer = self.peers.get(&errand.participant).ok_or_else(|| {
            Refusal::new(
                ErrorCode::PeerUnknown,
                format!("no address of {} is known", errand.participant.domain()),
            )
        })?;
        self.remote(peer, asking, errand).await
    }
}

/// The rows of one errand, and what is owed when they end.
struct RemoteStream {
    node: Arc<Connector>,
    peer: KnownPeer,
    asked: SentQuery,
    stream: Option<AnswerBatchStream>,
    travelled: Arc<TransferMetrics>,
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
            node: Arc::clone(&self.node),
            peer: self.peer.clone(),
            asked: self.asked.clone(),
            travelled: Arc::clone(&self.travelled),
        };
        self.node
            .queries
            .background_tasks
            .spawn_on(left.settle(stream), &handle);
    }
}

/// An answer that nobody reads any more.
struct AbandonedStream {
    node: Arc<Connector>,
    peer: KnownPeer,
    asked: SentQuery,
    travelled: Arc<TransferMetrics>,
}

/// How many more bytes are taken for the sake of a receipt: about what is on its way when the reader turns away.
const MORE: u64 = 4 * 1024 * 1024;

/// How long a receipt is waited for.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(5);

impl AbandonedStream {
    async fn settle(self, mut stream: AnswerBatchStream) {
        let enough = stream.received().bytes.saturating_add(MORE);
        let end = async {
            while stream.received().bytes < enough {
                match stream.next().await {
                    Some(Ok(_)) => {}
                    Some(Err(_)) | None => break,
                }
            }
        };
        let _in_time = tokio::time::timeout(PATIENCE, end).await;
        let settled = if stream.received().receipt.is_some() {
            let mut carried = RemoteStream {
                node: Arc::clone(&self.node),
                peer: self.peer,
                asked: self.asked,
                stream: Some(stream),
                travelled: self.travelled,
            };
            carried.settle(None).await
        } else {
            // The provider's log holds what it sent; that it was not taken to its end is on the books here.
            not_received(
                &self.node,
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

async fn not_received(
    node: &Connector,
    peer: &KnownPeer,
    request: RequestId,
    code: ErrorCode,
) -> Result<(), Refusal> {
    let ended = AuditEvent::new("not_received", ended(peer, request, code));
    node.record(ended).await.map(|_| ())
}

/// The same of a question that was on the books and did not go: nobody has seen the values in it.
async fn not_sent(
    node: &Connector,
    peer: &KnownPeer,
    request: RequestId,
    code: ErrorCode,
) -> Result<(), Refusal> {
    let [request, peer, code] = ended(peer, request, code);
    let unsent = ("sent", Json::Bool(false));
    let ended = AuditEvent::new("not_received", [request, peer, code, unsent]);
    node.record(ended).await.map(|_| ())
}

fn ended(peer: &KnownPeer, request: RequestId, code: ErrorCode) -> [(&'static str, Json); 3] {
    [
        ("request_id", Json::text(request)),
        ("peer", Json::text(&peer.id)),
        ("code", Json::text(code)),
    ]
}

impl RemoteStream {
    fn batches(self, begun: i64) -> BoxStream<'static, Result<RecordBatch, Refusal>> {
        futures::stream::unfold(Some(self), move |carried| async move {
            let mut carried = carried?;
            let stream = carried.stream.as_mut()?;
            let next = stream.next().await;
            let micros = carried.node.ticks().saturating_sub(begun);
            let micros = u64::try_from(micros).unwrap_or_default();
            let travelled = &carried.travelled;
            travelled.micros.store(micros, Ordering::Relaxed);
            travelled.bytes.store(stream.bytes(), Ordering::Relaxed);
            match next {
                Some(Ok(batch)) => Some((Ok(batch), Some(carried))),
                Some(Err(refusal)) => {
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
        let received = stream.received();
        if ended.is_some() && received.receipt.is_none() {
            self.node.hang_up(&self.peer.id).await;
        }
        let judged =
            receipt::take_in(&self.node, &self.peer.id, &self.asked, &received, ended).await?;
        let _once = self.travelled.read.set(judged.read);
        if judged.is_countersigned {
            // Our word on the receipt is in the outbox; it is carried now or later, and the rows don't wait for it.
            crate::workflow::mailbox::soon(&self.node, &self.peer);
        }
        match (judged.dispute, ended) {
            (Some(dispute), None) => Err(dispute),
            (_, _) => Ok(()),
        }
    }
}
