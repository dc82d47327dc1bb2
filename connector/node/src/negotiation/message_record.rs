//! What the log says of a message, and of the state that it led to.

use crate::log::audit_event::{AuditEvent, maybe};
use crate::negotiation::open_negotiation::OpenNegotiation;
use crate::participant::Connector;
use hansa_audit_log::digest::Digest;
use hansa_policy::id::{ContractId, ParticipantId};
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_proto::peer::message::PeerMessage;
use std::sync::Arc;

/// A message about to be recorded.
pub(crate) struct MessageRecord {
    pub(crate) peer: ParticipantId,
    pub(crate) incoming: bool,
    pub(crate) message: PeerMessage,
    pub(crate) digest: Digest,
    pub(crate) number: Option<u64>,
    /// Why it could not be used, or, of one of our own, why it goes to nobody.
    pub(crate) refused: Option<ErrorCode>,
}

impl MessageRecord {
    /// Records the message and the state that it led to, and brings the index up to date.
    pub(crate) async fn record(
        self,
        connector: &Arc<Connector>,
        led_to: Option<(&OpenNegotiation, Option<ContractId>)>,
    ) -> Result<(), Refusal> {
        let title = led_to.and_then(|(open, _)| offer_title(connector, open));
        let _durable = connector.record(self.fact(led_to, title)).await?;
        connector.records.index_fast(|_| Ok(()))
    }

    /// What the log says of the message, and of the state that it led to.
    pub(crate) fn fact(
        &self,
        led_to: Option<(&OpenNegotiation, Option<ContractId>)>,
        title: Option<String>,
    ) -> AuditEvent {
        let open = led_to.map(|(open, _)| open);
        let beforehand = led_to.and_then(|(_, beforehand)| beforehand);
        let state = open.map(|open| &open.state);
        // Records from before numbers were taken from the time say nothing of it, and are numbered one by one.
        let by_time = (!self.incoming).then_some("time");
        AuditEvent::from(hansa_audit_log::record::messages::MessageRecord {
            peer: self.peer.to_string(),
            direction: if self.incoming { "in" } else { "out" }.to_owned(),
            id: self.message.id.to_string(),
            kind: self.message.content.kind().to_string(),
            // A message that was refused is in the log, and no part of the negotiation that it names.
            negotiation: maybe(open.and_then(|_| self.message.content.negotiation())),
            digest: self.digest,
            number: self.number,
            refused: maybe(self.refused),
            outbox: !self.incoming && self.refused.is_none(),
            numbered_by: maybe(by_time),
            role: maybe(open.map(|open| open.own.as_str())),
            dataset: maybe(state.map(|state| state.parties().dataset.to_string())),
            state: maybe(state.map(|state| state.phase().as_str())),
            contract: maybe(state.map(|state| state.proposal().contract)),
            beforehand: maybe(beforehand),
            title,
        })
    }
}

/// The title of the offer whose terms are negotiated, which stands in no contract; nothing where no such offer is known.
fn offer_title(connector: &Connector, open: &OpenNegotiation) -> Option<String> {
    let agreement = &open.state.proposal().agreement;
    let (dataset, clauses) = (&agreement.dataset.id, &agreement.clauses);
    if dataset.owner != connector.id() {
        return connector.peers.delivery_queues.title(dataset, clauses);
    }
    connector.datasets.catalog(|catalog| {
        let mut offers = catalog.offers();
        let offer = offers.find(|one| one.dataset == *dataset && one.clauses == *clauses)?;
        Some(offer.title.clone())
    })
}
