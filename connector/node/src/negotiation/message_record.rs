//! Record of a message and of the resulting negotiation state.

use crate::log::audit_event::{AuditEvent, optional_text};
use crate::negotiation::open_negotiation::OpenNegotiation;
use crate::participant::Connector;
use hansa_audit_log::digest::Digest;
use hansa_policy::id::{ContractId, ParticipantId};
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_proto::peer::message::PeerMessage;
use std::sync::Arc;

/// Message that is about to be recorded.
pub(crate) struct MessageRecord {
    pub(crate) peer: ParticipantId,
    pub(crate) incoming: bool,
    pub(crate) message: PeerMessage,
    pub(crate) digest: Digest,
    pub(crate) number: Option<u64>,
    /// Reason why a received message is unusable, or why an own message goes to nobody.
    pub(crate) refused: Option<ErrorCode>,
}

impl MessageRecord {
    /// Records the message with the resulting state, and updates the index.
    pub(crate) async fn record(
        self,
        connector: &Arc<Connector>,
        led_to: Option<(&OpenNegotiation, Option<ContractId>)>,
    ) -> Result<(), Refusal> {
        let title = led_to.and_then(|(open, _)| offer_title(connector, open));
        let _durable = connector.record(self.to_event(led_to, title)).await?;
        connector.records.index_fast(|_| Ok(()))
    }

    /// Returns the record of the message and of the resulting state.
    pub(crate) fn to_event(
        &self,
        led_to: Option<(&OpenNegotiation, Option<ContractId>)>,
        title: Option<String>,
    ) -> AuditEvent {
        let open = led_to.map(|(open, _)| open);
        let beforehand = led_to.and_then(|(_, beforehand)| beforehand);
        let state = open.map(|open| &open.state);
        // Own messages have numbers from the clock. A record without this mark has consecutive numbers.
        let by_time = (!self.incoming).then_some("time");
        AuditEvent::from(hansa_audit_log::record::messages::MessageRecord {
            peer: self.peer.to_string(),
            direction: if self.incoming { "in" } else { "out" }.to_owned(),
            id: self.message.id.to_string(),
            kind: self.message.content.kind().to_string(),
            // A refused message is in the log without its negotiation.
            negotiation: optional_text(open.and_then(|_| self.message.content.negotiation())),
            digest: self.digest,
            number: self.number,
            refused: optional_text(self.refused),
            outbox: !self.incoming && self.refused.is_none(),
            numbered_by: optional_text(by_time),
            role: optional_text(open.map(|open| open.own.as_str())),
            dataset: optional_text(state.map(|state| state.parties().dataset.to_string())),
            state: optional_text(state.map(|state| state.phase().as_str())),
            contract: optional_text(state.map(|state| state.proposal().contract)),
            beforehand: optional_text(beforehand),
            title,
        })
    }
}

/// Title of the negotiated offer, which no contract contains; `None` if the offer is unknown.
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
