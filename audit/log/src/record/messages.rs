//! Records of messages: negotiations, the outbox, partners of other makes, portals.

use crate::digest::Digest;
use serde::{Deserialize, Serialize};

/// A message of a negotiation, and the state that it led to.
///
/// Written by both sides. Proves what was said in which order.
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
    /// The negotiation; absent where the message was refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub negotiation: Option<String>,
    /// The digest of its file.
    pub digest: Digest,
    /// The number in the outbox of its sender.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub number: Option<u64>,
    /// The code for which it was refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refused: Option<String>,
    /// `true` while it waits for the other side to fetch it.
    pub outbox: bool,
    /// `time` where the number was taken from the time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub numbered_by: Option<String>,
    /// The own role in the negotiation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// The dataset.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dataset: Option<String>,
    /// The state of the negotiation behind it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    /// The contract that is negotiated.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contract: Option<String>,
    /// The contract that it takes the place of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub beforehand: Option<String>,
    /// The title of the offer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
}

/// The word that messages were fetched.
///
/// Written by both sides. Proves up to which number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FetchedMessagesRecord {
    /// The other side.
    pub peer: String,
    /// The number of the last message.
    pub number: u64,
    /// `true` where this participant has delivered them; `false` where the other side has fetched them.
    pub carried: bool,
    /// The code for which the last one was refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refused: Option<String>,
}

/// A message of the own outbox that could not be read any more, and what took its place.
///
/// Written by its sender. Proves that the number stands for something else from then on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReplacedMessageRecord {
    /// The other side.
    pub peer: String,
    /// The number in the outbox.
    pub number: u64,
    /// The digest of the message before.
    pub was: Digest,
    /// The digest of the message in its place; absent where it left the outbox.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub digest: Option<Digest>,
    /// The code for which it could not be read.
    pub refused: String,
}

/// A message of the Dataspace Protocol.
///
/// Written by the participant whose partner it is. Proves what was said in which process.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PartnerMessageRecord {
    /// The partner.
    pub partner: String,
    /// `true` where the partner has sent it.
    pub incoming: bool,
    /// The kind of message.
    pub message: String,
    /// The process.
    pub process: String,
    /// The state of the process behind it.
    pub state: String,
    /// The digest of the message.
    pub sha256: String,
    /// The agreement that rows are given under.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agreement: Option<String>,
    /// The contract that the agreement stands for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contract: Option<String>,
    /// The messages of this kind that have no record each.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub others: Option<u64>,
    /// The reason for which it was refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refused: Option<String>,
    /// The refusals that have no record each.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub others_refused: Option<u64>,
}

/// Data that was taken from a partner of another make.
///
/// Written by the participant that took it. Proves which bytes came under which agreement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PartnerDataRecord {
    /// The partner.
    pub partner: String,
    /// The process.
    pub process: String,
    /// The agreement.
    pub agreement: String,
    /// The bytes that came.
    pub bytes: u64,
    /// Their digest.
    pub sha256: String,
}

/// A notice of a change to a portal that has an inbox.
///
/// Written by the provider, before the notice goes. Proves what the portal was told.
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
