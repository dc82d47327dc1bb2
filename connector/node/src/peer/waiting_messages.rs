//! Messages that wait for a peer, for the people of this participant.

use crate::participant::Connector;
use crate::receipt::acknowledgement;
use hansa_audit_log::time::UtcTimestamp;
use hansa_policy::id::{ParticipantId, RequestId};
use hansa_policy::refusal::{ErrorCode, Refusal};

/// Message that its receiver has not acknowledged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WaitingMessage {
    /// Receiver.
    pub peer: ParticipantId,
    /// Number in the outbox of the receiver.
    pub number: u64,
    /// Kind, such as `offer`; none for a message that can't be read.
    pub kind: Option<&'static str>,
    /// Negotiation of the message.
    pub negotiation: Option<String>,
    /// Question whose receipt the message acknowledges.
    pub request: Option<RequestId>,
    /// Instant of the record of the message, where it is known.
    pub since: Option<UtcTimestamp>,
    /// Reason why the message can't be read.
    pub fault: Option<ErrorCode>,
}

/// Place in the list of waiting messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutboxPlace {
    /// Receiver.
    pub peer: ParticipantId,
    /// Number in its outbox.
    pub number: u64,
}

/// Lists waiting messages behind a place, by receiver and number, `most` at most. Nothing is repaired.
///
/// # Errors
/// If the index can't be read.
pub fn list_waiting_messages(
    connector: &Connector,
    after: Option<&OutboxPlace>,
    most: usize,
) -> Result<Vec<WaitingMessage>, Refusal> {
    let most = u32::try_from(most).unwrap_or(u32::MAX);
    let place = after.map(|place| (&place.peer, place.number));
    let rows = connector
        .records
        .index(|state| state.outboxes_after(place, most))?;
    rows.into_iter()
        .map(|(peer, row)| {
            let mut waiting = WaitingMessage {
                peer,
                number: row.number,
                kind: None,
                negotiation: None,
                request: row.acknowledged_request,
                since: None,
                fault: None,
            };
            // The reader of a list repairs nothing: the next delivery does.
            match acknowledgement::load_waiting_message(connector, &waiting.peer, &row) {
                Ok(Some(message)) => {
                    waiting.kind = Some(message.content.kind());
                    waiting.negotiation = message.content.negotiation().map(str::to_owned);
                    let id = message.id.to_string();
                    waiting.since = connector
                        .records
                        .index_fast(|state| state.sent_at(&waiting.peer, &id))?;
                }
                Ok(None) => waiting.fault = Some(ErrorCode::FileMissing),
                Err(refusal) => waiting.fault = Some(refusal.code),
            }
            Ok(waiting)
        })
        .collect()
}
