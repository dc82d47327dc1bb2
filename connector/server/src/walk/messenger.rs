//! Messenger: carries the errands of a question, each on the books before it goes, and settles what is owed when rows end.

pub(crate) mod about;
mod keys;
mod own;
mod sending;
pub(crate) mod turn;

use crate::node::Node;
use crate::node::calls::Peer;
use crate::node::seats::Seat;
use crate::walk::fact::Fact;
use crate::walk::messenger::about::{About, Came};
use crate::walk::messenger::sending::Sending;
use crate::walk::receipt::Asked;
use crate::walk::{present, receipt};
use arrow_array::RecordBatch;
use async_trait::async_trait;
use futures::StreamExt as _;
use futures::stream::BoxStream;
use hansa_audit_log::json::Json;
use hansa_policy::ask::{Ask, Rows};
use hansa_policy::id::{ContractId, ParticipantId, RequestId};
use hansa_policy::refusal::{Code, Refusal};
use hansa_proto::peer::ask::Asking;
use hansa_query::federate::errand::{Courier, Errand, RemoteRows, Travelled};
use hansa_transport::peer::call::rows::AskStream;
use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};

/// Carries errands: to peers over the wire, to the own gate for own data.
#[derive(Debug)]
pub(crate) struct Messenger {
    node: Arc<Node>,
    peers: BTreeMap<ParticipantId, Peer>,
    /// Taken by the first part that is asked of the own gate.
    seat: std::sync::OnceLock<Seat>,
    /// For whom it asks, under a pseudonym.
    actor: Option<String>,
    about: About,
    came: Mutex<BTreeMap<usize, Came>>,
}

impl Messenger {
    /// A messenger to these peers, for a Unix user of this house.
    ///
    /// # Errors
    /// When the index can't be read, or a pseudonym not be kept.
    pub(crate) fn new(node: &Arc<Node>, user: Option<u32>) -> Result<Self, Refusal> {
        let peers = node.peers()?;
        let now = node.now();
        let actor = user.map(|user| node.people.pseudonym(user, now));
        let actor = crate::node::waiting(|| actor.transpose())?;
        Ok(Self {
            node: Arc::clone(node),
            peers: peers
                .into_iter()
                .map(|peer| (peer.id.clone(), peer))
                .collect(),
            seat: std::sync::OnceLock::new(),
            actor,
            about: About::All,
            came: Mutex::default(),
        })
    }

    async fn own(&self, asking: Asking) -> Result<RemoteRows, Refusal> {
        if self.seat.get().is_none() {
            // A part that comes second gives its seat back.
            let _second = self.seat.set(self.node.seat()?);
        }
        let delivery =
            crate::walk::answer::answer(&self.node, crate::walk::answer::Caller::House, asking)
                .await
                .map_err(own::plain)?;
        let frames = tokio_stream::wrappers::ReceiverStream::new(delivery.frames);
        own::rows(frames.boxed()).await
    }

    async fn remote(
        &self,
        peer: &Peer,
        asking: Asking,
        errand: &Errand,
    ) -> Result<RemoteRows, Refusal> {
        let node = &self.node;
        let client = node.call(peer).await?;
        node.deals_with(&peer.id)?;
        let asked = Asked::of(&asking);
        let begun = node.ticks();
        let sending = Sending {
            asking,
            participant: peer.id.clone(),
            datasets: errand
                .reads
                .iter()
                .map(|reading| reading.dataset.to_string())
                .collect(),
            keys: keys::told(errand),
            actor: self.actor.clone(),
        };
        let recorded = sending.record(node, errand).await?;
        // Once more behind the record: what was withdrawn since then goes nowhere.
        if let Err(refusal) = keys::may_go(node, errand, &peer.id) {
            not_sent(node, peer, asked.request, refusal.code).await?;
            return Err(refusal);
        }
        match client.ask(&recorded).await {
            Ok(stream) => {
                let schema = stream.schema().clone();
                let travelled: Arc<Travelled> = Arc::default();
                let carried = Carried {
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
                if refusal.code == Code::PeerUnreachable {
                    node.hang_up(&peer.id).await;
                }
                not_received(node, peer, asked.request, refusal.code).await?;
                Err(refusal)
            }
        }
    }
}

#[async_trait]
impl Courier for Messenger {
    async fn fetch(&self, errand: Errand) -> Result<RemoteRows, Refusal> {
        let mut left = turn::ATTEMPTS;
        loop {
            match self.once(&errand).await {
                Err(refusal) if left > 0 && turn::not_there_yet(&self.node, &refusal) => {
                    left = left.saturating_sub(1);
                    tokio::time::sleep(turn::PAUSE).await;
                }
                other => return other,
            }
        }
    }
}

impl Messenger {
    /// Asks for a part, once.
    async fn once(&self, errand: &Errand) -> Result<RemoteRows, Refusal> {
        let contracts: Vec<ContractId> = errand.contracts().into_iter().collect();
        let request = RequestId(crate::node::fresh());
        let rows = self.rows(errand);
        let asking = Asking {
            credentials: present::credentials(&self.node, &contracts)?,
            ask: Ask {
                request,
                contracts,
                sql: errand.sql.clone(),
                purpose: errand.purpose.clone(),
                rows,
            },
            deadline: Some(self.node.limits().time),
            accept: self.node.config().compress.into_iter().collect(),
            small: true,
        };
        let answered = self.asked(asking, errand).await;
        // To whoever asks for all rows, that there are no new ones is no answer.
        let quiet = matches!(rows, Rows::Since(_))
            && matches!(&answered, Err(refusal) if refusal.code == Code::NothingNew);
        if answered.is_ok() || quiet {
            self.held().insert(errand.number, Came { request, quiet });
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

    async fn asked(&self, asking: Asking, errand: &Errand) -> Result<RemoteRows, Refusal> {
        if errand.participant == self.node.id() {
            return self.own(asking).await;
        }
        let peer = self.peers.get(&errand.participant).ok_or_else(|| {
            Refusal::new(
                Code::PeerUnknown,
                format!("no address of {} is known", errand.participant.domain()),
            )
        })?;
        self.remote(peer, asking, errand).await
    }
}

/// The rows of one errand, and what is owed when they end.
struct Carried {
    node: Arc<Node>,
    peer: Peer,
    asked: Asked,
    stream: Option<AskStream>,
    travelled: Arc<Travelled>,
}

impl Drop for Carried {
    /// Whoever has seen enough, as after a LIMIT, still owes an answer to the receipt: it is waited for within bounds.
    fn drop(&mut self) {
        let (Some(stream), Ok(handle)) =
            (self.stream.take(), tokio::runtime::Handle::try_current())
        else {
            return;
        };
        let left = Left {
            node: Arc::clone(&self.node),
            peer: self.peer.clone(),
            asked: self.asked.clone(),
            travelled: Arc::clone(&self.travelled),
        };
        self.node.owed.spawn_on(left.settle(stream), &handle);
    }
}

/// An answer that nobody reads any more.
struct Left {
    node: Arc<Node>,
    peer: Peer,
    asked: Asked,
    travelled: Arc<Travelled>,
}

/// How many more bytes are taken for the sake of a receipt: about what is on its way when the reader turns away.
const MORE: u64 = 4 * 1024 * 1024;

/// How long a receipt is waited for.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(5);

impl Left {
    async fn settle(self, mut stream: AskStream) {
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
            let mut carried = Carried {
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
                Code::Interrupted,
            )
            .await
        };
        if let Err(refusal) = settled {
            tracing::warn!(code = %refusal.code, "receipt.unsettled");
        }
    }
}

async fn not_received(
    node: &Node,
    peer: &Peer,
    request: RequestId,
    code: Code,
) -> Result<(), Refusal> {
    let ended = Fact::new("not_received", ended(peer, request, code));
    node.record(ended).await.map(|_| ())
}

/// The same of a question that was on the books and did not go: nobody has seen the values in it.
async fn not_sent(node: &Node, peer: &Peer, request: RequestId, code: Code) -> Result<(), Refusal> {
    let [request, peer, code] = ended(peer, request, code);
    let unsent = ("sent", Json::Bool(false));
    let ended = Fact::new("not_received", [request, peer, code, unsent]);
    node.record(ended).await.map(|_| ())
}

fn ended(peer: &Peer, request: RequestId, code: Code) -> [(&'static str, Json); 3] {
    [
        ("request_id", Json::text(request)),
        ("peer", Json::text(&peer.id)),
        ("code", Json::text(code)),
    ]
}

impl Carried {
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
            crate::walk::post::soon(&self.node, &self.peer);
        }
        match (judged.dispute, ended) {
            (Some(dispute), None) => Err(dispute),
            (_, _) => Ok(()),
        }
    }
}
