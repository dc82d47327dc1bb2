//! Handler of requests from peers.

use crate::answer::answer_query;
use crate::answer::incoming_query::QueryCaller;
use crate::log::audit_event::AuditEvent;
use crate::negotiation;
use crate::negotiation::unreadable_message;
use crate::participant::Connector;
use crate::receipt::acknowledgement;
use async_trait::async_trait;
use bytes::Bytes;
use futures::StreamExt as _;
use hansa_audit_log::record::answers::ActionCountRecord;
use hansa_audit_log::record::messages::FetchedMessagesRecord;
use hansa_catalog::offer::OfferRecipients;
use hansa_policy::decision::PendingRefusal;
use hansa_policy::id::ParticipantId;
use hansa_policy::peer::{PeerCertificate, VerifiedPeer};
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_proto::peer::catalog_page::{
    CatalogEntryPage, CatalogPageRequest, ListedDataset, ListedOffer,
};
use hansa_proto::peer::greeting::PeerGreeting;
use hansa_proto::peer::message::SequencedMessage;
use hansa_proto::peer::message::compact_ack::SubmittedMessage;
use hansa_proto::peer::proof::{LogProof, LogProofRequest};
use hansa_proto::peer::query_request::QueryRequestEnvelope;
use hansa_proto::peer::witness::{CosignOutcome, HeadSubmission};
use hansa_transport::peer_handler::{
    AnswerStream, MessageReceipt, PeerHandler, PeerMessageStream, QueryRejection,
    RejectedConnection,
};
use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Handler of peer requests for one participant.
#[derive(Debug)]
pub struct ParticipantHandler {
    connector: Arc<Connector>,
    sums: Mutex<BTreeMap<PeerActionKey, PeerActionCount>>,
}

/// Peer and kind of its action.
type PeerActionKey = (String, &'static str);

/// Count of actions that are recorded in sums, at most one record a minute for each peer and kind.
#[derive(Debug, Clone, Copy, Default)]
struct PeerActionCount {
    since: i64,
    count: u64,
    /// True if this minute's record is durable.
    durable: bool,
}

const A_MINUTE: i64 = 60_000_000;

impl ParticipantHandler {
    /// Makes the handler of a participant.
    pub fn new(connector: Arc<Connector>) -> Self {
        Self {
            connector,
            sums: Mutex::new(BTreeMap::new()),
        }
    }

    /// Counts an action of a peer.
    ///
    /// The first one of each minute is recorded before it is answered, with the count of the previous ones. No answer relies on a
    /// record that is not durable yet.
    pub async fn count_action(
        &self,
        peer: &VerifiedPeer,
        what: &'static str,
    ) -> Result<(), QueryRejection> {
        let now = self.connector.ticks();
        let key = (peer.id().to_string(), what);
        let Some(before) = self.take_due_count(&key, now) else {
            return Ok(());
        };
        let fact = AuditEvent::from(ActionCountRecord {
            peer: Some(peer.id().to_string()),
            action: what.to_owned(),
            before,
        });
        let recorded = self.connector.records.log.record(fact).await.is_ok();
        self.update_action_sum(&key, now, before, recorded);
        if recorded {
            Ok(())
        } else {
            Err(self.connector.count_unanswered(Some(peer.id())).await)
        }
    }

    /// Number of earlier actions, if a record is due now.
    fn take_due_count(&self, key: &PeerActionKey, now: i64) -> Option<u64> {
        let mut sums = self.sums.lock();
        if let Some(sum) = sums.get_mut(key)
            && sum.durable
            && self.connector.records.log.ledger_error().is_none()
            && now.saturating_sub(sum.since) < A_MINUTE
        {
            sum.count = sum.count.saturating_add(1);
            return None;
        }
        Some(
            sums.get_mut(key)
                .map_or(0, |sum| std::mem::take(&mut sum.count)),
        )
    }

    /// Starts a new minute with a record.
    fn update_action_sum(&self, key: &PeerActionKey, now: i64, before: u64, durable: bool) {
        let mut sums = self.sums.lock();
        if durable {
            if sums.len() > MOST_SUMS {
                // Only members are counted here. A dropped entry had at most one minute of counts.
                sums.retain(|_, sum| now.saturating_sub(sum.since) < A_MINUTE);
            }
            let sum = sums.entry(key.clone()).or_default();
            (sum.since, sum.durable) = (now, true);
        } else if let Some(sum) = sums.get_mut(key) {
            sum.durable = false;
            sum.count = sum.count.saturating_add(before);
        }
    }

    /// Records a refusal of a peer, or of a caller that the trust bundle does not know.
    async fn refuse_peer(&self, peer: Option<&VerifiedPeer>, refusal: Refusal) -> QueryRejection {
        let peer = peer.map(VerifiedPeer::id);
        if matches!(
            refusal.code,
            ErrorCode::EvidenceUnavailable | ErrorCode::DiskFull
        ) {
            return self.connector.count_unanswered(peer).await;
        }
        let declined = PendingRefusal::from_refusal(refusal, None);
        self.connector.record_refusal(peer, declined).await
    }

    fn build_catalog_page(
        &self,
        peer: &ParticipantId,
        request: &CatalogPageRequest,
    ) -> Result<CatalogEntryPage, Refusal> {
        let connector = &self.connector;
        let now = connector.now();
        let messages = connector
            .records
            .index_fast(|state| state.newest_for(peer))?;
        let after = match &request.after {
            None => None,
            Some(text) => Some(text.parse().map_err(|cause| {
                Refusal::new(
                    ErrorCode::MessageMalformed,
                    "the continuation can't be read",
                )
                .caused_by(cause)
            })?),
        };
        let most = request
            .limit
            .map_or(100, |limit| usize::try_from(limit).unwrap_or(100));
        let templates = match &request.after {
            None => connector.datasets.templates(),
            Some(_) => Vec::new(),
        };
        connector.datasets.catalog(|catalog| {
            connector.contracts.with_registry(|registry| {
                let page = catalog.visible_entries(peer, registry, now, after.as_ref(), most);
                let mut entries = Vec::new();
                for seen in page.entries {
                    // The part that this peer may see, without columns, counts or time spans that all its offers hide.
                    let entry = seen.entry(registry);
                    let mut offers: Vec<ListedOffer> = seen
                        .offers
                        .iter()
                        .filter(|offer| offer.to != OfferRecipients::Public)
                        .map(|offer| ListedOffer {
                            name: offer.id().to_string(),
                            policy: hansa_proto::offer::to_bytes(offer, peer).into(),
                            public_view: false,
                        })
                        .collect();
                    for contract in seen.contracts {
                        let public = registry
                            .agreement(contract)
                            .is_some_and(|agreement| agreement.assignee_id().is_none());
                        if public {
                            offers.push(ListedOffer {
                                name: contract.to_string(),
                                policy: connector.records.documents.read_contract(contract)?.into(),
                                public_view: true,
                            });
                        }
                    }
                    entries.push(ListedDataset {
                        dataset: Bytes::from(hansa_proto::dataset::to_bytes(&entry)),
                        offers,
                    });
                }
                Ok(CatalogEntryPage {
                    templates,
                    entries,
                    next: page.after.map(|name| name.to_string()),
                    ended: match after {
                        None => catalog.ended_offers_to_peer(peer, now),
                        Some(_) => Vec::new(),
                    },
                    newest_message: messages,
                })
            })
        })
    }

    /// Returns the first message of a peer's outbox after a number. An open inbox ends with the peer's membership.
    fn answer_message(
        &self,
        peer: &ParticipantId,
        after: u64,
    ) -> Result<Option<SequencedMessage>, Refusal> {
        self.connector.check_member(peer)?;
        let mut after = after;
        while let Some(row) = self
            .connector
            .records
            .index(|state| state.next_after(peer, after))?
        {
            if let Some(message) =
                unreadable_message::load_waiting_message(&self.connector, peer, &row)?
            {
                let number = row.number;
                return Ok(Some(SequencedMessage { number, message }));
            }
            after = row.number;
        }
        Ok(None)
    }

    /// Marks the messages that a peer confirms as fetched. Returns the number after which the peer gets more.
    ///
    /// An unknown number comes from another history of this participant, after an older copy of its state was restored. The peer
    /// then holds none of the waiting messages and gets all of them.
    async fn confirm_fetched_messages(
        &self,
        peer: &ParticipantId,
        after: u64,
    ) -> Result<u64, Refusal> {
        if after
            > self
                .connector
                .records
                .index(|state| state.numbered_up_to(peer))?
        {
            tracing::warn!(peer = peer.domain(), after, "inbox.of_another_history");
            return Ok(0);
        }
        let oldest = self
            .connector
            .records
            .index(|state| state.oldest_for(peer))?;
        if oldest.is_none_or(|oldest| oldest > after) {
            return Ok(after);
        }
        let waiting = self
            .connector
            .records
            .index(|state| state.outbox(peer, 0))?;
        let _durable = self
            .connector
            .record(AuditEvent::from(FetchedMessagesRecord {
                peer: peer.to_string(),
                number: after,
                carried: false,
                refused: None,
            }))
            .await?;
        self.connector.records.index_fast(|_| Ok(()))?;
        let mut fetched = waiting.iter().filter(|row| row.number <= after);
        fetched
            .try_for_each(|row| acknowledgement::delete_acknowledgement(&self.connector, row))?;
        Ok(after)
    }
}

#[async_trait]
impl PeerHandler for ParticipantHandler {
    fn recognise(&self, presented: &PeerCertificate) -> Result<VerifiedPeer, Refusal> {
        self.connector
            .identity
            .trust
            .recognise_caller(presented, self.connector.now())
    }

    fn connection_rejected(&self, rejected: RejectedConnection) {
        let what = match rejected {
            RejectedConnection::Handshake => "handshake failed",
            RejectedConnection::Slow => "handshake too slow",
            RejectedConnection::NoIdentity => "no identity",
            RejectedConnection::Crowded => "made way for another",
            RejectedConnection::TooMany => "one too many of a member",
        };
        let now = self.connector.ticks();
        let due = {
            let mut sums = self.sums.lock();
            let sum = sums
                .entry((String::new(), what))
                .or_insert(PeerActionCount {
                    since: i64::MIN,
                    ..PeerActionCount::default()
                });
            sum.count = sum.count.saturating_add(1);
            let due = now.saturating_sub(sum.since) >= A_MINUTE;
            let count = sum.count;
            if due {
                *sum = PeerActionCount {
                    since: now,
                    ..PeerActionCount::default()
                };
            }
            due.then_some(count)
        };
        if let Some(count) = due {
            let log = self.connector.records.log.clone();
            let fact = AuditEvent::from(ActionCountRecord {
                peer: None,
                action: what.to_owned(),
                before: count,
            });
            // Strangers get no answer, so nobody waits for this record.
            if let Ok(handle) = tokio::runtime::Handle::try_current() {
                let _task = handle.spawn(async move {
                    let _ = log.record(fact).await;
                });
            }
        }
    }

    async fn decline(&self, _presented: &PeerCertificate, refusal: Refusal) -> QueryRejection {
        self.refuse_peer(None, refusal).await
    }

    async fn hello(
        &self,
        peer: &VerifiedPeer,
        greeting: PeerGreeting,
    ) -> Result<PeerGreeting, QueryRejection> {
        self.count_action(peer, "hello").await?;
        let ours = self.connector.greeting(greeting.bundle_sequence);
        match self.connector.take_greeting(peer.id(), greeting).await {
            Ok(()) => Ok(ours),
            Err(refusal) => Err(self.refuse_peer(Some(peer), refusal).await),
        }
    }

    async fn catalog_page(
        &self,
        peer: &VerifiedPeer,
        request: CatalogPageRequest,
    ) -> Result<CatalogEntryPage, QueryRejection> {
        self.count_action(peer, "catalogue page").await?;
        match crate::process::blocking_work::run_waiting(|| {
            self.build_catalog_page(peer.id(), &request)
        }) {
            Ok(page) => Ok(page),
            Err(refusal) => Err(self.refuse_peer(Some(peer), refusal).await),
        }
    }

    async fn accept_message(
        &self,
        peer: &VerifiedPeer,
        message: SubmittedMessage,
    ) -> Result<MessageReceipt, QueryRejection> {
        let message = match message {
            SubmittedMessage::Whole(message) => message,
            SubmittedMessage::Short(short) => {
                let issued = self
                    .connector
                    .accounting
                    .issued_receipts
                    .find(peer.id(), short.request);
                match issued.and_then(|issued| short.with_receipt(&issued)) {
                    Some(message) => message,
                    None => return Ok(MessageReceipt::NotWhole),
                }
            }
        };
        match negotiation::take_in(&self.connector, peer.id(), &message, None).await {
            Ok(()) => Ok(MessageReceipt::In),
            Err(refusal) => Err(self.refuse_peer(Some(peer), refusal).await),
        }
    }

    async fn inbox(
        &self,
        peer: &VerifiedPeer,
        after: u64,
        once: bool,
    ) -> Result<PeerMessageStream, QueryRejection> {
        let after = match self.confirm_fetched_messages(peer.id(), after).await {
            Ok(after) => after,
            Err(refusal) => return Err(self.refuse_peer(Some(peer), refusal).await),
        };
        let reception = Self::new(Arc::clone(&self.connector));
        let peer = peer.id().clone();
        let state = (reception, peer, after);
        let messages = futures::stream::unfold(Some(state), move |state| async move {
            let (reception, peer, after) = state?;
            let connector = Arc::clone(&reception.connector);
            loop {
                let posted = connector.peers.outbox_signal.notified();
                tokio::pin!(posted);
                posted.as_mut().enable();
                match reception.answer_message(&peer, after) {
                    Err(refusal) => return Some((Err(refusal), None)),
                    Ok(Some(first)) => {
                        let number = first.number;
                        return Some((Ok(first), Some((reception, peer, number))));
                    }
                    Ok(None) => {}
                }
                if once {
                    return None;
                }
                posted.await;
            }
        });
        Ok(messages.boxed())
    }

    async fn log_proof(
        &self,
        peer: &VerifiedPeer,
        request: LogProofRequest,
    ) -> Result<LogProof, QueryRejection> {
        self.count_action(peer, "proof").await?;
        match crate::log::log_proof::prove_log(&self.connector, peer.id(), request).await {
            Ok(proof) => Ok(proof),
            Err(refusal) => Err(self.refuse_peer(Some(peer), refusal).await),
        }
    }

    async fn cosign_head(
        &self,
        peer: &VerifiedPeer,
        submission: HeadSubmission,
    ) -> Result<CosignOutcome, QueryRejection> {
        self.count_action(peer, "head").await?;
        match self.connector.judge_head(peer.id(), &submission).await {
            Ok(outcome) => Ok(outcome),
            Err(refusal) => Err(self.refuse_peer(Some(peer), refusal).await),
        }
    }

    async fn answer_query(
        &self,
        peer: &VerifiedPeer,
        asking: QueryRequestEnvelope,
    ) -> Result<AnswerStream, QueryRejection> {
        let delivery =
            answer_query(&self.connector, QueryCaller::Peer(peer.clone()), asking).await?;
        let frames = tokio_stream::wrappers::ReceiverStream::new(delivery.frames);
        Ok(AnswerStream {
            frames: frames.boxed(),
        })
    }
}

const MOST_SUMS: usize = 4096;
