//! Records of contracts: activation, withdrawal, restriction, use, deletion, notices, and the people who decided.

use crate::digest::Digest;
use crate::time::UtcTimestamp;
use serde::{Deserialize, Serialize};

/// A contract in force.
///
/// Written by both parties. Proves from when on each took the contract for good.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ActivationRecord {
    /// The contract.
    pub contract: String,
    /// `activate`.
    pub event: String,
    /// The provider.
    pub provider: String,
    /// The consumer; the public where the contract is a public view.
    pub consumer: String,
    /// The dataset.
    pub dataset: String,
    /// The instant from which on it holds.
    pub not_before: UtcTimestamp,
    /// The instant at which it ends.
    pub not_after: UtcTimestamp,
}

/// A contract that one party has withdrawn.
///
/// Written by both parties. Proves when each knew of it: nothing leaves behind this record that it forbids.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WithdrawalRecord {
    /// The contract.
    pub contract: String,
    /// The party that withdraws.
    pub party: String,
    /// The instant at which it ends; absent where it ends at once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub effective: Option<UtcTimestamp>,
    /// The digest of the statement.
    pub statement: Digest,
    /// The signed statement, where its file could not be kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub envelope: Option<String>,
    /// The time of the record in the reserve, where it was taken from there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<UtcTimestamp>,
    /// The digest of the reserve, where the record was taken from there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reserve_sha256: Option<Digest>,
}

/// A restriction of the provider beside the contracts on a dataset, put or lifted.
///
/// Written by the provider. Proves which restriction holds for the questions behind it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RestrictionRecord {
    /// The dataset.
    pub dataset: String,
    /// The digest of the restriction; absent where it was lifted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub restriction: Option<Digest>,
    /// The digest of the restriction before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<Digest>,
    /// The restriction itself, where its file could not be kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub envelope: Option<String>,
    /// The time of the record in the reserve, where it was taken from there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<UtcTimestamp>,
    /// The digest of the reserve, where the record was taken from there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reserve_sha256: Option<Digest>,
}

/// A statement of who is in a group of participants.
///
/// Written by a provider whose contracts name the group. Proves from when on who was in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GroupRecord {
    /// The group.
    pub group: String,
    /// The serial number of the statement.
    pub serial: u64,
    /// The digest of the statement.
    pub statement: Digest,
    /// The digest of its file.
    pub file: Digest,
    /// `changed` or `renewed`.
    pub event: String,
    /// The participants that are new in it.
    pub added: Vec<String>,
    /// The participants that are no longer in it.
    pub removed: Vec<String>,
    /// The signed statement, where its file could not be kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub envelope: Option<String>,
    /// The time of the record in the reserve, where it was taken from there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<UtcTimestamp>,
    /// The digest of the reserve, where the record was taken from there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reserve_sha256: Option<Digest>,
}

/// A step of the people who decide about a contract or a change.
///
/// Written by the participant whose people they are. Proves that one or two of them have agreed, under pseudonyms.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApprovalRecord {
    /// The contract, where it is about one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contract: Option<String>,
    /// The change, where it is about one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub change: Option<String>,
    /// The step.
    pub action: String,
    /// The pseudonym of the first person.
    pub first: String,
    /// The pseudonym of the second person; absent while there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub second: Option<String>,
    /// A commitment to the reason.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason_commit: Option<String>,
}

/// A statement of use under a contract.
///
/// Written by the participant that has made it. Proves which statement it gave out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UsageRecord {
    /// The contract.
    pub contract: String,
    /// The digest of the file that holds the statement.
    pub statement: Digest,
}

/// An amount that was paid beforehand.
///
/// Written by the provider. Proves from when on it can be drawn from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TopUpRecord {
    /// The first version of the contract.
    pub contract: String,
    /// The amount, with its currency.
    pub amount: String,
}

/// A statement of deletion.
///
/// Written by both parties. Proves that the consumer has stated the deletion of what it had received.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeletionRecord {
    /// The other party.
    pub peer: String,
    /// `in` for one that came, `out` for one that was given.
    pub direction: String,
    /// The contract.
    pub contract: String,
    /// The first version of it.
    pub first: String,
    /// The digest of the file that holds the statement.
    pub statement: Digest,
    /// The requests whose answers are deleted.
    pub requests: Vec<String>,
}

/// A notice to people or to the other party, delivered or not.
///
/// Written by the participant that gives notice. Proves what was tried and with which outcome.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NoticeRecord {
    /// The contract.
    pub contract: String,
    /// The days before an end, where the notice is about one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub days: Option<u32>,
    /// The topic.
    pub topic: String,
    /// The channel.
    pub channel: String,
    /// `delivered`, or how it failed.
    pub outcome: String,
    /// The number of the attempt, from 1.
    pub attempt: u64,
    /// The reason of a failure.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// A notice that came from the other party.
///
/// Written by the party that received it. Proves from when on it knew.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReceivedNoticeRecord {
    /// The other party.
    pub peer: String,
    /// The contract.
    pub contract: String,
    /// The topic.
    pub topic: String,
    /// The snapshot, or other subject, that the topic is about.
    pub detail: String,
    /// The time at which it happened there.
    pub happened: UtcTimestamp,
    /// The digest of the file that holds the statement.
    pub statement: Digest,
}

/// A credential that was put into the own store, or taken out of it.
///
/// Written by the participant that holds it. Proves from when to when it could be presented.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CredentialRecord {
    /// The digest of the statement.
    pub statement: Digest,
    /// The issuer.
    pub issuer: String,
    /// The instant at which it ends.
    pub until: UtcTimestamp,
    /// `true` where it was taken out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub removed: Option<bool>,
}

/// A template of a policy that was taken over from another participant.
///
/// Written by the participant that took it. Proves where its text came from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TemplateRecord {
    /// The participant that offers it.
    pub peer: String,
    /// The name.
    pub name: String,
    /// The digest of its text.
    pub sha256: Digest,
}
