//! Records of messages: negotiations, the outbox, partners, portals.

use crate::digest::Digest;
use serde::{Deserialize, Serialize};

/// A message of a negotiation, with the resulting state.
///
/// Written by both sides. Proves the messages and their order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MessageRecord {
    /// The other side.
    pub peer: String,
    /// `in` or `out`.
    pub direction: String,
    /// The identity of the message.
    pub id: String,
    /// The kind of message.
    pub kind: String,
    /// The negotiation; absent for a refused message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub negotiation: Option<String>,
    /// The digest of the message's file.
    pub digest: Digest,
    /// The number in the outbox of its sender.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub number: Option<u64>,
    /// The code of its refusal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refused: Option<String>,
    /// `true` for a message that waits in the outbox.
    pub outbox: bool,
    /// `time` where the number was derived from the time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub numbered_by: Option<String>,
    /// The own role in the negotiation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// The dataset.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dataset: Option<String>,
    /// The state of the negotiation after the message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    /// The contract that is negotiated.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contract: Option<String>,
    /// The contract that the officer has agreed in advance to sign.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub beforehand: Option<String>,
    /// The title of the offer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
}

/// The delivery of messages.
///
/// Written by both sides. Proves the number up to which they were delivered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FetchedMessagesRecord {
    /// The other side.
    pub peer: String,
    /// The number of the last message.
    pub number: u64,
    /// `true` where this participant has delivered the messages; `false` where the other side has fetched them.
    pub carried: bool,
    /// The code of the last message's refusal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refused: Option<String>,
}

/// An unreadable message of the own outbox, and its replacement.
///
/// Written by its sender. Proves that the number belongs to another message from then on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReplacedMessageRecord {
    /// The other side.
    pub peer: String,
    /// The number in the outbox.
    pub number: u64,
    /// The digest of the unreadable message.
    pub was: Digest,
    /// The digest of the replacement; absent where the message was removed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub digest: Option<Digest>,
    /// The code of the read error.
    pub refused: String,
}

/// A message of the Dataspace Protocol.
///
/// Written by the participant with this partner. Proves the message and its process.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PartnerMessageRecord {
    /// The partner.
    pub partner: String,
    /// `true` for a message from the partner.
    pub incoming: bool,
    /// The kind of message.
    pub message: String,
    /// The process.
    pub process: String,
    /// The state of the process after the message.
    pub state: String,
    /// The digest of the message.
    pub sha256: String,
    /// The agreement under which rows are sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agreement: Option<String>,
    /// The contract that belongs to the agreement.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contract: Option<String>,
    /// The number of messages of this kind without a record each.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub others: Option<u64>,
    /// The reason of a refusal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refused: Option<String>,
    /// The number of refusals without a record each.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub others_refused: Option<u64>,
}

/// Data received from a partner.
///
/// Written by the recipient. Proves the received bytes and their agreement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PartnerDataRecord {
    /// The partner.
    pub partner: String,
    /// The process.
    pub process: String,
    /// The agreement.
    pub agreement: String,
    /// The number of received bytes.
    pub bytes: u64,
    /// The digest of the received bytes.
    pub sha256: String,
}

/// A notice of a change to a portal's inbox.
///
/// Written by the provider, before the notice is sent. Proves the content of the notice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PortalNoticeRecord {
    /// The address of the inbox.
    pub inbox: String,
    /// The dataset.
    pub dataset: String,
    /// The kind of change.
    pub event: String,
    /// The label of the snapshot.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub snapshot: Option<String>,
    /// The contract of the public view.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contract: Option<String>,
}
