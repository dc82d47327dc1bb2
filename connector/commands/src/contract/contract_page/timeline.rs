//! Events of a contract and its negotiation in the order of time: messages, comments, approvals, signatures, notices, the end.

use crate::contract::contract_page::{CheckedSignature, ContractHistory};
use hansa_audit_log::time::UtcTimestamp;
use hansa_node::negotiation;
use hansa_node::participant::Connector;
use hansa_policy::contract::signature::SignatoryRole;
use hansa_policy::refusal::Refusal;
use hansa_proto::stored_message::COMMENT;
use hansa_store::state_index::row::{ContractEventRow, PeerMessageRow, PendingApprovalRow};
use serde::Serialize;

/// Event of a contract or a negotiation.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub(super) struct TimelineEvent {
    /// Instant of the event; of a signature, by the clock of the side that signed.
    at: UtcTimestamp,
    /// Kind: the kind of a message, `comment`, `approval`, `signature`, `withdrawal`, or the topic of a notice.
    step: String,
    /// Domain of the participant.
    by: Option<String>,
    /// Pseudonym of an own person.
    pseudonym: Option<String>,
    /// Words of the author, or a detail.
    text: Option<String>,
}

impl TimelineEvent {
    fn new(at: UtcTimestamp, step: impl Into<String>) -> Self {
        Self {
            at,
            step: step.into(),
            by: None,
            pseudonym: None,
            text: None,
        }
    }

    /// Place in the order of time, in microseconds. A signature names its second alone: it stands behind the messages of that second,
    /// one of which has brought it.
    fn place_among(&self, messages: &[UtcTimestamp]) -> i64 {
        let own = self.at.micros();
        if self.step != SIGNATURE {
            return own;
        }
        let second = own..own.saturating_add(1_000_000);
        let instants = messages.iter().map(|at| at.micros());
        let last = instants.filter(|at| second.contains(at)).max();
        last.map_or(own, |last| last.saturating_add(1))
    }
}

/// Step of a signature.
const SIGNATURE: &str = "signature";

/// Rows of the index about a contract and its negotiation.
struct IndexedHistory {
    negotiation: Option<String>,
    messages: Vec<PeerMessageRow>,
    approvals: Vec<PendingApprovalRow>,
    notices: Vec<ContractEventRow>,
}

/// Events of a contract, the first one first.
///
/// # Errors
/// If the index or a comment can't be read.
pub(super) fn read_timeline(
    connector: &Connector,
    history: &ContractHistory<'_>,
) -> Result<Vec<TimelineEvent>, Refusal> {
    let indexed = connector.records.index(|state| {
        let negotiation = match history.negotiation {
            Some(name) => Some(name.to_owned()),
            None => state
                .negotiation_of(history.contract)?
                .map(|negotiation| negotiation.id),
        };
        Ok(IndexedHistory {
            messages: match &negotiation {
                Some(name) => state.messages_of(name)?,
                None => Vec::new(),
            },
            negotiation,
            approvals: state.pending_approvals()?,
            notices: state.contract_events(history.contract)?,
        })
    })?;
    let own = connector.id();
    let sent: Vec<UtcTimestamp> = indexed.messages.iter().map(|message| message.at).collect();
    let mut events: Vec<TimelineEvent> = Vec::new();
    // A comment is told in its own words.
    for message in indexed
        .messages
        .into_iter()
        .filter(|one| one.kind != COMMENT)
    {
        let by = if message.incoming {
            &message.peer
        } else {
            &own
        };
        events.push(TimelineEvent {
            by: Some(by.domain().to_owned()),
            ..TimelineEvent::new(message.at, message.kind)
        });
    }
    if let Some(name) = indexed.negotiation {
        for comment in negotiation::clause_comment::read_comments(connector, &name)? {
            events.push(TimelineEvent {
                by: Some(comment.comment.party.domain().to_owned()),
                text: Some(comment.comment.text.to_string()),
                ..TimelineEvent::new(comment.at, "comment")
            });
        }
    }
    let approvals = indexed.approvals.into_iter();
    for approval in approvals.filter(|approval| approval.contract == history.contract) {
        events.push(TimelineEvent {
            by: Some(own.domain().to_owned()),
            pseudonym: Some(approval.first),
            text: Some(approval.action),
            ..TimelineEvent::new(approval.at, "approval")
        });
    }
    for notice in indexed.notices {
        events.push(TimelineEvent {
            text: (!notice.detail.is_empty()).then_some(notice.detail),
            ..TimelineEvent::new(notice.at, notice.topic)
        });
    }
    for signature in history.signatures {
        events.extend(signature_event(signature, history));
    }
    if let Some(ended) = history.ended {
        events.push(TimelineEvent {
            by: Some(ended.party.domain().to_owned()),
            text: Some(ended.reason.to_string()),
            ..TimelineEvent::new(ended.issued_at, "withdrawal")
        });
    }
    events.sort_by_cached_key(|event| (event.place_among(&sent), event.clone()));
    Ok(events)
}

fn signature_event(
    signature: &CheckedSignature,
    history: &ContractHistory<'_>,
) -> Option<TimelineEvent> {
    let by = match signature.role {
        SignatoryRole::Provider => Some(&history.agreement.provider.id),
        SignatoryRole::Consumer => history.agreement.assignee_id(),
    };
    let micros = signature.issued_at.checked_mul(1_000_000)?;
    Some(TimelineEvent {
        by: by.map(|by| by.domain().to_owned()),
        ..TimelineEvent::new(UtcTimestamp::from_micros(micros).ok()?, SIGNATURE)
    })
}
